//! Whole passes over a HostedCluster, against an API server in memory.

use std::sync::Arc;
use std::time::Duration;

use hoist_api::conditions::ConditionType as Type;
use hoist_api::hosted_cluster::networking::ServiceNetworkEntry;
use hoist_api::hosted_cluster::version::DesiredRelease;
use hoist_api::{Host, HostedCluster, HostedControlPlane, annotations};
use hoist_controller::conditions::{Verdict, find, merge};
use hoist_testkit::{FakeApi, fixtures};
use jiff::SignedDuration;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;
use rstest::rstest;

use super::*;
use crate::fixtures::{context, context_with, fake};

async fn reconciled(fake: &FakeApi, ctx: &Arc<Context>) -> HostedCluster {
    reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(ctx)).await.unwrap();
    fake.get("clusters", "demo")
}

fn condition(cluster: &HostedCluster, type_: Type) -> (String, String, String) {
    let conditions = cluster.status.clone().unwrap_or_default().conditions;
    let condition = find(&conditions, type_).unwrap_or_else(|| panic!("{type_} is missing"));
    (condition.status.clone(), condition.reason.clone(), condition.message.clone())
}

#[tokio::test]
async fn a_new_cluster_gets_its_namespace_copies_and_control_plane() {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    let cluster = reconciled(&fake, &ctx).await;
    insta::assert_snapshot!(fake.writes().join("\n"));
    let namespace: Namespace = fake.get("", "clusters-demo");
    assert_eq!(namespace.labels()["pod-security.kubernetes.io/enforce"], "restricted");
    assert_eq!(namespace.labels()["hypershift.openshift.io/hosted-control-plane"], "true");
    let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    assert_eq!(control_plane.spec.pull_secret.name, "pull-secret");
    assert_eq!(condition(&cluster, Type::Available).1, "WaitingForAvailable");
    assert_eq!(condition(&cluster, Type::ValidConfiguration).0, "True");
    assert_eq!(cluster.status.unwrap().ignition_endpoint.unwrap(), "10.200.0.10:30999");
}

#[tokio::test]
async fn a_second_pass_writes_nothing() {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    fake.clear_writes();
    reconciled(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_user_empties_is_emptied_in_the_control_plane() {
    use hoist_api::hosted_cluster::networking::ApiServerNetworking;
    let mut cluster = fixtures::hosted_cluster();
    let full = ApiServerNetworking { port: Some(7443), ..ApiServerNetworking::default() };
    cluster.spec.networking.api_server = Some(full);
    let fake = fake().with(&cluster);
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    for emptied in [Some(ApiServerNetworking::default()), None] {
        let mut cluster: HostedCluster = fake.get("clusters", "demo");
        cluster.spec.networking.api_server.clone_from(&emptied);
        fake.put(&cluster);
        let cluster = reconciled(&fake, &ctx).await;
        assert_eq!(condition(&cluster, Type::ReconciliationSucceeded).0, "True");
        let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
        assert_eq!(control_plane.spec.networking.api_server, emptied);
    }
}

#[tokio::test]
async fn ids_and_finalizer_come_before_anything_else() {
    let mut bare = fixtures::hosted_cluster();
    bare.metadata.finalizers = None;
    bare.spec.infra_id = None;
    bare.spec.cluster_id = None;
    let fake = fake().with(&bare);
    let cluster = reconciled(&fake, &context(&fake)).await;
    assert_eq!(fake.writes()[1], "MERGE hostedclusters clusters/demo");
    assert!(cluster.spec.infra_id.unwrap().starts_with("demo-"));
    assert!(!cluster.spec.cluster_id.unwrap().is_empty());
    assert_eq!(cluster.metadata.finalizers.unwrap(), [hoist_api::FINALIZER]);
}

/// Each way to be wrong: what is changed, the condition that says so, and a word of its message.
#[rstest]
#[case::no_pull_secret(|cluster: &mut HostedCluster| cluster.spec.pull_secret.name = "nobody".to_owned(), Type::ValidConfiguration, "nobody")]
#[case::networks_overlap(|cluster: &mut HostedCluster| cluster.spec.networking.service_network = vec![ServiceNetworkEntry { cidr: "10.132.0.0/16".to_owned() }], Type::ValidConfiguration, "10.132.0.0")]
#[case::unknown_image(|cluster: &mut HostedCluster| cluster.spec.release.image = "registry.example.com/other:1".to_owned(), Type::ValidReleaseImage, "registry.example.com/other:1")]
#[case::locked_registry(|cluster: &mut HostedCluster| cluster.spec.release.image = format!("{}:locked", fixtures::REPOSITORY), Type::ValidReleaseImage, "pull secret")]
#[case::other_platform(|cluster: &mut HostedCluster| cluster.spec.platform.type_ = hoist_api::hosted_cluster::platform::PlatformType::AWS, Type::SupportedHostedCluster, "AWS")]
#[tokio::test]
async fn a_wrong_spec_is_reported_and_nothing_is_applied(
    #[case] spoil: fn(&mut HostedCluster),
    #[case] type_: Type,
    #[case] word: &str,
) {
    let mut cluster = fixtures::hosted_cluster();
    spoil(&mut cluster);
    let fake = fake().with(&cluster);
    let cluster = reconciled(&fake, &context(&fake)).await;
    assert_eq!(
        fake.writes(),
        ["APPLY rolebindings clusters/hoist-operator", "APPLY hostedclusters/status clusters/demo"]
    );
    let (status, _, message) = condition(&cluster, type_);
    assert_eq!(status, "False");
    assert!(message.contains(word), "{message}");
    assert_eq!(condition(&cluster, Type::Available).0, "False");
    assert_eq!(condition(&cluster, Type::Progressing).1, "Blocked");
}

#[tokio::test]
async fn without_a_default_storage_class_the_condition_says_what_to_do() {
    let fake = fake().with(&fixtures::hosted_cluster());
    let cluster = reconciled(&fake, &context_with(&fake, Vec::new())).await;
    let (status, reason, message) = condition(&cluster, Type::ValidConfiguration);
    assert_eq!((status.as_str(), reason.as_str()), ("False", "StorageClassMissing"));
    assert!(message.contains("is-default-class"), "{message}");
}

#[tokio::test]
async fn a_version_that_the_installation_does_not_list_is_refused_unless_the_user_insists() {
    let supported = ConfigMap {
        metadata: fixtures::metadata("hypershift", "supported-versions"),
        data: Some([("supported-versions".to_owned(), r#"{"versions":["1.35"]}"#.to_owned())].into()),
        ..ConfigMap::default()
    };
    let fake = fake().with(&fixtures::hosted_cluster()).with(&supported);
    let ctx = context(&fake);
    let cluster = reconciled(&fake, &ctx).await;
    let (status, _, message) = condition(&cluster, Type::ValidReleaseImage);
    assert_eq!(status, "False");
    assert!(message.contains("1.36.3") && message.contains("supports 1.35"), "{message}");
    let mut insisting: HostedCluster = fake.get("clusters", "demo");
    insisting
        .annotations_mut()
        .insert(hoist_api::annotations::SKIP_RELEASE_IMAGE_VALIDATION.to_owned(), "true".to_owned());
    fake.put(&insisting);
    assert_eq!(condition(&reconciled(&fake, &ctx).await, Type::ValidReleaseImage).0, "True");
}

#[tokio::test]
async fn a_paused_cluster_is_judged_and_not_changed() {
    let mut cluster = fixtures::hosted_cluster();
    cluster.spec.paused_until = Some("true".to_owned());
    let fake = fake().with(&cluster);
    let cluster = reconciled(&fake, &context(&fake)).await;
    assert_eq!(condition(&cluster, Type::ReconciliationActive).1, "ReconciliationPaused");
    assert!(fake.find::<Namespace>(None, "clusters-demo").is_none());
}

/// Every write but that of its own status.
fn other_writes(fake: &FakeApi) -> Vec<String> {
    fake.writes().into_iter().filter(|line| !line.starts_with("APPLY hostedclusters/status")).collect()
}

#[tokio::test]
async fn a_pause_reaches_the_control_plane_and_nothing_else_changes_until_it_ends() {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    let before: HostedControlPlane = fake.get("clusters-demo", "demo");
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    let end = fixtures::now() + SignedDuration::from_secs(90);
    cluster.spec.paused_until = Some(end.to_string());
    cluster.spec.labels = Some([("team".to_owned(), "a".to_owned())].into());
    fake.put(&cluster);
    fake.clear_writes();
    let action = reconcile(Arc::new(cluster), Arc::clone(&ctx)).await.unwrap();
    assert_eq!(action, Action::requeue(Duration::from_millis(90_010)));
    assert_eq!(other_writes(&fake), ["APPLY hostedcontrolplanes clusters-demo/demo"]);
    let paused: HostedControlPlane = fake.get("clusters-demo", "demo");
    assert_eq!(paused.spec.paused_until, Some(end.to_string()));
    assert_eq!(paused.spec.labels, before.spec.labels);
    fake.clear_writes();
    let mut cluster = reconciled(&fake, &ctx).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
    let (status, reason, message) = condition(&cluster, Type::ReconciliationActive);
    assert_eq!((status.as_str(), reason.as_str()), ("False", "ReconciliationPaused"));
    assert!(message.contains(&end.to_string()), "{message}");
    cluster.spec.paused_until = None;
    fake.put(&cluster);
    reconciled(&fake, &ctx).await;
    let resumed: HostedControlPlane = fake.get("clusters-demo", "demo");
    assert_eq!(resumed.spec.labels, cluster.spec.labels);
}

#[tokio::test]
async fn nothing_is_written_after_a_restart_of_the_operator() {
    let fake = fake().with(&fixtures::hosted_cluster());
    reconciled(&fake, &context(&fake)).await;
    reconciled(&fake, &context(&fake)).await;
    fake.clear_writes();
    reconciled(&fake, &context(&fake)).await;
    assert_eq!(fake.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_namespace_of_somebody_else_is_not_taken_over() {
    let foreign = Namespace { metadata: fixtures::metadata("", "clusters-demo"), ..Namespace::default() };
    let fake = fake().with(&fixtures::hosted_cluster()).with(&foreign);
    let ctx = context(&fake);
    let error = reconcile(Arc::new(fake.get("clusters", "demo")), ctx).await.unwrap_err();
    assert!(matches!(error, Error::ForeignNamespace { .. }), "{error}");
    let cluster: HostedCluster = fake.get("clusters", "demo");
    let (status, _, message) = condition(&cluster, Type::ReconciliationSucceeded);
    assert!(status == "False" && message.contains("clusters-demo"), "{message}");
}

#[tokio::test]
async fn an_api_error_is_published_and_tried_again() {
    let fake = fake().with(&fixtures::hosted_cluster());
    fake.refuse("APPLY namespaces", 500);
    let error = reconcile(Arc::new(fake.get("clusters", "demo")), context(&fake)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3)));
    let cluster: HostedCluster = fake.get("clusters", "demo");
    assert_eq!(condition(&cluster, Type::ReconciliationSucceeded).1, "ReconciliationError");
}

/// A cluster on its way out, `ago` seconds after the order, with one host that has not left.
async fn dying(ago: i64) -> (FakeApi, Arc<Context>) {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    let mut host = fixtures::host("worker-0");
    host.metadata.finalizers = Some(vec![hoist_api::FINALIZER.to_owned()]);
    fake.put(&host);
    let mut pool = fixtures::node_pool();
    pool.metadata.finalizers = Some(vec![hoist_api::FINALIZER.to_owned()]);
    fake.put(&pool);
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    cluster.metadata.deletion_timestamp = Some(Time(fixtures::now() - SignedDuration::from_secs(ago)));
    fake.put(&cluster);
    fake.clear_writes();
    (fake, ctx)
}

async fn pass_once(fake: &FakeApi, ctx: &Arc<Context>) {
    reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(ctx)).await.unwrap();
}

#[tokio::test]
async fn on_deletion_hosts_are_told_and_waited_for_while_everything_else_goes() {
    let (fake, ctx) = dying(1).await;
    pass_once(&fake, &ctx).await;
    let cluster: HostedCluster = fake.get("clusters", "demo");
    let (_, reason, message) = condition(&cluster, Type::HostedClusterDestroyed);
    assert_eq!(reason, "WaitingForGracefulDestroy");
    assert!(message.contains("worker-0"), "{message}");
    let host: Host = fake.get("clusters-demo", "worker-0");
    assert!(host.metadata.deletion_timestamp.is_some());
    assert!(fake.find::<HostedControlPlane>(Some("clusters-demo"), "demo").is_none());
    insta::assert_snapshot!(fake.writes().join("\n"));
}

#[tokio::test]
async fn after_ten_seconds_silent_hosts_are_listed_and_let_go_and_the_rest_follows() {
    let (fake, ctx) = dying(11).await;
    pass_once(&fake, &ctx).await;
    let cluster: HostedCluster = fake.get("clusters", "demo");
    let (_, reason, message) = condition(&cluster, Type::HostedClusterDestroyed);
    assert_eq!(reason, "HostsSilent");
    assert!(message.contains("worker-0"), "{message}");
    assert!(fake.find::<Host>(Some("clusters-demo"), "worker-0").is_none());
    assert!(fake.find::<Namespace>(None, "clusters-demo").is_none());
    pass_once(&fake, &ctx).await;
    assert!(fake.find::<HostedCluster>(Some("clusters"), "demo").is_none());
    assert!(fake.find::<hoist_api::NodePool>(Some("clusters"), "demo").is_none());
    // What the user made stays.
    assert!(fake.find::<Secret>(Some("clusters"), "demo-pull-secret").is_some());
}

fn annotated(mut cluster: HostedCluster, key: &str, value: &str) -> HostedCluster {
    cluster.annotations_mut().insert(key.to_owned(), value.to_owned());
    cluster
}

#[tokio::test]
async fn annotations_reach_the_control_plane_and_those_without_effect_are_named() {
    let cluster = annotated(fixtures::hosted_cluster(), annotations::RESTART_DATE, "2026-11-21T00:00:00Z");
    let cluster = annotated(cluster, "hypershift.openshift.io/capi-manager-image", "r.example.com/capi:1");
    let cluster = annotated(cluster, annotations::POD_SECURITY_LEVEL, "baseline");
    let cluster = annotated(cluster, "example.com/mine", "1");
    let fake = fake().with(&cluster);
    let cluster = reconciled(&fake, &context(&fake)).await;
    let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    assert_eq!(control_plane.annotations()[annotations::RESTART_DATE], "2026-11-21T00:00:00Z");
    assert!(!control_plane.annotations().contains_key("example.com/mine"));
    let namespace: Namespace = fake.get("", "clusters-demo");
    assert_eq!(namespace.labels()["pod-security.kubernetes.io/enforce"], "baseline");
    let (status, _, message) = condition(&cluster, Type::AnnotationsHonoured);
    assert_eq!(status, "False");
    assert!(message.contains("capi-manager-image") && !message.contains("restart-date"), "{message}");
}

/// A cluster that runs 1.35.4, says that it is not upgradeable, and shall run 1.36.3.
async fn upgrading(key: &str, value: &str) -> HostedCluster {
    let mut cluster = annotated(fixtures::hosted_cluster(), key, value);
    cluster.spec.release.image = format!("{}:1.35.4", fixtures::REPOSITORY);
    let fake = fake().with(&cluster);
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    let desired = DesiredRelease {
        image: cluster.spec.release.image.clone(),
        version: "1.35.4".to_owned(),
        ..DesiredRelease::default()
    };
    let done = crate::hosted_control_plane::versions::advance(None, desired, true, 1, &Time(fixtures::now()));
    let mut control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    let mut status = control_plane.status.take().unwrap_or_default();
    status.version_status = Some(done.clone());
    status.control_plane_version = Some(done.into());
    let verdict = Verdict::new(Type::ClusterVersionUpgradeable, false, "FromClusterVersion", "NodePool a is too old");
    status.conditions = merge(&[], &[verdict], Some(1), fixtures::now());
    control_plane.status = Some(status);
    fake.put(&control_plane);
    let mut cluster = reconciled(&fake, &ctx).await;
    cluster.spec.release.image = format!("{}:1.36.3", fixtures::REPOSITORY);
    fake.put(&cluster);
    let cluster = reconciled(&fake, &ctx).await;
    let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
    let is_applied = control_plane.spec.release_image == cluster.spec.release.image;
    assert_eq!(is_applied, condition(&cluster, Type::Progressing).1 != "Blocked");
    cluster
}

#[tokio::test]
async fn an_upgrade_that_the_cluster_is_not_ready_for_is_blocked_unless_somebody_insists() {
    let blocked = upgrading("example.com/mine", "").await;
    let (_, reason, message) = condition(&blocked, Type::Progressing);
    assert_eq!(reason, "Blocked");
    assert!(message.contains("NodePool a is too old") && message.contains("force-upgrade-to"), "{message}");
    let image = format!("{}:1.36.3", fixtures::REPOSITORY);
    let forced = upgrading(annotations::FORCE_UPGRADE_TO, &image).await;
    assert_eq!(condition(&forced, Type::Progressing).1, "Progressing");
    let other = upgrading(annotations::FORCE_UPGRADE_TO, "r.example.com/other:1").await;
    assert_eq!(condition(&other, Type::Progressing).1, "Blocked");
}

/// A cluster on its way out whose hosts have left.
async fn leaving(key: &str, value: &str) -> (FakeApi, Arc<Context>) {
    let fake = fake().with(&annotated(fixtures::hosted_cluster(), key, value));
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    cluster.metadata.deletion_timestamp = Some(Time(fixtures::now()));
    fake.put(&cluster);
    (fake, ctx)
}

#[tokio::test]
async fn a_grace_period_keeps_the_cluster_readable_after_all_else_is_gone() {
    let (fake, ctx) = leaving(annotations::DESTROY_GRACE_PERIOD, "600s").await;
    let mut action = Action::await_change();
    for _ in 0..3 {
        action = reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(&ctx)).await.unwrap();
    }
    assert!(fake.find::<Namespace>(None, "clusters-demo").is_none());
    assert_eq!(action, Action::requeue(Duration::from_secs(600)));
    let mut cluster: HostedCluster = fake.get("clusters", "demo");
    let (status, _, message) = condition(&cluster, Type::HostedClusterDestroyed);
    assert_eq!((status.as_str(), message.as_str()), ("True", "Grace period set: 600s"));
    for said in &mut cluster.status.as_mut().unwrap().conditions {
        said.last_transition_time = Time(fixtures::now() - SignedDuration::from_secs(600));
    }
    fake.put(&cluster);
    pass_once(&fake, &ctx).await;
    assert!(fake.find::<HostedCluster>(Some("clusters"), "demo").is_none());
}

#[tokio::test]
async fn a_namespace_that_shall_stay_is_emptied_of_what_is_ours() {
    let (fake, ctx) = leaving(annotations::SKIP_DELETE_NAMESPACE, "true").await;
    fake.put(&fixtures::secret("clusters-demo", "mine", &[("key", b"value")]));
    for _ in 0..4 {
        if fake.find::<HostedCluster>(Some("clusters"), "demo").is_some() {
            pass_once(&fake, &ctx).await;
        }
    }
    assert!(fake.find::<HostedCluster>(Some("clusters"), "demo").is_none());
    assert!(fake.find::<Namespace>(None, "clusters-demo").is_some());
    assert!(fake.find::<Secret>(Some("clusters-demo"), "mine").is_some());
    assert!(fake.find::<Secret>(Some("clusters-demo"), "pull-secret").is_none());
}

fn generation_of(cluster: &HostedCluster, type_: Type) -> Option<i64> {
    find(&cluster.status.as_ref().unwrap().conditions, type_).unwrap().observed_generation
}

#[tokio::test]
async fn a_condition_names_the_generation_that_it_really_speaks_of() {
    let fake = fake().with(&fixtures::hosted_cluster());
    let ctx = context(&fake);
    reconciled(&fake, &ctx).await;
    let below = async || {
        crate::hosted_control_plane::reconcile(Arc::new(fake.get("clusters-demo", "demo")), Arc::clone(&ctx))
            .await
            .unwrap();
    };
    below().await;
    let mut cluster = reconciled(&fake, &ctx).await;
    assert_eq!(generation_of(&cluster, Type::EtcdAvailable), Some(1));
    cluster.spec.labels = Some([("team".to_owned(), "a".to_owned())].into());
    cluster.metadata.generation = Some(2);
    fake.put(&cluster);
    let cluster = reconciled(&fake, &ctx).await;
    assert_eq!(generation_of(&cluster, Type::ValidConfiguration), Some(2));
    assert_eq!(generation_of(&cluster, Type::EtcdAvailable), Some(1));
    below().await;
    let cluster = reconciled(&fake, &ctx).await;
    assert_eq!(generation_of(&cluster, Type::EtcdAvailable), Some(2));
}
