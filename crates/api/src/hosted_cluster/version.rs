//! What runs, what ran, what shall run.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Versions of a cluster or of its control plane.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersionStatus {
    /// What shall run.
    pub desired: DesiredRelease,
    /// Newest first, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub history: Vec<UpdateHistory>,
    /// Generation of the spec that `desired` comes from.
    #[serde(default)]
    pub observed_generation: i64,
    /// Always null: no update service is asked.
    #[serde(default)]
    #[schemars(schema_with = "nullable_list")]
    pub available_updates: Option<Vec<DesiredRelease>>,
}

fn nullable_list(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "nullable": true,
        "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
    })
}

/// A release by image and version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DesiredRelease {
    /// Pull specification.
    pub image: String,
    /// Version, such as `1.36.3`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

/// One attempt to reach a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateHistory {
    /// Reached or not.
    pub state: UpdateState,
    /// When it began.
    pub started_time: Time,
    /// When it was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,
    /// Version.
    #[serde(default)]
    pub version: String,
    /// Pull specification.
    #[serde(default)]
    pub image: String,
    /// Whether the image's digest was checked.
    #[serde(default)]
    pub verified: bool,
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
