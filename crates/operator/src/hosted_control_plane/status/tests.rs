//! What a HostedControlPlane says in each phase of its life.

use hoist_control_plane::ComponentName;
use hoist_testkit::fixtures;
use strum::IntoEnumIterator;

use super::*;
use crate::guest::{Workload, Workloads};

fn progress(ready: i32) -> Vec<Progress> {
    ComponentName::iter()
        .map(|name| Progress {
            name,
            exists: true,
            withheld: Vec::new(),
            wanted: 1,
            ready,
            is_rolled_out: ready == 1,
            generation: Some(1),
        })
        .collect()
}

fn workloads(nodes: i32) -> Workloads {
    let daemon = Workload { kind: "DaemonSet", is_seen: true, desired: nodes, updated: nodes, available: nodes };
    let dns = Workload { kind: "Deployment", is_seen: true, desired: 1, updated: 1, available: nodes.min(1) };
    let mut all: Workloads =
        ["flannel", "kube-proxy", "konnectivity-agent"].map(|name| (name.to_owned(), daemon.clone())).into();
    all.insert("coredns".to_owned(), dns);
    all
}

fn reached(nodes: i32) -> (State, Vec<Arc<Node>>) {
    let state = State {
        content: Some(Ok(())),
        data_plane: (nodes > 0).then_some(Ok(())),
        knows_nodes: true,
        workloads: Some(workloads(nodes)),
        ..State::default()
    };
    (state, (0..nodes).map(|index| Arc::new(fixtures::node(&format!("worker-{index}")))).collect())
}

/// A pass over a control plane with what was said before.
fn pass(
    before: Option<HostedControlPlaneStatus>,
    progress: &[Progress],
    guest: Option<&(State, Vec<Arc<Node>>)>,
) -> HostedControlPlaneStatus {
    let plan = hoist_plan::fixtures::plan();
    let control_plane = HostedControlPlane {
        metadata: fixtures::metadata("clusters-demo", "demo"),
        spec: hoist_plan::fixtures::spec(),
        status: before,
    };
    let applied = Applied {
        endpoints: Ok(hoist_plan::fixtures::endpoints()),
        api_server_ip: None,
        pki: hoist_control_plane::Pki {
            secrets: Vec::new(),
            config_maps: Vec::new(),
            changes: Vec::new(),
            next_renewal: None,
        },
        progress: progress.to_vec(),
        rotation: None,
        revocations: Vec::new(),
        is_converged: false,
    };
    let judged = Judged {
        findings: Vec::new(),
        plan: Some(&plan),
        outcome: Some(Ok(&applied)),
        progress,
        guest,
        pods: &[],
        node_pools: &[],
        supported: None,
    };
    let judgement = judge(&control_plane, &judged, fixtures::now());
    compute(&control_plane, &judged, &judgement, fixtures::now())
}

fn lines(status: &HostedControlPlaneStatus) -> String {
    let line = |condition: &Condition| {
        assert_eq!(condition.observed_generation, Some(1));
        format!("{} {}/{} {}", condition.type_, condition.status, condition.reason, condition.message)
    };
    let history = status.version_status.as_ref().map(|version| version.history[0].state);
    format!("{}\nversion {history:?}", status.conditions.iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[test]
fn creating() {
    insta::assert_snapshot!(lines(&pass(None, &progress(0), None)));
}

#[test]
fn without_nodes() {
    insta::assert_snapshot!(lines(&pass(None, &progress(1), Some(&reached(0)))));
}

#[test]
fn with_nodes() {
    insta::assert_snapshot!(lines(&pass(None, &progress(1), Some(&reached(2)))));
}

#[test]
fn degraded() {
    let complete = pass(None, &progress(1), Some(&reached(2)));
    let mut progress = progress(1);
    progress[3] = Progress { ready: 0, is_rolled_out: false, ..progress[3].clone() };
    insta::assert_snapshot!(lines(&pass(Some(complete), &progress, Some(&reached(2)))));
}

#[test]
fn an_operator_that_just_started_repeats_what_was_said_until_it_knows_better() {
    let complete = pass(None, &progress(1), Some(&reached(2)));
    let fresh = (State::default(), Vec::new());
    assert_eq!(pass(Some(complete.clone()), &progress(1), Some(&fresh)), complete);
    let refused = (State { content: Some(Err("no route to host".to_owned())), ..State::default() }, Vec::new());
    let told = pass(Some(complete), &progress(1), Some(&refused));
    let of = |type_: Type| find(&told.conditions, type_).unwrap().status.clone();
    assert_eq!(of(Type::DataPlaneConnectionAvailable), "Unknown");
    assert_eq!(of(Type::ConfigOperatorReconciliationSucceeded), "False");
}
