//! `NodePool`: nodes of one kind in one hosted cluster.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

use crate::hosted_cluster::platform::PlatformType;
use crate::hosted_cluster::references::{LocalObjectReference, Release};

/// What a user wants of a pool.
///
/// Source: `api/hypershift/v1beta1/nodepool_types.go`.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "NodePool",
    plural = "nodepools",
    shortname = "np",
    shortname = "nps",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "NodePoolStatus",
    scale(spec_replicas_path = ".spec.replicas", status_replicas_path = ".status.replicas"),
    printcolumn = r#"{"name":"Cluster","type":"string","jsonPath":".spec.clusterName","description":"Cluster"}"#,
    printcolumn = r#"{"name":"Desired Nodes","type":"integer","jsonPath":".spec.replicas","description":"Desired Nodes"}"#,
    printcolumn = r#"{"name":"Current Nodes","type":"integer","jsonPath":".status.replicas","description":"Available Nodes"}"#,
    printcolumn = r#"{"name":"Autoscaling","type":"string","jsonPath":".status.conditions[?(@.type==\"AutoscalingEnabled\")].status","description":"Autoscaling Enabled"}"#,
    printcolumn = r#"{"name":"Autorepair","type":"string","jsonPath":".status.conditions[?(@.type==\"AutorepairEnabled\")].status","description":"Node Autorepair Enabled"}"#,
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.version","description":"Current version"}"#,
    printcolumn = r#"{"name":"UpdatingVersion","type":"string","jsonPath":".status.conditions[?(@.type==\"UpdatingVersion\")].status","description":"UpdatingVersion in progress"}"#,
    printcolumn = r#"{"name":"UpdatingConfig","type":"string","jsonPath":".status.conditions[?(@.type==\"UpdatingConfig\")].status","description":"UpdatingConfig in progress"}"#,
    printcolumn = r#"{"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].message","description":"Message"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.replicas) && has(self.autoScaling))").message("Both replicas or autoScaling should not be set"))]
pub struct NodePoolSpec {
    /// HostedCluster in the same namespace.
    #[x_kube(validation = Rule::new("self == oldSelf").message("ClusterName is immutable"))]
    #[schemars(length(max = 253))]
    pub cluster_name: String,
    /// Release image of the nodes.
    pub release: Release,
    /// Where nodes come from.
    pub platform: NodePoolPlatform,
    /// Number of nodes; on platform None the number expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Bounds for an autoscaler, instead of `replicas`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_scaling: Option<NodePoolAutoScaling>,
    /// How nodes are upgraded and repaired.
    pub management: NodePoolManagement,
    /// ConfigMaps with key `config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    pub config: Option<Vec<LocalObjectReference>>,
    /// Longest drain; 0 waits for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_drain_timeout: Option<String>,
    /// Longest wait for volumes to detach; 0 waits for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_volume_detach_timeout: Option<String>,
    /// Labels of the Nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_labels: Option<BTreeMap<String, String>>,
    /// Taints of the Nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub taints: Option<Vec<NodePoolTaint>>,
    /// As on a HostedCluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<String>,
    /// Architecture of the nodes.
    #[serde(default = "default_arch")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("Arch is immutable"))]
    pub arch: String,
}

fn default_arch() -> String {
    "amd64".to_owned()
}

/// Platform of a pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct NodePoolPlatform {
    /// Must be the cluster's.
    #[serde(rename = "type")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("Type is immutable"))]
    pub type_: PlatformType,
}

/// Bounds for an autoscaler.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("self.max >= self.min").message("max must be equal or greater than min"))]
pub struct NodePoolAutoScaling {
    /// Fewest nodes.
    pub min: i32,
    /// Most nodes.
    #[schemars(range(min = 1))]
    pub max: i32,
}

/// How nodes are upgraded and repaired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.inPlace) || self.upgradeType == 'InPlace'").message("The 'inPlace' field can only be set when 'upgradeType' is 'InPlace'"))]
pub struct NodePoolManagement {
    /// New nodes or the same ones.
    #[x_kube(validation = Rule::new("self == oldSelf").message("UpgradeType is immutable"))]
    pub upgrade_type: UpgradeType,
    /// For `Replace`; written even for `InPlace`, as HyperShift does.
    #[serde(default)]
    pub replace: ReplaceUpgrade,
    /// For `InPlace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place: Option<InPlaceUpgrade>,
    /// Replaces unhealthy nodes.
    #[serde(default)]
    pub auto_repair: bool,
}

/// New nodes or the same ones.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    AsRefStr,
    Display,
    IntoStaticStr,
    EnumString,
)]
#[strum(ascii_case_insensitive)]
pub enum UpgradeType {
    /// New nodes.
    Replace,
    /// The same nodes.
    #[default]
    InPlace,
}

/// How nodes are replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplaceUpgrade {
    /// `RollingUpdate` or `OnDelete`.
    #[serde(default = "default_strategy")]
    pub strategy: String,
    /// For `RollingUpdate`.
    #[serde(default = "default_rolling_update", skip_serializing_if = "Option::is_none")]
    pub rolling_update: Option<RollingUpdate>,
}

impl Default for ReplaceUpgrade {
    fn default() -> Self {
        Self { strategy: default_strategy(), rolling_update: default_rolling_update() }
    }
}

fn default_strategy() -> String {
    "RollingUpdate".to_owned()
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn default_rolling_update() -> Option<RollingUpdate> {
    Some(RollingUpdate { max_unavailable: Some(IntOrString::Int(0)), max_surge: Some(IntOrString::Int(1)) })
}

/// How many at a time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingUpdate {
    /// May be missing meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
    /// May exist besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_surge: Option<IntOrString>,
}

/// How nodes are upgraded in place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InPlaceUpgrade {
    /// May be missing meanwhile; 1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<IntOrString>,
}

/// A taint of the Nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NodePoolTaint {
    /// Qualified name.
    pub key: String,
    /// May be empty.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// Status of a pool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolStatus {
    /// Nodes of the pool; absent before the first one was ever wanted, so that the column is blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i32>,
    /// Version of the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What holds and what does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<NodePoolCondition>,
}

/// HyperShift's own condition type for pools: like Kubernetes', with a severity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolCondition {
    /// Which condition.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Set with `False` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// When `status` changed.
    pub last_transition_time: Time,
    /// One word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Generation of the spec that it speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}
