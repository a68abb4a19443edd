//! Which versions the nodes of a pool run.

use std::collections::BTreeMap;
use std::sync::Arc;

use hoist_api::node_pool::status::{NodeVersion, NodesInfo};
use k8s_openapi::api::core::v1::Node;

use crate::node_facts::is_ready;

/// How many nodes run which version, newest first. A release has the version of its kubelet.
pub(super) fn of(own: &[&Arc<Node>]) -> Option<NodesInfo> {
    let mut versions: BTreeMap<&str, (i32, i32)> = BTreeMap::new();
    for node in own {
        let Some(info) = node.status.as_ref().and_then(|status| status.node_info.as_ref()) else { continue };
        let (ready, unready) = versions.entry(&info.kubelet_version).or_default();
        *(if is_ready(node) { ready } else { unready }) += 1;
    }
    let node_versions = versions.into_iter().rev().map(|(kubelet, (ready, unready))| NodeVersion {
        ocp_version: kubelet.trim_start_matches('v').to_owned(),
        kubelet_version: kubelet.to_owned(),
        ready_node_count: ready,
        unready_node_count: unready,
    });
    Some(NodesInfo { node_versions: node_versions.collect() }).filter(|info| !info.node_versions.is_empty())
}
