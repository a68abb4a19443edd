//! Settings of the autoscaler of a hosted cluster's nodes.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// When nodes come and go. Effective values where absent: HyperShift's.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.scaleDown) || self.scaling == 'ScaleUpAndScaleDown'").message("scaleDown can only be set when scaling is ScaleUpAndScaleDown"))]
pub struct ClusterAutoscaling {
    /// Whether nodes also go.
    #[serde(default = "both_ways")]
    pub scaling: Option<ScalingType>,
    /// When nodes go.
    pub scale_down: Option<ScaleDownConfig>,
    /// Labels by which groups of nodes may differ and still count as alike.
    #[schemars(length(max = 64), inner(length(max = 317)))]
    #[x_kube(validation = Rule::new(r"self.all(label, label.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,61}[a-zA-Z0-9])?$'))").message("Each balancingIgnoredLabels item must be a valid label key"))]
    pub balancing_ignored_labels: Option<Vec<String>>,
    /// Most nodes of all pools together.
    #[schemars(range(min = 0))]
    pub max_nodes_total: Option<i32>,
    /// Seconds that a pod may take to end before its node goes.
    #[schemars(range(min = 0))]
    pub max_pod_grace_period: Option<i32>,
    /// Longest wait for a node, as a duration such as `15m`.
    #[schemars(length(max = 100), regex(pattern = r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"))]
    pub max_node_provision_time: Option<String>,
    /// By how many per cent groups of nodes may differ in free resources and still count as alike.
    #[schemars(range(min = 0, max = 100))]
    pub max_free_difference_ratio_percent: Option<i32>,
    /// Pods of a lower priority bring no node.
    pub pod_priority_threshold: Option<i32>,
    /// How a pool is chosen, first word first.
    #[schemars(length(min = 1, max = 3))]
    pub expanders: Option<Vec<ExpanderString>>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn both_ways() -> Option<ScalingType> {
    Some(ScalingType::ScaleUpAndScaleDown)
}

/// Whether nodes also go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum ScalingType {
    ScaleUpOnly,
    ScaleUpAndScaleDown,
}

/// How a pool is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "words of the cluster autoscaler")]
pub enum ExpanderString {
    LeastWaste,
    Priority,
    Random,
}

/// When nodes go; times in seconds, at most a day.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScaleDownConfig {
    /// After a node came.
    #[schemars(range(min = 0, max = 86_400))]
    pub delay_after_add_seconds: Option<i32>,
    /// After a node went.
    #[schemars(range(min = 0, max = 86_400))]
    pub delay_after_delete_seconds: Option<i32>,
    /// After a node could not go.
    #[schemars(range(min = 0, max = 86_400))]
    pub delay_after_failure_seconds: Option<i32>,
    /// How long a node must have been unneeded.
    #[schemars(range(min = 0, max = 86_400))]
    pub unneeded_duration_seconds: Option<i32>,
    /// Below which use a node counts as unneeded.
    #[schemars(range(min = 0, max = 100))]
    pub utilization_threshold_percent: Option<i32>,
}
