//! What runs, what ran, what shall run.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::rules::version_prefix;

/// Versions of a cluster, in the form of OpenShift's ClusterVersion.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersionStatus {
    /// What shall run.
    pub desired: DesiredRelease,
    /// Newest first, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<UpdateHistory>,
    /// Generation of the spec that `desired` comes from.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true, "x-hoist-required" = true))]
    pub observed_generation: i64,
    /// Releases that the cluster may go to; null when nobody was asked.
    #[schemars(length(max = 100), extend("x-hoist-nullable" = true, "x-hoist-required" = true))]
    pub available_updates: Option<Vec<DesiredRelease>>,
    /// Releases that the cluster may go to at a risk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub conditional_updates: Option<Vec<ConditionalUpdate>>,
}

/// Versions of a control plane.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneVersionStatus {
    /// What shall run.
    pub desired: DesiredRelease,
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub history: Vec<ControlPlaneUpdateHistory>,
    /// Generation of the spec that `desired` comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_i64))]
    pub observed_generation: Option<i64>,
}

/// A release by image and version.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DesiredRelease {
    /// Version, such as `1.36.3`.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true, "x-hoist-required" = true))]
    pub version: String,
    /// Pull specification.
    pub image: String,
    /// Where it is described.
    pub url: Option<String>,
    /// Channels that have it.
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub channels: Option<Vec<String>>,
}

/// One attempt of a cluster to reach a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateHistory {
    /// Reached or not.
    #[schemars(with = "String")]
    pub state: UpdateState,
    /// When it began.
    pub started_time: Time,
    /// When it was reached; null until then.
    #[schemars(extend("x-hoist-nullable" = true, "x-hoist-required" = true))]
    pub completion_time: Option<Time>,
    /// Version.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub version: String,
    /// Pull specification.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true, "x-hoist-required" = true))]
    pub image: String,
    /// Whether the image's digest was checked.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true, "x-hoist-required" = true))]
    pub verified: bool,
    /// Risks that were taken knowingly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_risks: Option<String>,
}

/// One attempt of a control plane to reach a version.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneUpdateHistory {
    /// Reached or not.
    pub state: UpdateState,
    /// When it began.
    pub started_time: Time,
    /// When it was reached.
    pub completion_time: Option<Time>,
    /// Version.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(validation = version_prefix())]
    pub version: String,
    /// Pull specification.
    #[schemars(length(min = 1, max = 447))]
    pub image: String,
}

impl From<ClusterVersionStatus> for ControlPlaneVersionStatus {
    fn from(status: ClusterVersionStatus) -> Self {
        let history = status.history.into_iter().map(|entry| ControlPlaneUpdateHistory {
            state: entry.state,
            started_time: entry.started_time,
            completion_time: entry.completion_time,
            version: entry.version,
            image: entry.image,
        });
        let observed_generation = Some(status.observed_generation).filter(|generation| *generation > 0);
        Self { desired: status.desired, history: history.collect(), observed_generation }
    }
}

impl From<ControlPlaneVersionStatus> for ClusterVersionStatus {
    fn from(status: ControlPlaneVersionStatus) -> Self {
        let history = status.history.into_iter().map(|entry| UpdateHistory {
            state: entry.state,
            started_time: entry.started_time,
            completion_time: entry.completion_time,
            version: entry.version,
            image: entry.image,
            verified: true,
            accepted_risks: None,
        });
        Self {
            desired: status.desired,
            history: history.collect(),
            observed_generation: status.observed_generation.unwrap_or_default(),
            ..Self::default()
        }
    }
}

/// Reached or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UpdateState {
    /// Every component runs it.
    Completed,
    /// On its way, or given up.
    #[default]
    Partial,
}

/// A release that the cluster may go to at a risk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionalUpdate {
    /// The release.
    pub release: DesiredRelease,
    /// What may happen.
    #[schemars(length(min = 1, max = 200), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub risks: Vec<ConditionalUpdateRisk>,
    /// Whether it is recommended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::any_number_of_conditions")]
    pub conditions: Vec<Condition>,
}

/// What may happen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionalUpdateRisk {
    /// Where it is described.
    #[schemars(length(min = 1), extend("format" = "uri"))]
    pub url: String,
    /// One word for it.
    #[schemars(length(min = 1))]
    pub name: String,
    /// What may happen, for people.
    #[schemars(length(min = 1))]
    pub message: String,
    /// To whom.
    #[schemars(length(min = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub matching_rules: Vec<ClusterCondition>,
}

/// Which clusters a risk is for.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterCondition {
    /// How it is found out.
    #[serde(rename = "type")]
    pub type_: ClusterConditionType,
    /// For `PromQL`.
    pub promql: Option<PromQlClusterCondition>,
}

/// How it is found out whether a risk is for a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClusterConditionType {
    /// It is for all.
    Always,
    /// By a query of metrics.
    PromQL,
}

/// A query of metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromQlClusterCondition {
    /// The query.
    pub promql: String,
}
