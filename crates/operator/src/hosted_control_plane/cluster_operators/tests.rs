use hoist_control_plane::ComponentName;
use hoist_testkit::fixtures;
use strum::IntoEnumIterator;

use super::*;
use crate::guest::{Workload, Workloads};

fn progress(name: ComponentName, ready: i32) -> Progress {
    Progress {
        name,
        exists: true,
        withheld: Vec::new(),
        wanted: 1,
        ready,
        is_rolled_out: ready == 1,
        generation: Some(1),
    }
}

fn running() -> Vec<Progress> {
    ComponentName::iter().map(|name| progress(name, 1)).collect()
}

fn workloads(nodes: i32, available: i32) -> Workloads {
    let daemon = |name: &str| {
        let daemon = Workload { kind: "DaemonSet", is_seen: true, desired: nodes, updated: nodes, available };
        (name.to_owned(), daemon)
    };
    let dns = Workload { kind: "Deployment", is_seen: true, desired: 1, updated: 1, available: available.min(1) };
    [daemon("flannel"), daemon("kube-proxy"), daemon("konnectivity-agent"), ("coredns".to_owned(), dns)].into()
}

fn guest(nodes: i32, available: i32, tunnel: Option<Result<(), String>>) -> (State, Vec<Arc<Node>>) {
    let state = State {
        content: Some(Ok(())),
        data_plane: tunnel,
        knows_nodes: true,
        workloads: Some(workloads(nodes, available)),
        ..State::default()
    };
    let nodes = (0..nodes).map(|index| Arc::new(fixtures::node(&format!("worker-{index}")))).collect();
    (state, nodes)
}

fn judged(progress: &[Progress], guest: Option<&(State, Vec<Arc<Node>>)>, was_complete: bool) -> Vec<Part> {
    parts(&Inputs {
        progress,
        troubles: &[],
        guest,
        has_own_network: true,
        version: Some("1.36.3".to_owned()),
        was_complete,
    })
}

/// As `oc get co` prints it, without the time.
fn table(parts: &[Part]) -> String {
    let lines: Vec<String> = parts
        .iter()
        .map(|part| {
            let shown = [&part.available, &part.degraded, &part.progressing]
                .into_iter()
                .find(|aspect| aspect.reason != Reason::AsExpected)
                .map(|aspect| aspect.message.as_str());
            let columns = [&part.available, &part.progressing, &part.degraded].map(|aspect| aspect.status.as_str());
            let version = part.version.as_deref().unwrap_or("-");
            format!("{} {version} {} {}", part.name, columns.join("/"), shown.unwrap_or_default())
        })
        .collect();
    lines.join("\n")
}

#[test]
fn with_nodes_everything_is_well_and_the_message_column_is_blank() {
    let table = table(&judged(&running(), Some(&guest(2, 2, Some(Ok(())))), true));
    insta::assert_snapshot!(table, @"
    dns 1.36.3 True/False/False 
    etcd 1.36.3 True/False/False 
    konnectivity 1.36.3 True/False/False 
    kube-apiserver 1.36.3 True/False/False 
    kube-controller-manager 1.36.3 True/False/False 
    kube-scheduler 1.36.3 True/False/False 
    network 1.36.3 True/False/False
    ");
}

#[test]
fn before_nodes_exist_what_needs_them_says_so_and_is_not_degraded() {
    insta::assert_snapshot!(table(&judged(&running(), Some(&guest(0, 0, None)), false)));
}

#[test]
fn before_the_api_answers_nobody_knows_about_the_data_plane() {
    let starting: Vec<Progress> = ComponentName::iter().map(|name| progress(name, 0)).collect();
    insta::assert_snapshot!(table(&judged(&starting, None, false)));
}

#[test]
fn a_part_that_is_killed_is_unavailable_and_degraded() {
    let mut progress = running();
    progress[3].ready = 0;
    progress[3].is_rolled_out = false;
    let (mut state, nodes) = guest(2, 2, Some(Ok(())));
    state.workloads.as_mut().unwrap().get_mut("coredns").unwrap().available = 0;
    insta::assert_snapshot!(table(&judged(&progress, Some(&(state, nodes)), true)));
}

#[test]
fn a_tunnel_counts_only_when_something_was_read_through_it() {
    let broken = guest(1, 1, Some(Err("no answer within 5 s".to_owned())));
    let parts = judged(&running(), Some(&broken), true);
    let tunnel = parts.iter().find(|part| part.name == "konnectivity").unwrap();
    assert_eq!((tunnel.available.status, tunnel.degraded.status), (Status::False, Status::True));
    assert!(tunnel.available.message.contains("no answer"), "{}", tunnel.available.message);
    assert!(!tunnel.is_complete());
}

#[test]
fn a_deleted_daemon_set_is_named() {
    let (mut state, nodes) = guest(1, 1, Some(Ok(())));
    state.workloads.as_mut().unwrap().remove("kube-proxy");
    let parts = judged(&running(), Some(&(state, nodes)), true);
    let network = parts.iter().find(|part| part.name == "network").unwrap();
    assert_eq!(network.available.message, "DaemonSet \"kube-proxy\" does not exist");
}

#[test]
fn a_network_of_somebody_else_is_not_reported_as_ours() {
    let (mut state, nodes) = guest(1, 1, Some(Ok(())));
    state.workloads.as_mut().unwrap().remove("flannel");
    let guest = (state, nodes);
    let parts = parts(&Inputs {
        progress: &running(),
        troubles: &[],
        guest: Some(&guest),
        has_own_network: false,
        version: Some("1.36.3".to_owned()),
        was_complete: true,
    });
    assert!(parts.iter().all(Part::is_complete));
}

#[test]
fn a_member_that_is_missing_degrades_what_still_works() {
    let mut progress = running();
    progress[0] = Progress { wanted: 3, ready: 2, ..progress[0].clone() };
    let parts = judged(&progress, Some(&guest(1, 1, Some(Ok(())))), true);
    let etcd = parts.iter().find(|part| part.name == "etcd").unwrap();
    assert_eq!((etcd.available.status, etcd.degraded.status), (Status::True, Status::True));
    assert_eq!(etcd.degraded.message, "2 of 3 pods of etcd are ready");
}

#[test]
fn what_was_not_asked_yet_is_not_judged() {
    let (known, nodes) = guest(1, 1, Some(Ok(())));
    assert!(is_settled(None));
    assert!(is_settled(Some(&(known.clone(), nodes.clone()))));
    for unknown in [
        State { content: None, ..known.clone() },
        State { workloads: None, ..known.clone() },
        State { knows_nodes: false, ..known.clone() },
        State { data_plane: None, ..known.clone() },
    ] {
        assert!(!is_settled(Some(&(unknown, nodes.clone()))));
    }
    // Without a node there is nothing to try, and an API that refuses is known to.
    assert!(is_settled(Some(&(State { data_plane: None, ..known }, Vec::new()))));
    assert!(is_settled(Some(&(State { content: Some(Err("no".to_owned())), ..State::default() }, nodes))));
}

#[test]
fn transition_times_move_with_the_status_alone_and_the_last_version_stays() {
    let parts = judged(&running(), Some(&guest(1, 1, Some(Ok(())))), true);
    let dns = &parts[0];
    let first = dns.status(None, fixtures::now());
    let later = fixtures::now() + jiff::SignedDuration::from_secs(60);
    assert_eq!(dns.status(Some(&first), later), first);
    let down = judged(&running(), Some(&guest(1, 0, Some(Ok(())))), true);
    let second = down[0].status(Some(&first), later);
    assert_eq!(second.versions, first.versions);
    assert_ne!(second.conditions[0].last_transition_time, first.conditions[0].last_transition_time);
    assert_eq!(second.conditions[3].last_transition_time, first.conditions[3].last_transition_time);
}
