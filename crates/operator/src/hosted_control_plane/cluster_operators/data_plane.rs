//! The parts that run on the hosted cluster's own nodes.

use hoist_api::conditions::Reason;
use hoist_api::config::cluster_operator::ObjectReference;
use hoist_controller::conditions::Status;
use hoist_guest::{coredns, flannel, konnectivity_agent, kube_proxy, metadata};

use super::{Aspect, Inputs, Part};
use crate::guest::{State, Workload};
use crate::node_facts::is_ready;

const NOT_REACHED: &str = "the hosted API server was not reached yet";
const NO_NODE: &str = "there is no node yet";

/// A workload that belongs to a part.
#[derive(Clone, Copy)]
struct Piece {
    kind: &'static str,
    name: &'static str,
}

const fn daemon_set(name: &'static str) -> Piece {
    Piece { kind: "DaemonSet", name }
}

pub(super) fn parts(inputs: &Inputs<'_>) -> Vec<Part> {
    let mut network = vec![daemon_set(kube_proxy::NAME)];
    if inputs.has_own_network {
        network.push(daemon_set(flannel::NAME));
    }
    vec![
        part(inputs, "network", &network),
        part(inputs, "dns", &[Piece { kind: "Deployment", name: coredns::NAME }]),
        tunnel(inputs, part(inputs, "konnectivity", &[daemon_set(konnectivity_agent::NAME)])),
    ]
}

fn part(inputs: &Inputs<'_>, name: &'static str, pieces: &[Piece]) -> Part {
    let related: Vec<ObjectReference> = pieces.iter().map(reference).collect();
    let Some((State { workloads: Some(workloads), knows_nodes: true, .. }, nodes)) = inputs.guest else {
        let unknown = || Aspect::ill(Status::Unknown, Reason::StatusUnknown, NOT_REACHED.to_owned());
        return Part {
            name,
            version: None,
            available: unknown(),
            degraded: unknown(),
            progressing: unknown(),
            related,
        };
    };
    let found: Vec<(Piece, Option<&Workload>)> =
        pieces.iter().map(|piece| (*piece, workloads.get(piece.name))).collect();
    let down: Vec<String> = found.iter().filter_map(|(piece, workload)| unavailable(*piece, *workload)).collect();
    let behind: Vec<String> = found.iter().filter_map(|(piece, workload)| incomplete(*piece, *workload)).collect();
    let has_ready_node = nodes.iter().any(|node| is_ready(node));
    let available = if down.is_empty() {
        Aspect::well(Status::True, String::new())
    } else if nodes.is_empty() {
        let message = format!("{}: {NO_NODE}", down.join("; "));
        Aspect::ill(Status::False, Reason::NoWorkerNodesAvailable, message)
    } else {
        Aspect::ill(Status::False, Reason::WaitingForAvailable, down.join("; "))
    };
    let degraded = if down.is_empty() || !inputs.was_complete || !has_ready_node {
        Aspect::well(Status::False, String::new())
    } else {
        let namespace = metadata::NAMESPACE;
        let message = format!("{}; see its pods in namespace {namespace} of the hosted cluster", down.join("; "));
        Aspect::ill(Status::True, Reason::ComponentsUnavailable, message)
    };
    let progressing = if behind.is_empty() {
        Aspect::well(Status::False, String::new())
    } else {
        Aspect::ill(Status::True, Reason::RolloutInProgress, behind.join("; "))
    };
    let version = inputs.version.clone().filter(|_| behind.is_empty());
    Part { name, version, available, degraded, progressing, related }
}

fn unavailable(piece: Piece, workload: Option<&Workload>) -> Option<String> {
    let Piece { kind, name } = piece;
    match workload {
        None => Some(format!("{kind} {name:?} does not exist")),
        Some(workload) if workload.available == 0 => Some(format!("{kind} {name:?} has no available Pod(s)")),
        Some(_) => None,
    }
}

fn incomplete(piece: Piece, workload: Option<&Workload>) -> Option<String> {
    let Piece { kind, name } = piece;
    match workload {
        None => Some(format!("{kind} {name:?} does not exist yet")),
        Some(workload) if workload.is_complete() => None,
        Some(workload) if workload.desired == 0 => Some(format!("{kind} {name:?} waits for the first node")),
        Some(Workload { available, updated, desired, .. }) => Some(format!(
            "{kind} {name:?}: {available} of {desired} pods are available, {updated} of {desired} are up to date"
        )),
    }
}

/// Agents that run are not yet a tunnel: what counts is that a log was read through it.
fn tunnel(inputs: &Inputs<'_>, part: Part) -> Part {
    let Some((state, _)) = inputs.guest else { return part };
    match &state.data_plane {
        Some(Err(cause)) if part.available.status == Status::True => {
            let message = format!("a log cannot be read through the tunnel: {cause}");
            let ill = |status| Aspect::ill(status, Reason::DataPlaneConnectionError, message.clone());
            let degraded = if inputs.was_complete { ill(Status::True) } else { part.degraded.clone() };
            Part { available: ill(Status::False), degraded, version: None, ..part }
        }
        None if part.available.status == Status::True => {
            let message = "the tunnel was not tried yet".to_owned();
            let available = Aspect::ill(Status::Unknown, Reason::StatusUnknown, message);
            Part { available, version: None, ..part }
        }
        _ => part,
    }
}

fn reference(piece: &Piece) -> ObjectReference {
    ObjectReference {
        group: "apps".to_owned(),
        resource: format!("{}s", piece.kind.to_lowercase()),
        namespace: metadata::NAMESPACE.to_owned(),
        name: piece.name.to_owned(),
    }
}
