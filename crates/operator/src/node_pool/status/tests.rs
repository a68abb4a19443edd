//! What a NodePool says in each phase of its life.

use hoist_api::host::{HostStatus, HostUpdate, UpdatePhase};
use hoist_testkit::fixtures;

use super::*;

fn facts<'a>(cluster: &'a HostedCluster, release: &'a Release, hosts: &'a [Host], nodes: Vec<Node>) -> Facts<'a> {
    Facts {
        cluster: Some(cluster),
        release: Some(Ok(release)),
        target: None,
        hosts,
        nodes: Some(nodes.into_iter().map(Arc::new).collect()),
        refused: BTreeMap::new(),
        pause: Pause::No,
        configuration: None,
        outlook: None,
    }
}

fn of(status: &NodePoolStatus, type_: Type) -> (String, String, String) {
    let condition = status.conditions.iter().find(|condition| condition.type_ == type_.as_ref()).expect("a condition");
    (
        condition.status.clone(),
        condition.reason.clone().unwrap_or_default(),
        condition.message.clone().unwrap_or_default(),
    )
}

fn not_ready(name: &str) -> Node {
    let mut node = fixtures::node(name);
    let condition = &mut node.status.as_mut().unwrap().conditions.as_mut().unwrap()[0];
    condition.status = "False".to_owned();
    condition.message = Some("container runtime network not ready".to_owned());
    node
}

/// A Host with a Node of its own.
fn owner(name: &str) -> Host {
    let status = HostStatus { node: Some(name.to_owned()), ..HostStatus::default() };
    Host { status: Some(status), ..fixtures::host(name) }
}

#[test]
fn before_any_host_it_says_how_many_are_missing_and_what_to_run() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &[], Vec::new()), fixtures::now());
    let (value, reason, message) = of(&status, Type::AllMachinesReady);
    assert_eq!((value.as_str(), reason.as_str()), ("False", "NodesMissing"));
    assert!(message.contains("2 of 2") && message.contains("hcp create join-command"), "{message}");
    assert_eq!(of(&status, Type::Ready).0, "False");
    assert_eq!(status.replicas, None);
    assert_eq!(status.version.as_deref(), Some("1.36.3"));
}

#[test]
fn a_host_that_is_stuck_is_quoted() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let mut host = fixtures::host("worker-0");
    host.status = Some(HostStatus {
        stage: Some(Stage::Failed),
        message: Some("swap is on (next step: swapoff -a)".to_owned()),
        ..HostStatus::default()
    });
    let hosts = [host];
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &hosts, Vec::new()), fixtures::now());
    let (_, _, message) = of(&status, Type::AllMachinesReady);
    assert!(
        message.contains("worker-0") && message.contains("swapoff -a") && message.contains("1 more of 2"),
        "{message}"
    );
    assert!(of(&status, Type::Ready).2.contains("swapoff -a"));
}

#[test]
fn with_all_nodes_ready_everything_is_as_expected() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let hosts = [owner("worker-0"), owner("worker-1")];
    let nodes = vec![fixtures::node("worker-0"), fixtures::node("worker-1")];
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &hosts, nodes), fixtures::now());
    for type_ in [Type::Ready, Type::AllMachinesReady, Type::AllNodesHealthy, Type::ValidReleaseImage] {
        assert_eq!(of(&status, type_).0, "True", "{type_}");
    }
    assert_eq!(
        of(&status, Type::AllNodesHealthy),
        ("True".to_owned(), "AsExpected".to_owned(), ALL_IS_WELL.to_owned())
    );
    assert_eq!(status.replicas, Some(2));
}

#[test]
fn a_node_that_is_ill_makes_the_pool_unhealthy_in_hyper_shifts_words() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let hosts = [owner("worker-0"), owner("worker-1")];
    let nodes = vec![fixtures::node("worker-0"), not_ready("worker-1")];
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &hosts, nodes), fixtures::now());
    let (value, _, message) = of(&status, Type::AllNodesHealthy);
    assert_eq!(value, "False");
    assert!(message.contains("machines are not healthy") && message.contains("network not ready"), "{message}");
}

#[test]
fn more_hosts_than_expected_are_counted_and_nobody_is_sent_away() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let hosts: Vec<Host> = (0..3).map(|index| owner(&format!("worker-{index}"))).collect();
    let nodes = (0..3).map(|index| fixtures::node(&format!("worker-{index}"))).collect();
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &hosts, nodes), fixtures::now());
    assert_eq!((status.replicas, of(&status, Type::Ready).0.as_str()), (Some(3), "True"));
}

#[test]
fn a_pool_newer_than_its_control_plane_is_reported() {
    use hoist_api::hosted_cluster::status::HostedClusterStatus;
    use hoist_api::hosted_cluster::version::{ControlPlaneVersionStatus, DesiredRelease};
    let mut cluster = fixtures::hosted_cluster();
    let desired = DesiredRelease { version: "1.35.4".to_owned(), ..DesiredRelease::default() };
    cluster.status = Some(HostedClusterStatus {
        control_plane_version: Some(ControlPlaneVersionStatus { desired, ..ControlPlaneVersionStatus::default() }),
        ..HostedClusterStatus::default()
    });
    let release = fixtures::release("1.36.3");
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &[], Vec::new()), fixtures::now());
    assert_eq!(of(&status, Type::SupportedVersionSkew).0, "False");
}

#[test]
fn without_its_cluster_it_says_so() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let orphan = Facts { cluster: None, ..facts(&cluster, &release, &[], Vec::new()) };
    let (value, reason, message) = of(&compute(&fixtures::node_pool(), &orphan, fixtures::now()), Type::Ready);
    assert_eq!((value.as_str(), reason.as_str()), ("False", "NotFound"));
    assert!(message.contains("HostedCluster demo"), "{message}");
}

#[test]
fn a_release_that_cannot_be_read_is_reported_with_its_cause() {
    let cluster = fixtures::hosted_cluster();
    let failure = Failure {
        reason: "RegistryUnreachable".to_owned(),
        message: "registry is away".to_owned(),
        is_transient: true,
    };
    let facts = Facts {
        cluster: Some(&cluster),
        release: Some(Err(&failure)),
        target: None,
        hosts: &[],
        nodes: None,
        refused: BTreeMap::new(),
        pause: Pause::No,
        configuration: None,
        outlook: None,
    };
    let status = compute(&fixtures::node_pool(), &facts, fixtures::now());
    let expected = ("False".to_owned(), "RegistryUnreachable".to_owned(), "registry is away".to_owned());
    assert_eq!(of(&status, Type::ValidReleaseImage), expected);
}

#[test]
fn a_foreign_certificate_request_shows() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let refusal = Refusal { host: None, message: "user somebody is neither".to_owned() };
    let facts = Facts {
        refused: BTreeMap::from([("csr-1".to_owned(), refusal)]),
        ..facts(&cluster, &release, &[], Vec::new())
    };
    let status = compute(&fixtures::node_pool(), &facts, fixtures::now());
    let condition = status.conditions.iter().find(|condition| condition.type_ == "CertificateRequestsPending").unwrap();
    assert!(condition.message.as_deref().unwrap().contains("csr-1"));
}

#[test]
fn transition_times_move_only_with_the_status() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let mut pool = fixtures::node_pool();
    pool.status = Some(compute(&pool, &facts(&cluster, &release, &[], Vec::new()), fixtures::now()));
    let later = fixtures::now() + jiff::SignedDuration::from_secs(60);
    let again = compute(&pool, &facts(&cluster, &release, &[], Vec::new()), later);
    assert_eq!(Some(again), pool.status);
}

#[test]
fn a_node_of_somebody_else_is_not_counted_for_the_host_that_has_its_name() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let hosts = [fixtures::host("worker-0")];
    let facts = facts(&cluster, &release, &hosts, vec![fixtures::node("worker-0")]);
    assert_eq!(compute(&fixtures::node_pool(), &facts, fixtures::now()).replicas, None);
}

#[test]
fn nodes_that_were_there_are_not_forgotten_while_the_hosted_api_is_not_reached() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let hosts = [owner("worker-0"), owner("worker-1")];
    let nodes = vec![fixtures::node("worker-0"), fixtures::node("worker-1")];
    let mut pool = fixtures::node_pool();
    let known = compute(&pool, &facts(&cluster, &release, &hosts, nodes), fixtures::now());
    assert_eq!(of(&known, Type::Ready).0, "True");
    pool.status = Some(known.clone());
    let mut blind = facts(&cluster, &release, &hosts, Vec::new());
    blind.nodes = None;
    let later = fixtures::now() + jiff::SignedDuration::from_secs(60);
    assert_eq!(compute(&pool, &blind, later), known);
}

#[test]
fn what_is_wrong_with_config_maps_is_told_and_hosts_keep_what_they_have() {
    let (cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let mut known = facts(&cluster, &release, &[], Vec::new());
    let status = compute(&fixtures::node_pool(), &known, fixtures::now());
    assert_eq!(of(&status, Type::ValidMachineConfig).0, "Unknown");
    assert_eq!(of(&status, Type::UpdatingPlatformMachineTemplate).0, "False");
    let checked = Checked {
        machine: Err(vec!["ConfigMap \"own\" is wrong".to_owned()]),
        tuning: Ok(hoist_node_config::pool::Tuning { notes: vec!["but".to_owned()], ..Default::default() }),
    };
    known.configuration = Some(&checked);
    let status = compute(&fixtures::node_pool(), &known, fixtures::now());
    let (value, reason, message) = of(&status, Type::ValidMachineConfig);
    assert_eq!((value.as_str(), reason.as_str()), ("False", "InvalidConfiguration"));
    assert!(message.contains("keep their last configuration") && message.contains("\"own\""), "{message}");
    let (value, _, message) = of(&status, Type::ValidTuningConfig);
    assert_eq!((value.as_str(), message.as_str()), ("True", "All is well; but"));
}

/// A Node of a version.
fn of_version(name: &str, version: &str) -> Node {
    let mut node = fixtures::node(name);
    let info = k8s_openapi::api::core::v1::NodeSystemInfo {
        kubelet_version: format!("v{version}"),
        ..k8s_openapi::api::core::v1::NodeSystemInfo::default()
    };
    node.status.as_mut().unwrap().node_info = Some(info);
    node
}

/// A Host that has joined and runs a revision.
fn running(name: &str, revision: &str, update: Option<(UpdatePhase, &str)>) -> Host {
    let mut host = owner(name);
    let status = host.status.as_mut().unwrap();
    status.stage = Some(Stage::Joined);
    status.revision = Some(revision.to_owned());
    status.update = update.map(|(phase, message)| HostUpdate {
        revision: "b-new".to_owned(),
        version: "1.36.3".to_owned(),
        phase,
        replace: false,
        repair: None,
        was_cordoned: false,
        since: Time(fixtures::now()),
        message: Some(message.to_owned()),
    });
    host
}

fn target() -> Target {
    Target { revision: "b-new".to_owned(), version: "1.36.3".to_owned() }
}

#[test]
fn a_pool_is_of_the_new_version_when_its_last_node_is() {
    let (cluster, release, target) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"), target());
    let mut pool = fixtures::node_pool();
    pool.status = Some(NodePoolStatus { version: Some("1.35.4".to_owned()), ..NodePoolStatus::default() });
    let hosts = [
        running("worker-0", "a-old", Some((UpdatePhase::Draining, "waiting until pods move: default/web"))),
        running("worker-1", "a-old", None),
    ];
    let old = HOSTS.map(|name| of_version(name, "1.35.4")).to_vec();
    let halfway = Facts { target: Some(&target), ..facts(&cluster, &release, &hosts, old) };
    let status = compute(&pool, &halfway, fixtures::now());
    assert_eq!(status.version.as_deref(), Some("1.35.4"));
    let (value, reason, message) = of(&status, Type::UpdatingVersion);
    assert_eq!((value.as_str(), reason.as_str()), ("True", "Progressing"));
    insta::assert_snapshot!(message, @"Updating version in progress. Target version: 1.36.3; worker-0 runs 1.35.4 and is drained: waiting until pods move: default/web; worker-1 runs 1.35.4 and waits");
    insta::assert_snapshot!(of(&status, Type::UpdatingConfig).2, @"Updating config in progress. Target config: b; worker-0 has a and is drained: waiting until pods move: default/web; worker-1 has a and waits");

    let new = HOSTS.map(|name| of_version(name, "1.36.3")).to_vec();
    let cordoned = [running("worker-0", "b-new", None), running("worker-1", "b-new", Some((UpdatePhase::Ordered, "")))];
    let ending = Facts { target: Some(&target), ..facts(&cluster, &release, &cordoned, new.clone()) };
    let status_then = compute(&NodePool { status: Some(status), ..pool.clone() }, &ending, fixtures::now());
    assert_eq!(status_then.version.as_deref(), Some("1.35.4"));
    insta::assert_snapshot!(of(&status_then, Type::UpdatingVersion).2, @"worker-1 has changed and is about to take pods again");

    let hosts = HOSTS.map(|name| running(name, "b-new", None));
    let done = Facts { target: Some(&target), ..facts(&cluster, &release, &hosts, new) };
    let status = compute(&pool, &done, fixtures::now());
    assert_eq!(status.version.as_deref(), Some("1.36.3"));
    assert_eq!(
        (of(&status, Type::UpdatingVersion).0, of(&status, Type::UpdatingConfig).0),
        ("False".into(), "False".into())
    );
}

const HOSTS: [&str; 2] = ["worker-0", "worker-1"];

#[test]
fn a_host_that_could_not_be_updated_is_named_with_cause_and_next_step() {
    let (cluster, release, target) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"), target());
    let hosts = [
        running("worker-0", "a-old", Some((UpdatePhase::Failed, "registry away (next step: check the registry)"))),
        running("worker-1", "a-old", None),
    ];
    let old = HOSTS.map(|name| of_version(name, "1.35.4")).to_vec();
    let failed = Facts { target: Some(&target), ..facts(&cluster, &release, &hosts, old) };
    let status = compute(&fixtures::node_pool(), &failed, fixtures::now());
    for type_ in [Type::UpdatingVersion, Type::UpdatingConfig] {
        let (value, reason, message) = of(&status, type_);
        assert_eq!((value.as_str(), reason.as_str()), ("True", "ReplaceUpgradeFailed"));
        assert!(message.contains("worker-0") && message.contains("check the registry"), "{message}");
        assert!(message.contains("worker-1 runs 1.35.4 and waits") || type_ == Type::UpdatingConfig, "{message}");
    }
}

#[test]
fn a_version_that_the_control_plane_cannot_take_is_not_begun() {
    use hoist_api::hosted_cluster::status::HostedClusterStatus;
    use hoist_api::hosted_cluster::version::{ControlPlaneVersionStatus, DesiredRelease};
    let (mut cluster, release) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"));
    let desired = DesiredRelease { version: "1.35.4".to_owned(), ..DesiredRelease::default() };
    cluster.status = Some(HostedClusterStatus {
        control_plane_version: Some(ControlPlaneVersionStatus { desired, ..ControlPlaneVersionStatus::default() }),
        ..HostedClusterStatus::default()
    });
    let hosts = HOSTS.map(|name| running(name, "a-old", None));
    let old = HOSTS.map(|name| of_version(name, "1.35.4")).to_vec();
    let status = compute(&fixtures::node_pool(), &facts(&cluster, &release, &hosts, old), fixtures::now());
    let (value, reason, message) = of(&status, Type::UpdatingVersion);
    assert_eq!((value.as_str(), reason.as_str()), ("True", "UnsupportedSkew"));
    assert!(message.contains("upgrade the control plane first"), "{message}");
}

#[test]
fn a_rollout_is_not_over_while_the_node_of_a_replaced_host_is_away() {
    let (cluster, release, target) = (fixtures::hosted_cluster(), fixtures::release("1.36.3"), target());
    let mut pool = fixtures::node_pool();
    pool.status = Some(NodePoolStatus { version: Some("1.35.4".to_owned()), ..NodePoolStatus::default() });
    let mut host = running("worker-0", "b-old", Some((UpdatePhase::Ordered, "")));
    host.status.as_mut().unwrap().kubelet_version = Some("1.35.4".to_owned());
    let hosts = [host];
    let away = Facts { target: Some(&target), ..facts(&cluster, &release, &hosts, Vec::new()) };
    let status = compute(&pool, &away, fixtures::now());
    assert_eq!((status.version.as_deref(), of(&status, Type::UpdatingVersion).0.as_str()), (Some("1.35.4"), "True"));
}
