//! The ways between control plane and nodes, each proved by something that went it.

use std::sync::Arc;

use hoist_api::conditions::{ALL_IS_WELL, ConditionType as Type, Reason};
use hoist_controller::conditions::{Status, Verdict, find};
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::Judged;
use crate::node_facts::is_ready;

pub(super) fn verdicts(judged: &Judged<'_>, before: &[Condition]) -> Vec<Verdict> {
    let types = [Type::DataPlaneConnectionAvailable, Type::ControlPlaneConnectionAvailable];
    let both = |status: Status, reason: Reason, message: &str| {
        types.map(|type_| Verdict::new(type_, status, reason, message)).to_vec()
    };
    let Some((state, nodes)) = judged.guest.filter(|(state, _)| state.knows_nodes) else {
        return both(Status::Unknown, Reason::StatusUnknown, "the hosted API server was not reached yet");
    };
    if nodes.is_empty() {
        return both(Status::Unknown, Reason::NoWorkerNodesAvailable, "No worker nodes available");
    }
    let ready: Vec<&Arc<Node>> = nodes.iter().filter(|node| is_ready(node)).collect();
    let data_plane = match &state.data_plane {
        Some(Ok(())) => Verdict::new(types[0], true, Reason::AsExpected, ALL_IS_WELL),
        Some(Err(cause)) => Verdict::new(
            types[0],
            false,
            Reason::DataPlaneConnectionError,
            format!(
                "the log of a konnectivity agent cannot be read: {cause}; check that nodes reach the published konnectivity address"
            ),
        ),
        None => Verdict::new(types[0], Status::Unknown, Reason::NoWorkerNodesAvailable, "no worker node is ready"),
    };
    // A Node stays Ready only while its kubelet renews its lease: that it does is the proof of the way up.
    let was_up = find(before, types[1]).is_some_and(|condition| condition.status != Status::Unknown.as_str());
    let control_plane = if ready.is_empty() && !was_up {
        Verdict::new(types[1], Status::Unknown, Reason::NoWorkerNodesAvailable, "no worker node is ready yet")
    } else if ready.is_empty() {
        let names: Vec<String> = nodes.iter().map(|node| node.name_any()).collect();
        Verdict::new(
            types[1],
            false,
            Reason::NodesMissing,
            format!("no node reports to the API server ({}); see `hcp get hosts`", names.join(", ")),
        )
    } else {
        Verdict::new(types[1], true, Reason::AsExpected, ALL_IS_WELL)
    };
    vec![data_plane, control_plane]
}
