//! Whole passes over a NodePool with ConfigMaps, against an API server in memory.

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::ConfigMap;

use super::*;
use crate::fixtures::{context, fake};

const VALID: &str = "
apiVersion: machineconfiguration.openshift.io/v1
kind: KubeletConfig
metadata: {name: pods}
spec: {kubeletConfig: {maxPods: 40}}
";

fn config_map(text: &str, version: &str) -> ConfigMap {
    let mut map = ConfigMap {
        metadata: fixtures::metadata("clusters", "own"),
        data: Some(BTreeMap::from([("config".to_owned(), text.to_owned())])),
        ..ConfigMap::default()
    };
    map.metadata.resource_version = Some(version.to_owned());
    map
}

fn prepared() -> (FakeApi, Arc<Context>) {
    let mut pool = fixtures::node_pool();
    pool.spec.config = Some(vec![LocalObjectReference::new("own")]);
    let fake = fake().with(&fixtures::hosted_cluster()).with(&pool);
    let ctx = context(&fake);
    (fake, ctx)
}

/// Status, reason and message of ValidMachineConfig after a pass.
async fn told(fake: &FakeApi, ctx: &Arc<Context>) -> (String, String, String) {
    let name = fixtures::node_pool().name_any();
    reconcile(Arc::new(fake.get("clusters", &name)), Arc::clone(ctx)).await.unwrap();
    let pool: NodePool = fake.get("clusters", &name);
    let conditions = pool.status.unwrap_or_default().conditions;
    let found = conditions.into_iter().find(|condition| condition.type_ == "ValidMachineConfig").unwrap();
    (found.status, found.reason.unwrap_or_default(), found.message.unwrap_or_default())
}

#[tokio::test]
async fn a_config_map_that_is_missing_or_wrong_is_named_and_one_that_is_right_is_taken() {
    let (fake, ctx) = prepared();
    let (status, reason, message) = told(&fake, &ctx).await;
    assert_eq!((status.as_str(), reason.as_str()), ("False", "InvalidConfiguration"));
    assert!(message.contains("ConfigMap \"own\" of spec.config does not exist: create it"), "{message}");

    fake.put(&config_map(&VALID.replace("maxPods", "maxPodz"), "100"));
    let (status, _, message) = told(&fake, &ctx).await;
    assert_eq!(status, "False");
    assert!(message.contains("KubeletConfig pods: spec.kubeletConfig.maxPodz is no field"), "{message}");

    fake.put(&config_map(VALID, "101"));
    let (status, reason, message) = told(&fake, &ctx).await;
    assert_eq!((status.as_str(), reason.as_str(), message.as_str()), ("True", "AsExpected", "All is well"));
    fake.clear_writes();
    told(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new(), "nothing changed, so nothing is written");
}

#[tokio::test(start_paused = true)]
async fn a_changed_config_map_brings_a_pass_over_the_pool_and_then_over_the_control_plane() {
    use futures::StreamExt as _;

    let (fake, ctx) = prepared();
    fake.put(&config_map(VALID, "100"));
    told(&fake, &ctx).await;
    let mut pools = Box::pin(references::changes_of_pools(Arc::clone(&ctx)));
    let mut control_planes = Box::pin(ctx.triggers.control_planes());
    let within = Duration::from_secs(15);
    assert!(tokio::time::timeout(within, pools.next()).await.is_err(), "nothing changed");
    fake.put(&config_map(&VALID.replace("40", "41"), "101"));
    let changed = tokio::time::timeout(within, pools.next()).await.unwrap().unwrap();
    assert_eq!(changed.name, fixtures::node_pool().name_any());
    assert!(tokio::time::timeout(within, control_planes.next()).await.is_err(), "not before the pool was looked at");
    told(&fake, &ctx).await;
    let told = tokio::time::timeout(within, control_planes.next()).await.unwrap().unwrap();
    assert_eq!((told.name.as_str(), told.namespace.as_deref()), ("demo", Some("clusters-demo")));
}
