//! A change of keys, pass by pass, against an API server in memory.

use std::sync::Arc;

use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_api::{HostedCluster, HostedControlPlane, annotations, labels};
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::DeleteParams;

use super::*;
use crate::context::Context;
use crate::hosted_control_plane::tests::{condition, make_ready, pass_once, prepared};

const FIRST: [u8; 32] = [7; 32];
const SECOND: [u8; 32] = [8; 32];

/// A pod of kube-apiserver as its Deployment wants it now.
pub(in crate::hosted_control_plane) fn start_pod(fake: &FakeApi, name: &str) {
    let deployment: Deployment = fake.get("clusters-demo", "kube-apiserver");
    let template = deployment.spec.unwrap().template.metadata.unwrap();
    let mut pod = Pod { metadata: fixtures::metadata("clusters-demo", name), ..Pod::default() };
    pod.metadata.annotations = template.annotations;
    pod.metadata.labels = Some([(labels::CONTROL_PLANE_COMPONENT.to_owned(), "kube-apiserver".to_owned())].into());
    assert!(pod.metadata.annotations.as_ref().unwrap().contains_key(annotations::CONFIG_HASH));
    fake.put(&pod);
}

pub(in crate::hosted_control_plane) async fn end_pod(fake: &FakeApi, name: &str) {
    let pods: Api<Pod> = Api::namespaced(fake.client(), "clusters-demo");
    pods.delete(name, &DeleteParams::default()).await.unwrap();
}

fn keys(fake: &FakeApi) -> Vec<Key> {
    encryption::read(&fake.get("clusters-demo", encryption::SECRET)).unwrap().keys
}

fn state(control_plane: &HostedControlPlane) -> EncryptionMigrationState {
    let status = control_plane.status.clone().unwrap().secret_encryption.unwrap();
    status.history.unwrap()[0].state
}

async fn name_another_key(fake: &FakeApi, ctx: &Arc<Context>, secret: &str) {
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    let keys = cluster.spec.secret_encryption.as_mut().unwrap().aescbc.as_mut().unwrap();
    keys.active_key = LocalObjectReference::new(secret);
    fake.put(&cluster);
    look_at_cluster(fake, ctx).await;
}

async fn look_at_cluster(fake: &FakeApi, ctx: &Arc<Context>) -> HostedCluster {
    crate::hosted_cluster::reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(ctx)).await.unwrap();
    fake.get("clusters", "demo")
}

#[tokio::test]
async fn every_pod_reads_a_new_key_before_one_writes_with_it_and_the_former_is_kept() {
    let (fake, ctx) = prepared().await;
    let control_plane = pass_once(&fake, &ctx).await;
    assert_eq!(condition(&control_plane, Type::EtcdDataEncryptionUpToDate).0, "True");
    start_pod(&fake, "old");
    make_ready(&fake, "kube-apiserver");
    pass_once(&fake, &ctx).await;

    fake.put(&fixtures::secret("clusters", "new-key", &[("key", &SECOND)]));
    name_another_key(&fake, &ctx, "new-key").await;
    let control_plane = pass_once(&fake, &ctx).await;
    assert_eq!(keys(&fake), [Key::new(FIRST), Key::new(SECOND)]);
    assert_eq!(condition(&control_plane, Type::EtcdDataEncryptionUpToDate).1, "ReadOnlyDeploy");

    // Rolled out as its Deployment counts, but the old pod has not ended yet.
    start_pod(&fake, "new");
    make_ready(&fake, "kube-apiserver");
    assert_eq!(state(&pass_once(&fake, &ctx).await), EncryptionMigrationState::ReadOnlyDeploy);
    end_pod(&fake, "old").await;
    assert_eq!(state(&pass_once(&fake, &ctx).await), EncryptionMigrationState::WritePromote);
    assert_eq!(keys(&fake), [Key::new(FIRST), Key::new(SECOND)], "published before it is made");
    pass_once(&fake, &ctx).await;
    assert_eq!(keys(&fake), [Key::new(SECOND), Key::new(FIRST)]);

    // An operator that just started goes on where the other was killed.
    let ctx = crate::fixtures::context(&fake);
    start_pod(&fake, "newest");
    end_pod(&fake, "new").await;
    make_ready(&fake, "kube-apiserver");
    let control_plane = pass_once(&fake, &ctx).await;
    assert_eq!(state(&control_plane), EncryptionMigrationState::Migrating);
    let status = control_plane.status.unwrap().secret_encryption.unwrap();
    let named = |key: Option<SecretEncryptionKeyStatus>| key.unwrap().aescbc.unwrap().secret.name;
    assert_eq!(
        (named(status.active_key), named(status.target_key)),
        ("demo-etcd-encryption-key".to_owned(), "new-key".to_owned())
    );
    pass_once(&fake, &ctx).await;
    assert_eq!(keys(&fake), [Key::new(SECOND), Key::new(FIRST)], "the former key stays until all is stored again");

    let cluster = look_at_cluster(&fake, &ctx).await;
    let status = cluster.status.unwrap();
    assert_eq!(status.secret_encryption.unwrap().history.unwrap()[0].state, EncryptionMigrationState::Migrating);
    let told = status.conditions.into_iter().find(|condition| condition.type_ == "EtcdDataEncryptionUpToDate").unwrap();
    insta::assert_snapshot!(told.message, @"everything is stored again with the key in Secret new-key; the former key is kept until then");
}

#[tokio::test]
async fn a_key_that_is_nowhere_is_told_and_kube_apiserver_is_left_as_it_is() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    fake.put(&fixtures::secret("clusters", "new-key", &[("key", &SECOND)]));
    name_another_key(&fake, &ctx, "new-key").await;
    let secrets: Api<Secret> = Api::namespaced(fake.client(), "clusters-demo");
    secrets.delete(encryption::SECRET, &DeleteParams::default()).await.unwrap();
    fake.clear_writes();
    let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    let outcome = crate::hosted_control_plane::reconcile(Arc::new(control_plane), Arc::clone(&ctx)).await;
    assert!(outcome.is_err());
    assert!(fake.writes().iter().all(|line| !line.contains("deployments")), "{:?}", fake.writes());
    let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    assert_eq!(condition(&control_plane, Type::ReconciliationSucceeded).0, "False");
}
