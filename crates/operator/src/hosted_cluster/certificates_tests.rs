//! A certificate of the user's own, from the HostedCluster to kube-apiserver and to the kubeconfig, and back.

use std::sync::Arc;

use hoist_api::HostedCluster;
use hoist_api::hosted_cluster::configuration::ClusterConfiguration;
use hoist_pki::{AlternativeName, Authority, Leaf, Subject, SystemKeys, Usage, lifetime};
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use serde_json::json;

use super::*;
use crate::hosted_control_plane::tests::{allocate_node_ports, pass_once, prepared};

const NAME: &str = "api.demo.example.com";

async fn change(fake: &FakeApi, ctx: &Arc<Context>, change: impl FnOnce(&mut HostedCluster)) {
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    change(&mut cluster);
    fake.put(&cluster);
    // The kubeconfig is copied when the control plane reports it.
    for _ in 0..2 {
        reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(ctx)).await.unwrap();
        pass_once(fake, ctx).await;
    }
    reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(ctx)).await.unwrap();
}

fn arguments(fake: &FakeApi) -> Vec<String> {
    let deployment: Deployment = fake.get("clusters-demo", "kube-apiserver");
    deployment.spec.unwrap().template.spec.unwrap().containers[0].args.clone().unwrap()
}

#[tokio::test]
async fn a_named_certificate_and_client_authorities_reach_kube_apiserver_and_the_kubeconfig_and_go_again() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    allocate_node_ports(&fake);
    let authority = Authority::generate("theirs", fixtures::now(), &SystemKeys).unwrap();
    let leaf = Leaf {
        subject: Subject::user("api"),
        names: AlternativeName::all([NAME]),
        usage: Usage::Server,
        lifetime: lifetime::LEAF,
    };
    let issued = authority.issue(&leaf, fixtures::now(), &SystemKeys).unwrap();
    let chain = format!("{}{}", issued.certificate_pem, authority.certificate_pem());
    fake.put(&fixtures::secret(
        "clusters",
        "mine",
        &[("tls.crt", chain.as_bytes()), ("tls.key", issued.key_pem.as_bytes())],
    ));
    let clients = Authority::generate("clients", fixtures::now(), &SystemKeys).unwrap();
    let mut map = ConfigMap { metadata: fixtures::metadata("clusters", "clients"), ..ConfigMap::default() };
    map.data = Some([("ca-bundle.crt".to_owned(), clients.certificate_pem().to_owned())].into());
    fake.put(&map);

    let configuration: ClusterConfiguration = serde_json::from_value(json!({"apiServer": {
        "servingCerts": {"namedCertificates": [{"names": [NAME], "servingCertificate": {"name": "mine"}}]},
        "clientCA": {"name": "clients"}
    }}))
    .unwrap();
    change(&fake, &ctx, |cluster| {
        cluster.spec.kube_api_server_dns_name = Some(NAME.to_owned());
        cluster.spec.configuration = Some(configuration);
    })
    .await;
    let flag = arguments(&fake).into_iter().find(|argument| argument.starts_with("--tls-sni-cert-key=")).unwrap();
    assert_eq!(
        flag,
        "--tls-sni-cert-key=/etc/kubernetes/files/secrets/named-certificate-mine/tls.crt,/etc/kubernetes/files/secrets/named-certificate-mine/tls.key:api.demo.example.com"
    );
    let bundle: ConfigMap = fake.get("clusters-demo", "total-client-ca");
    assert!(bundle.data.unwrap()["ca.crt"].contains(clients.certificate_pem()));
    let kubeconfig: Secret = fake.get("clusters", "demo-custom-admin-kubeconfig");
    let text = String::from_utf8(kubeconfig.data.unwrap()["kubeconfig"].0.clone()).unwrap();
    let parsed = kube::config::Kubeconfig::from_yaml(&text).unwrap();
    let cluster = parsed.clusters[0].cluster.clone().unwrap();
    assert_eq!(cluster.server.as_deref(), Some("https://api.demo.example.com:30443"));
    let expected =
        serde_json::to_value(k8s_openapi::ByteString([authority_of(&fake), chain.clone()].concat().into_bytes()));
    assert_eq!(json!(cluster.certificate_authority_data), expected.unwrap());

    change(&fake, &ctx, |cluster| {
        cluster.spec.kube_api_server_dns_name = None;
        cluster.spec.configuration = None;
    })
    .await;
    assert!(fake.find::<Secret>(Some("clusters"), "demo-custom-admin-kubeconfig").is_none());
    assert!(fake.find::<Secret>(Some("clusters-demo"), "named-certificate-mine").is_none(), "the copy is swept");
    assert!(arguments(&fake).iter().all(|argument| !argument.contains("sni")));
    let admin: Secret = fake.get("clusters", "demo-admin-kubeconfig");
    assert!(admin.data.unwrap().contains_key("kubeconfig"));
}

fn authority_of(fake: &FakeApi) -> String {
    let root: ConfigMap = fake.get("clusters-demo", "root-ca");
    root.data.unwrap()["ca.crt"].clone()
}

#[tokio::test]
async fn a_kubeconfig_of_that_name_that_is_somebody_elses_stays() {
    let (fake, ctx) = prepared().await;
    fake.put(&fixtures::secret("clusters", "demo-custom-admin-kubeconfig", &[("kubeconfig", b"theirs")]));
    change(&fake, &ctx, |cluster| {
        let reference =
            hoist_api::hosted_cluster::references::LocalObjectReference::new("demo-custom-admin-kubeconfig");
        cluster.status.as_mut().unwrap().custom_kubeconfig = Some(reference);
    })
    .await;
    let kept: Secret = fake.get("clusters", "demo-custom-admin-kubeconfig");
    assert_eq!(kept.data.unwrap()["kubeconfig"].0, b"theirs");
}
