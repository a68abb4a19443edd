//! `NodePool`: nodes of one kind in one hosted cluster.

pub mod kubevirt;
pub mod management;
pub mod platform;
pub mod status;

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

pub use management::{InPlaceUpgrade, NodePoolManagement, ReplaceUpgrade, RollingUpdate, UpgradeStrategy, UpgradeType};
pub use platform::NodePoolPlatform;
pub use status::{NodePoolCondition, NodePoolStatus};

use crate::hosted_cluster::references::{LocalObjectReference, Release};
use crate::schema::rules;

/// What a user wants of a pool.
///
/// Source: `api/hypershift/v1beta1/nodepool_types.go`.
#[skip_serializing_none]
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
#[x_kube(
    validation = Rule::new("!has(oldSelf.arch) || has(self.arch)").message("Arch is required once set"),
    validation = Rule::new("self.arch != 'arm64' || has(self.platform.agent) || self.platform.type in ['AWS', 'Azure', 'GCP', 'None']").message("Setting Arch to arm64 is only supported for AWS, Azure, Agent, GCP and None"),
    validation = Rule::new("!has(self.replicas) || !has(self.autoScaling)").message("Both replicas or autoScaling should not be set"),
    validation = Rule::new("self.arch != 's390x' || has(self.platform.kubevirt)").message("s390x is only supported on KubeVirt platform"),
    validation = Rule::new("!has(self.autoScaling) || self.autoScaling.min > 0 || self.platform.type in ['AWS', 'Azure']").message("Scale-from-zero (autoScaling.min=0) is currently only supported for AWS and Azure platforms")
)]
pub struct NodePoolSpec {
    /// HostedCluster in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(
        validation = rules::immutable("ClusterName is immutable"),
        validation = rules::lower_case_name("clusterName")
    )]
    pub cluster_name: String,
    /// Release image of the nodes.
    pub release: Release,
    /// Where nodes come from.
    pub platform: NodePoolPlatform,
    /// Number of nodes; on platform None the number expected.
    pub replicas: Option<i32>,
    /// Bounds for an autoscaler, instead of `replicas`.
    pub auto_scaling: Option<NodePoolAutoScaling>,
    /// How nodes are upgraded and repaired.
    pub management: NodePoolManagement,
    /// ConfigMaps with key `config`.
    #[schemars(length(max = 10))]
    pub config: Option<Vec<LocalObjectReference>>,
    /// ConfigMaps with key `tuning`.
    #[schemars(length(max = 10))]
    pub tuning_config: Option<Vec<LocalObjectReference>>,
    /// Longest drain; 0 waits for ever.
    pub node_drain_timeout: Option<String>,
    /// Longest wait for volumes to detach; 0 waits for ever.
    pub node_volume_detach_timeout: Option<String>,
    /// Labels of the Nodes.
    pub node_labels: Option<BTreeMap<String, String>>,
    /// Taints of the Nodes.
    #[schemars(length(max = 50))]
    pub taints: Option<Vec<NodePoolTaint>>,
    /// As on a HostedCluster.
    #[schemars(length(min = 1, max = 35))]
    #[x_kube(validation = rules::paused_until())]
    pub paused_until: Option<String>,
    /// Architecture of the nodes.
    #[serde(default)]
    #[x_kube(validation = rules::immutable("Arch is immutable"))]
    pub arch: Architecture,
}

/// Architectures of nodes, in the order of HyperShift's enum.
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
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
#[allow(missing_docs, reason = "Go's words")]
pub enum Architecture {
    Arm64,
    #[default]
    Amd64,
    Ppc64le,
    S390x,
}

/// Bounds for an autoscaler.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("self.max >= self.min").message("max must be equal or greater than min"))]
pub struct NodePoolAutoScaling {
    /// Fewest nodes.
    #[schemars(range(min = 0))]
    pub min: i32,
    /// Most nodes.
    #[schemars(range(min = 1))]
    pub max: i32,
}

/// A taint of the Nodes.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct NodePoolTaint {
    /// Qualified name.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = Rule::new(r"self.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$')").message("key must be a qualified name with an optional subdomain prefix e.g. example.com/MyName"))]
    pub key: String,
    /// May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = Rule::new("self.matches('^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$')").message("Value must start and end with alphanumeric characters and can only contain '-', '_', '.' in the middle"))]
    pub value: String,
    /// What it does to pods.
    pub effect: TaintEffect,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display)]
pub enum TaintEffect {
    /// New ones stay away.
    #[default]
    NoSchedule,
    /// New ones rather stay away.
    PreferNoSchedule,
    /// All go.
    NoExecute,
}
