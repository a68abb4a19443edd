//! Reading Nodes.

use k8s_openapi::api::core::v1::{Node, NodeCondition};

/// The `Ready` condition.
pub fn ready_condition(node: &Node) -> Option<&NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == "Ready")
}

/// Whether kubelet says that it is ready, and the control plane still hears from it.
pub fn is_ready(node: &Node) -> bool {
    ready_condition(node).is_some_and(|condition| condition.status == "True")
}

/// kubelet's version without `v`.
pub fn kubelet_version(node: &Node) -> Option<String> {
    let info = node.status.as_ref()?.node_info.as_ref()?;
    Some(info.kubelet_version.trim_start_matches('v').to_owned())
}
