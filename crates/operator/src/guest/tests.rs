//! What the tasks of a connection write, against an API server in memory.

use std::collections::BTreeMap;

use hoist_guest::{Credentials, admission, cluster_config, node_bootstrap, objects, rights};
use hoist_testkit::FakeApi;

use super::*;
use crate::fixtures::context;
use crate::hosted_control_plane::cluster_operators::{self, Part};
use crate::hosted_control_plane::cluster_version;

/// The shared state of a connection to `fake`, as a process that just started has it.
pub(super) fn shared(fake: &FakeApi, nodes: &reflector::store::Writer<Node>) -> Shared {
    let connection = Connection {
        namespace: "clusters-demo".to_owned(),
        name: "demo".to_owned(),
        hosted_cluster_namespace: "clusters".to_owned(),
        operator_kubeconfig: String::new(),
        admin_kubeconfig: String::new(),
        route: Route { url: String::new(), server_name: String::new(), proxy: None },
    };
    Shared::new(connection, fake.client(), fake.client(), nodes)
}

fn fresh(fake: &FakeApi) -> Shared {
    shared(fake, &reflector::store::Writer::default())
}

fn content() -> Content {
    let credentials = Credentials {
        agent_certificate_pem: "certificate".to_owned(),
        agent_key_pem: "key".to_owned(),
        agent_authority_pem: "authority".to_owned(),
        agent_hash: "hash".to_owned(),
        docker_configuration: b"{}".to_vec(),
    };
    let mut wanted = objects(&hoist_plan::fixtures::plan(), &credentials);
    wanted.extend(node_bootstrap::node_pool("demo", "{}"));
    Content {
        access: rights::objects(),
        admission: admission::objects(&hoist_plan::fixtures::plan()),
        objects: wanted,
        kept: Vec::new(),
        targets: BTreeMap::new(),
    }
}

#[tokio::test]
async fn content_that_is_in_place_is_not_written_again_nor_after_a_restart() {
    let (guest, management) = (FakeApi::new(), FakeApi::new());
    let ctx = context(&management);
    let first = fresh(&guest);
    content::apply(&ctx, &first, &content()).await.unwrap();
    assert!(
        guest.writes().iter().any(|line| line == "APPLY daemonsets kube-system/kube-proxy"),
        "{:?}",
        guest.writes()
    );
    guest.clear_writes();
    content::apply(&ctx, &first, &content()).await.unwrap();
    content::apply(&ctx, &fresh(&guest), &content()).await.unwrap();
    assert_eq!(guest.writes(), Vec::<String>::new());
}

fn parts() -> Vec<Part> {
    cluster_operators::parts(&cluster_operators::Inputs {
        progress: &[],
        troubles: &[],
        guest: None,
        has_own_network: true,
        version: Some("1.36.3".to_owned()),
        was_complete: false,
    })
}

fn report(channel: Option<&str>) -> Report {
    let parts = parts();
    Report {
        settings: cluster_config::Settings {
            cluster_id: "6f8f3f3a-5b1e-4f0e-9a39-2f5f8c1f8d11".to_owned(),
            channel: channel.map(str::to_owned),
            upstream: None,
        },
        version: cluster_version::judge(&cluster_version::Inputs {
            versions: None,
            parts: &parts,
            release: Err("no release".to_owned()),
            not_upgradeable: None,
            updates: None,
        }),
        parts,
    }
}

#[tokio::test]
async fn a_report_is_written_once_with_its_definitions_and_again_only_when_it_changes() {
    let (guest, management) = (FakeApi::new(), FakeApi::new());
    let ctx = context(&management);
    let first = fresh(&guest);
    super::report::publish(&ctx, &first, &report(None), &mut false).await.unwrap();
    insta::assert_snapshot!(guest.writes().join("\n"));
    guest.clear_writes();
    super::report::publish(&ctx, &first, &report(None), &mut false).await.unwrap();
    super::report::publish(&ctx, &fresh(&guest), &report(None), &mut false).await.unwrap();
    assert_eq!(guest.writes(), Vec::<String>::new());
    super::report::publish(&ctx, &first, &report(Some("stable")), &mut true).await.unwrap();
    let written = guest.writes();
    assert!(written.iter().all(|line| line.contains("clusterversions")), "{written:?}");
}

#[tokio::test]
async fn everything_encrypted_is_stored_again_page_by_page_and_what_goes_meanwhile_is_no_failure() {
    let (guest, management) = (FakeApi::new(), FakeApi::new());
    for index in 0..450 {
        guest.put(&hoist_testkit::fixtures::secret("team", &format!("secret-{index}"), &[("key", b"value")]));
    }
    let metadata = hoist_testkit::fixtures::metadata("team", "map");
    guest.put(&k8s_openapi::api::core::v1::ConfigMap { metadata, ..Default::default() });
    let shared = Arc::new(shared(&guest, &reflector::store::Writer::default()));
    guest.refuse("MERGE secrets team/secret-7", 404);
    guest.refuse("MERGE secrets team/secret-8", 409);
    assert_eq!(rewriting::rewrite(&shared).await.unwrap(), 451);
    let writes = guest.writes();
    assert!(writes.contains(&"MERGE secrets team/secret-449".to_owned()));
    assert!(writes.contains(&"MERGE configmaps team/map".to_owned()));
    let stored: k8s_openapi::api::core::v1::Secret = guest.get("team", "secret-1");
    assert_eq!(stored.data.unwrap()["key"].0, b"value");

    guest.refuse("MERGE configmaps team/map", 500);
    let ctx = context(&management);
    shared.migration.send_replace(Some(Arc::new("one".to_owned())));
    let task = tokio::spawn(rewriting::keep(Arc::clone(&ctx), Arc::clone(&shared)));
    let learned = |wanted: bool| {
        let shared = Arc::clone(&shared);
        async move {
            loop {
                let last = shared.state().rewritten.clone();
                if let Some(last) = last.filter(|last| last.outcome.is_ok() == wanted) {
                    return last;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    };
    let cause = learned(false).await.outcome.unwrap_err();
    assert!(cause.contains("ConfigMap team/map"), "{cause}");
    guest.relent();
    assert_eq!(learned(true).await, Rewritten { migration: "one".to_owned(), outcome: Ok(451) });
    task.abort();
}
