use hoist_api::host::Stage;
use serde_json::{Value, json};

use super::*;

fn condition(type_: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({"type": type_, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

fn cluster(conditions: &[Value]) -> HostedCluster {
    let mut cluster = HostedCluster::new("demo", hoist_api::hosted_cluster::HostedClusterSpec::default());
    cluster.metadata.namespace = Some("clusters".to_owned());
    cluster.spec.release.image = "192.0.2.1:5000/hoist/release:1.36.3".to_owned();
    let version = json!({"desired": {"image": "r", "version": "1.36.3"}, "history": [
        {"state": "Completed", "startedTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z", "version": "1.36.3", "image": "r"}
    ]});
    cluster.status = serde_json::from_value(json!({
        "conditions": conditions,
        "controlPlaneEndpoint": {"host": "192.0.2.10", "port": 30443},
        "ignitionEndpoint": "192.0.2.10:30001",
        "version": version,
        "controlPlaneVersion": version,
    }))
    .unwrap();
    cluster
}

fn component(name: &str, available: &str) -> ControlPlaneComponent {
    serde_json::from_value(json!({
        "metadata": {"name": name}, "spec": {},
        "status": {"version": "1.36.3", "conditions": [
            condition("Available", available, "R", "0 of 1 pods are ready"), condition("RolloutComplete", "True", "R", ""),
        ]},
    }))
    .unwrap()
}

fn pool(current: i32) -> NodePool {
    let mut pool =
        NodePool::new("demo", hoist_api::node_pool::NodePoolSpec { replicas: Some(2), ..Default::default() });
    pool.status = Some(hoist_api::node_pool::NodePoolStatus { replicas: Some(current), ..Default::default() });
    pool
}

fn host(name: &str, stage: Stage, message: &str) -> Host {
    let mut host = Host::new(
        name,
        hoist_api::host::HostSpec {
            node_pool: "demo".to_owned(),
            addresses: vec!["192.0.2.100".to_owned()],
            ..Default::default()
        },
    );
    host.status = Some(hoist_api::host::HostStatus {
        stage: Some(stage),
        message: Some(message.to_owned()),
        ..Default::default()
    });
    host
}

#[test]
fn a_healthy_cluster_with_hosts_leads_to_its_kubeconfig() {
    let cluster = cluster(&[
        condition("Available", "True", "AsExpected", ""),
        condition("Degraded", "False", "AsExpected", ""),
        condition("NetworkProvider", "True", "HoistNetwork", "flannel vxlan"),
        condition("ServicesServed", "False", "NotServed", "OAuthServer and OIDC are accepted and not served"),
    ]);
    let hosts = [host("w1", Stage::Joined, ""), host("w2", Stage::Joined, "")];
    let report = Report::new(&cluster, &[component("etcd", "True")], &[pool(2)], &hosts, "hcp");
    insta::assert_snapshot!(report.text(&Printer::new()));
    insta::assert_json_snapshot!(report);
}

#[test]
fn what_is_wrong_is_said_with_reason_and_cause() {
    let cluster = cluster(&[
        condition("Available", "False", "ComponentsUnavailable", "etcd is not available"),
        condition("DataPlaneConnectionAvailable", "Unknown", "NoWorkerNodesAvailable", "no nodes"),
        condition("ExternalDNSReachable", "Unknown", "StatusUnknown", ""),
    ]);
    let hosts = [host("w1", Stage::Failed, "swap is on; run `swapoff -a`")];
    let report = Report::new(&cluster, &[component("etcd", "False")], &[pool(0)], &hosts, "hcp");
    insta::assert_snapshot!(report.text(&Printer::new()));
}

#[test]
fn an_invalid_spec_is_refused_and_to_be_edited() {
    let cluster = cluster(&[condition("ValidConfiguration", "False", "InvalidConfiguration", "networks overlap")]);
    let report = Report::new(&cluster, &[], &[], &[], "hcp");
    assert_eq!(report.state, "Refused");
    assert!(report.next.contains("kubectl edit hostedcluster demo -n clusters"), "{}", report.next);
}

#[test]
fn without_hosts_the_join_command_is_next() {
    let report =
        Report::new(&cluster(&[condition("Available", "True", "AsExpected", "")]), &[], &[pool(0)], &[], "hypershift");
    assert!(report.next.contains("hypershift create join-command --name demo"), "{}", report.next);
}

#[test]
fn a_rollout_that_is_stuck_names_the_host_and_what_others_wait_for() {
    use hoist_api::host::{HostUpdate, UpdatePhase};
    let message = "Updating version in progress. Target version: 1.36.3; w1 runs 1.35.4 and could not change: registry away \
                   (next step: check the registry); w2 runs 1.35.4 and waits";
    let mut pool = pool(2);
    pool.status.as_mut().unwrap().conditions =
        serde_json::from_value(json!([condition("UpdatingVersion", "True", "InplaceUpgradeFailed", message)])).unwrap();
    let mut failed = host("w1", Stage::Joined, "");
    failed.status.as_mut().unwrap().update = Some(HostUpdate {
        revision: "a-b".to_owned(),
        version: "1.36.3".to_owned(),
        phase: UpdatePhase::Failed,
        replace: false,
        repair: None,
        was_cordoned: false,
        since: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH),
        message: Some("registry away (next step: check the registry)".to_owned()),
    });
    let cluster = cluster(&[condition("Available", "True", "AsExpected", "")]);
    let report = Report::new(&cluster, &[], &[pool], &[failed, host("w2", Stage::Joined, "")], "hcp");
    let text = report.text(&Printer::new());
    for expected in [
        "NodePool demo UpdatingVersion=True (InplaceUpgradeFailed): ",
        "w2 runs 1.35.4 and waits",
        "could not change to 1.36.3: registry away (next step: check the registry)",
        "tried again every five minutes",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
