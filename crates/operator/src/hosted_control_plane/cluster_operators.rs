//! How each part of a hosted cluster is, for its ClusterOperators: pure, from what the probes saw.
//!
//! Only parts that Hoist runs have one, under OpenShift's name where OpenShift has that part. Each verdict rests on a probe: of
//! the control plane on its workloads and pods, of the data plane on the DaemonSets and Deployments inside the hosted cluster,
//! of konnectivity on a log that was really read through it.

mod data_plane;
mod part;

use std::sync::Arc;

use hoist_api::conditions::Reason;
use hoist_controller::conditions::Status;
use k8s_openapi::api::core::v1::Node;

use super::pods::Trouble;
use super::workloads::Progress;
use crate::guest::State;
use crate::node_facts::is_ready;

pub use part::{Aspect, Part, merge};

/// What the parts are judged by.
pub struct Inputs<'a> {
    /// How far each component of the control plane is.
    pub progress: &'a [Progress],
    /// What is wrong with its pods.
    pub troubles: &'a [Trouble],
    /// What the connection into the hosted cluster learned, and the Nodes there.
    pub guest: Option<&'a (State, Vec<Arc<Node>>)>,
    /// Whether the network of pods is Hoist's own.
    pub has_own_network: bool,
    /// Version that everything shall have.
    pub version: Option<String>,
    /// Whether everything worked once. Before, what is missing is on its way and not broken.
    pub was_complete: bool,
}

/// Every part, ordered by name.
pub fn parts(inputs: &Inputs<'_>) -> Vec<Part> {
    let mut parts: Vec<Part> = inputs.progress.iter().map(|progress| component(inputs, progress)).collect();
    parts.extend(data_plane::parts(inputs));
    parts.sort_by_key(|part| part.name);
    parts
}

/// Whether the probes inside the hosted cluster have all answered at least once. Before that nothing new is known, and what was
/// said last stands.
pub fn is_settled(guest: Option<&(State, Vec<Arc<Node>>)>) -> bool {
    let Some((state, nodes)) = guest else { return true };
    match &state.content {
        // It cannot be reached, or refuses: that is known.
        Some(Err(_)) => true,
        None => false,
        Some(Ok(())) => {
            let has_ready_node = nodes.iter().any(|node| is_ready(node));
            state.knows_nodes && state.workloads.is_some() && (state.data_plane.is_some() || !has_ready_node)
        }
    }
}

fn component(inputs: &Inputs<'_>, progress: &Progress) -> Part {
    let name: &'static str = progress.name.into();
    let trouble = inputs.troubles.iter().find(|trouble| trouble.component == name);
    let counted = format!("{} of {} pods of {name} are ready", progress.ready, progress.wanted);
    let available = match trouble {
        _ if progress.is_available() => Aspect::well(Status::True, counted.clone()),
        Some(trouble) => Aspect::ill(Status::False, trouble.reason, trouble.message.clone()),
        None if !progress.exists => {
            Aspect::ill(Status::False, Reason::NotFound, format!("{name} does not run yet: it has no pods"))
        }
        None => Aspect::ill(Status::False, Reason::WaitingForAvailable, format!("{name} is unavailable: {counted}")),
    };
    let degraded = match trouble {
        Some(trouble) => Aspect::ill(Status::True, trouble.reason, trouble.message.clone()),
        None if inputs.was_complete && progress.ready < progress.wanted => {
            Aspect::ill(Status::True, Reason::ComponentsUnavailable, counted)
        }
        None => Aspect::well(Status::False, String::new()),
    };
    let progressing = if progress.is_complete() {
        Aspect::well(Status::False, String::new())
    } else if progress.withheld.is_empty() {
        let message = format!(
            "{} of {} pods of {name} are ready and up to date",
            progress.ready.min(progress.wanted),
            progress.wanted
        );
        Aspect::ill(Status::True, Reason::RolloutInProgress, message)
    } else {
        let names: Vec<&str> = progress.withheld.iter().map(AsRef::as_ref).collect();
        Aspect::ill(Status::True, Reason::WaitingForDependencies, format!("waiting for {}", names.join(", ")))
    };
    Part {
        name,
        version: inputs.version.clone().filter(|_| progress.is_complete()),
        available,
        degraded,
        progressing,
        related: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
