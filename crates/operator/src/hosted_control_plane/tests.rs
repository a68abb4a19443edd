//! Whole passes over a HostedControlPlane, against an API server in memory.

use std::sync::Arc;

use hoist_api::conditions::ConditionType as Type;
use hoist_api::{ControlPlaneComponent, HostedControlPlane};
use hoist_controller::conditions::find;
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus, StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::{Secret, Service};
use kube::ResourceExt;

use super::*;
use crate::fixtures::{context, fake};

/// A HostedControlPlane as the HostedCluster's controller makes it.
pub(crate) async fn prepared() -> (FakeApi, Arc<Context>) {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    crate::hosted_cluster::reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(&ctx)).await.unwrap();
    fake.clear_writes();
    (fake, ctx)
}

pub(crate) async fn pass_once(fake: &FakeApi, ctx: &Arc<Context>) -> HostedControlPlane {
    reconcile(Arc::new(fake.get("clusters-demo", "demo")), Arc::clone(ctx)).await.unwrap();
    fake.get("clusters-demo", "demo")
}

/// What the management cluster's own controllers would do.
pub(crate) fn allocate_node_ports(fake: &FakeApi) {
    for (name, port) in [("kube-apiserver", 30_443), ("konnectivity-server", 30_091)] {
        let mut service: Service = fake.get("clusters-demo", name);
        service.spec.as_mut().unwrap().ports.as_mut().unwrap()[0].node_port = Some(port);
        fake.put(&service);
    }
}

pub(super) fn make_ready(fake: &FakeApi, deployment: &str) {
    let mut object: Deployment = fake.get("clusters-demo", deployment);
    object.status = Some(DeploymentStatus {
        observed_generation: object.metadata.generation,
        replicas: Some(1),
        updated_replicas: Some(1),
        available_replicas: Some(1),
        ..DeploymentStatus::default()
    });
    fake.put(&object);
}

pub(super) fn make_etcd_ready(fake: &FakeApi) {
    let mut object: StatefulSet = fake.get("clusters-demo", "etcd");
    object.status = Some(StatefulSetStatus {
        observed_generation: object.metadata.generation,
        replicas: 1,
        ready_replicas: Some(1),
        ..StatefulSetStatus::default()
    });
    fake.put(&object);
}

pub(super) fn condition(control_plane: &HostedControlPlane, type_: Type) -> (String, String) {
    let conditions = control_plane.status.clone().unwrap_or_default().conditions;
    let condition = find(&conditions, type_).unwrap_or_else(|| panic!("{type_} is missing"));
    (condition.status.clone(), condition.reason.clone())
}

fn rollout(fake: &FakeApi, component: &str) -> (String, String) {
    let component: ControlPlaneComponent = fake.get("clusters-demo", component);
    let conditions = component.status.unwrap().conditions;
    let condition = find(&conditions, "RolloutComplete").unwrap();
    (condition.reason.clone(), condition.message.clone())
}

#[tokio::test]
async fn etcd_and_the_api_server_start_at_once_and_the_others_wait_for_it() {
    let (fake, ctx) = prepared().await;
    let control_plane = pass_once(&fake, &ctx).await;
    assert!(fake.find::<StatefulSet>(Some("clusters-demo"), "etcd").is_some());
    assert!(fake.find::<Deployment>(Some("clusters-demo"), "kube-apiserver").is_some());
    assert!(fake.find::<Deployment>(Some("clusters-demo"), "kube-scheduler").is_none());
    let (reason, message) = rollout(&fake, "kube-scheduler");
    assert_eq!(reason, "WaitingForDependencies");
    assert!(message.ends_with("kube-apiserver"), "{message}");
    assert_eq!(condition(&control_plane, Type::EtcdAvailable).1, "EtcdWaitingForQuorum");
    assert_eq!(condition(&control_plane, Type::Available).0, "False");
}

#[tokio::test]
async fn services_come_first_and_workloads_last() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    let writes = fake.writes();
    let place =
        |needle: &str| writes.iter().position(|line| line.contains(needle)).unwrap_or_else(|| panic!("{needle}"));
    let last =
        |needle: &str| writes.iter().rposition(|line| line.contains(needle)).unwrap_or_else(|| panic!("{needle}"));
    assert!(last("APPLY services ") < place("APPLY secrets "));
    assert!(last("APPLY secrets ") < place("APPLY statefulsets "));
    assert!(last("APPLY configmaps ") < place("APPLY deployments "));
}

#[tokio::test]
async fn the_kubeconfig_has_the_published_address_before_the_api_server_is_up() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    assert!(fake.find::<Secret>(Some("clusters-demo"), "admin-kubeconfig").is_none());
    allocate_node_ports(&fake);
    let control_plane = pass_once(&fake, &ctx).await;
    let secret: Secret = fake.get("clusters-demo", "admin-kubeconfig");
    let text = String::from_utf8(secret.data.unwrap()["kubeconfig"].0.clone()).unwrap();
    assert!(text.contains("https://10.200.0.10:30443"), "{text}");
    let status = control_plane.status.unwrap();
    assert_eq!(status.kube_config.unwrap().name, "admin-kubeconfig");
    assert_eq!(
        (status.control_plane_endpoint.host.as_str(), status.control_plane_endpoint.port),
        ("10.200.0.10", 30_443)
    );
    crate::hosted_cluster::reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(&ctx)).await.unwrap();
    assert!(fake.find::<Secret>(Some("clusters"), "demo-admin-kubeconfig").is_some());
}

#[tokio::test]
async fn with_everything_ready_it_is_available_complete_and_idle_without_any_node() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    allocate_node_ports(&fake);
    make_etcd_ready(&fake);
    make_ready(&fake, "kube-apiserver");
    pass_once(&fake, &ctx).await;
    for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
        make_ready(&fake, name);
    }
    make_etcd_ready(&fake);
    let control_plane = pass_once(&fake, &ctx).await;
    assert_eq!(condition(&control_plane, Type::Available), ("True".to_owned(), "AsExpected".to_owned()));
    let status = control_plane.status.as_ref().unwrap();
    let of_control_plane = status.control_plane_version.clone().unwrap();
    assert_eq!((of_control_plane.history.len(), of_control_plane.history[0].version.as_str()), (1, "1.36.3"));
    assert!(of_control_plane.history[0].completion_time.is_some());
    // The whole cluster's version also needs what runs on nodes: HyperShift says so of a cluster without nodes.
    assert_eq!(status.version_status.clone().unwrap().history[0].completion_time, None);
    for (type_, expected) in [
        (Type::ClusterVersionAvailable, "False"),
        (Type::ClusterVersionSucceeding, "Unknown"),
        (Type::ClusterVersionProgressing, "True"),
    ] {
        assert_eq!(condition(&control_plane, type_).0, expected, "{type_}");
    }
    let component: ControlPlaneComponent = fake.get("clusters-demo", "etcd");
    assert_eq!(component.status.unwrap().version.unwrap(), "1.36.3");
    pass_once(&fake, &ctx).await;
    let service: Service = fake.get("clusters-demo", "kube-apiserver");
    assert_eq!(service.spec.unwrap().publish_not_ready_addresses, None, "somebody relies on it by now");
    allocate_node_ports(&fake);
    pass_once(&fake, &ctx).await;
    fake.clear_writes();
    pass_once(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
    // Nor does an operator that just started.
    pass_once(&fake, &context(&fake)).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_paused_control_plane_is_not_touched_and_looked_at_when_the_pause_ends() {
    let (fake, ctx) = prepared().await;
    let mut control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    let end = fixtures::now() + jiff::SignedDuration::from_secs(30);
    control_plane.spec.paused_until = Some(end.to_string());
    let action = reconcile(Arc::new(control_plane), Arc::clone(&ctx)).await.unwrap();
    assert_eq!(action, Action::requeue(Duration::from_millis(30_010)));
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn certificates_are_kept_from_one_pass_to_the_next() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    let before: Secret = fake.get("clusters-demo", "root-ca");
    pass_once(&fake, &ctx).await;
    let after: Secret = fake.get("clusters-demo", "root-ca");
    assert_eq!(before.data, after.data);
}

#[tokio::test]
async fn an_invalid_spec_changes_nothing_of_a_running_control_plane() {
    let (fake, ctx) = prepared().await;
    pass_once(&fake, &ctx).await;
    let mut control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    control_plane.spec.release_image = "registry.example.com/other:1".to_owned();
    fake.put(&control_plane);
    fake.clear_writes();
    let control_plane = pass_once(&fake, &ctx).await;
    assert_eq!(fake.writes(), ["APPLY hostedcontrolplanes/status clusters-demo/demo"]);
    assert_eq!(condition(&control_plane, Type::ValidHostedControlPlaneConfiguration).0, "False");
    assert!(fake.find::<StatefulSet>(Some("clusters-demo"), "etcd").is_some());
    assert_eq!(control_plane.name_any(), "demo");
}
