//! Taking break-glass certificates back, pass by pass, against an API server in memory.

use std::sync::Arc;

use hoist_api::certificates::{CertificateRevocationRequestSpec, SignerClass};
use hoist_controller::conditions::find;
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::ResourceExt;

use super::*;
use crate::hosted_control_plane::encryption::tests::{end_pod, start_pod};
use crate::hosted_control_plane::tests::{make_ready, pass_once, prepared};

fn conditions(fake: &FakeApi) -> Vec<(String, String)> {
    let request: CertificateRevocationRequest = fake.get("clusters-demo", "compromised");
    let conditions = request.status.unwrap_or_default().conditions;
    let all = [
        Type::RootCertificatesRegenerated,
        Type::LeafCertificatesRegenerated,
        Type::NewCertificatesTrusted,
        Type::PreviousCertificatesRevoked,
    ];
    all.map(|type_| (type_.to_string(), find(&conditions, type_).map_or("", |found| &found.status).to_owned())).into()
}

fn done(fake: &FakeApi) -> usize {
    conditions(fake).iter().take_while(|(_, status)| status == "True").count()
}

fn bundle(fake: &FakeApi) -> String {
    let map: ConfigMap = fake.get("clusters-demo", names::TOTAL_CLIENT_CA_BUNDLE);
    map.data.unwrap()["ca.crt"].clone()
}

fn authority(fake: &FakeApi, secret: &str) -> String {
    let secret: Secret = fake.get("clusters-demo", secret);
    String::from_utf8(secret.data.unwrap()["ca.crt"].0.clone()).unwrap()
}

async fn roll_out(fake: &FakeApi, ctx: &Arc<Context>, from: &str, to: &str) {
    start_pod(fake, to);
    end_pod(fake, from).await;
    make_ready(fake, "kube-apiserver");
    pass_once(fake, ctx).await;
}

fn revoke(fake: &FakeApi) {
    let spec = CertificateRevocationRequestSpec { signer_class: SignerClass::CustomerBreakGlass };
    let mut request = CertificateRevocationRequest::new("compromised", spec);
    request.metadata = fixtures::metadata("clusters-demo", "compromised");
    fake.put(&request);
}

#[tokio::test]
async fn certificates_are_taken_back_in_steps_that_each_reach_every_pod() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    start_pod(&fake, "one");
    make_ready(&fake, "kube-apiserver");
    pass_once(&fake, &ctx).await;
    let former = authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER);
    assert!(bundle(&fake).contains(&former));

    revoke(&fake);
    pass_once(&fake, &ctx).await;
    let request: CertificateRevocationRequest = fake.get("clusters-demo", "compromised");
    let status = request.status.unwrap();
    assert_eq!(authority(&fake, &status.previous_signer.unwrap().name), former);
    assert_eq!((status.revocation_timestamp.is_some(), done(&fake)), (true, 0));
    assert_eq!(authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER), former, "published before it is made");

    pass_once(&fake, &ctx).await;
    let new = authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER);
    assert_ne!(new, former);
    assert_eq!(done(&fake), 2, "{:?}", conditions(&fake));
    assert!(bundle(&fake).contains(&former) && bundle(&fake).contains(&new));

    roll_out(&fake, &ctx, "one", "two").await;
    assert_eq!(done(&fake), 3, "{:?}", conditions(&fake));
    // An operator that just started goes on.
    let ctx = crate::fixtures::context(&fake);
    pass_once(&fake, &ctx).await;
    assert!(!bundle(&fake).contains(&former) && bundle(&fake).contains(&new));
    assert_eq!(done(&fake), 3, "no pod was started without the former authority yet");
    roll_out(&fake, &ctx, "two", "three").await;
    assert_eq!(done(&fake), 4, "{:?}", conditions(&fake));

    fake.clear_writes();
    pass_once(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
    assert_eq!(authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER), new);
}

#[tokio::test]
async fn frozen_certificates_are_not_taken_back_and_the_request_says_so() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    let former = authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER);
    let mut control_plane: hoist_api::HostedControlPlane = fake.get("clusters-demo", "demo");
    control_plane
        .annotations_mut()
        .insert(hoist_api::annotations::DISABLE_PKI_RECONCILIATION.to_owned(), "true".to_owned());
    fake.put(&control_plane);
    revoke(&fake);
    for _ in 0..3 {
        pass_once(&fake, &ctx).await;
    }
    assert_eq!((done(&fake), authority(&fake, names::CUSTOMER_BREAK_GLASS_SIGNER)), (0, former));
    let request: CertificateRevocationRequest = fake.get("clusters-demo", "compromised");
    let conditions = request.status.unwrap().conditions;
    assert_eq!(find(&conditions, Type::RootCertificatesRegenerated).unwrap().reason, FROZEN);
}
