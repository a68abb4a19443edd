//! What is of a pool.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::platform::NodePoolPlatformStatus;

/// Status of a pool.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolStatus {
    /// Nodes of the pool; absent before the first one was ever wanted, so that the column is blank.
    pub replicas: Option<i32>,
    /// Version of the nodes.
    #[schemars(length(max = 64))]
    pub version: Option<String>,
    /// Versions of the nodes, one by one.
    pub nodes_info: Option<NodesInfo>,
    /// What the platform says.
    pub platform: Option<NodePoolPlatformStatus>,
    /// What holds and what does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<NodePoolCondition>,
}

/// HyperShift's own condition type for pools: like Kubernetes', with a severity.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolCondition {
    /// Which condition.
    #[serde(rename = "type")]
    #[schemars(length(max = 316))]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Set with `False` only.
    #[schemars(length(max = 1024))]
    pub severity: Option<String>,
    /// When `status` changed.
    pub last_transition_time: Time,
    /// One word.
    #[schemars(length(max = 1024))]
    pub reason: Option<String>,
    /// For people.
    #[schemars(length(max = 32_768))]
    pub message: Option<String>,
    /// Generation of the spec that it speaks of.
    #[schemars(range(min = 0))]
    pub observed_generation: Option<i64>,
}

/// Versions of the nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodesInfo {
    /// Each with its number of nodes.
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub node_versions: Vec<NodeVersion>,
}

/// A version and its number of nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeVersion {
    /// Version of the release.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new(r"self.matches('^\\d+\\.\\d+\\.\\d+.*$')").message("ocpVersion must start with semantic version prefix x.y.z"))]
    pub ocp_version: String,
    /// Version that kubelet says.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = Rule::new(r"self.matches('^v?\\d+\\.\\d+\\.\\d+.*$')").message("kubeletVersion must start with semantic version prefix x.y.z (optional leading 'v')"))]
    pub kubelet_version: String,
    /// Nodes that are Ready.
    #[schemars(range(min = 0))]
    pub ready_node_count: i32,
    /// Nodes that are not.
    #[schemars(range(min = 0))]
    pub unready_node_count: i32,
}
