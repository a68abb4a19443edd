//! `ClusterVersion`: what the cluster runs, ran and may run next. There is one, named `version`.

mod updates;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StatusCondition;
use super::condition::text;

pub use updates::{
    ClusterCondition, ConditionalUpdate, ConditionalUpdateRisk, PromQlClusterCondition, Release, Update,
};

/// Name of the only one.
pub const NAME: &str = "version";

/// What a person may say about updates. A hosted cluster's own users cannot order one: that is its HostedCluster's matter.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "config.openshift.io",
    version = "v1",
    kind = "ClusterVersion",
    plural = "clusterversions",
    derive = "Default",
    derive = "PartialEq",
    status = "ClusterVersionStatus",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.history[?(@.state==\"Completed\")].version"}"#,
    printcolumn = r#"{"name":"Available","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].status"}"#,
    printcolumn = r#"{"name":"Progressing","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].status"}"#,
    printcolumn = r#"{"name":"Since","type":"date","jsonPath":".status.conditions[?(@.type==\"Progressing\")].lastTransitionTime"}"#,
    printcolumn = r#"{"name":"Status","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].message"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!has(self.desiredUpdate)", "message": "a hosted cluster is not upgraded from inside: set spec.release.image of its HostedCluster in the management cluster"},
    {"rule": "!has(self.overrides) || size(self.overrides) == 0", "message": "overrides are not served: the parts of a hosted cluster are always managed"}
]))]
pub struct ClusterVersionSpec {
    /// Optional components of OpenShift; a hosted cluster of Hoist has none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "capabilities")]
    pub capabilities: Option<serde_json::Value>,
    /// Update channel, as in the HostedCluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub channel: Option<String>,
    /// UUID of the cluster, as in the HostedCluster.
    #[serde(rename = "clusterID")]
    pub cluster_id: String,
    /// Refused, see the rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Update")]
    pub desired_update: Option<Update>,
    /// Refused unless empty, see the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["kind", "group", "namespace", "name"]))]
    pub overrides: Vec<ComponentOverride>,
    /// Update service, as in the HostedCluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub upstream: Option<String>,
}

fn capabilities(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let list = serde_json::json!({
        "type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}
    });
    schemars::json_schema!({
        "type": "object",
        "properties": {"additionalEnabledCapabilities": list, "baselineCapabilitySet": {"type": "string"}}
    })
}

fn capabilities_status(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let list = serde_json::json!({
        "type": "array", "x-kubernetes-list-type": "atomic", "items": {"type": "string"}
    });
    schemars::json_schema!({
        "type": "object",
        "properties": {"enabledCapabilities": list, "knownCapabilities": list}
    })
}

/// An object that the cluster should leave alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ComponentOverride {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace; empty for what has none.
    pub namespace: String,
    /// Whether it is left alone.
    pub unmanaged: bool,
}

/// What runs, ran and may run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterVersionStatus {
    /// Releases of this installation that an upgrade may reach in one step; null while they are not known.
    #[schemars(schema_with = "updates::nullable_releases", required)]
    pub available_updates: Option<Vec<Release>>,
    /// Optional components of OpenShift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "capabilities_status")]
    pub capabilities: Option<serde_json::Value>,
    /// Never filled: no update service is asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500), extend("x-kubernetes-list-type" = "atomic"))]
    pub conditional_updates: Vec<ConditionalUpdate>,
    /// `Available`, `Failing`, `Progressing`, `Upgradeable`, `ReleaseAccepted`, `RetrievedUpdates`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<StatusCondition>,
    /// What shall run.
    pub desired: Release,
    /// Newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub history: Vec<UpdateHistory>,
    /// Generation of the spec that this speaks of.
    pub observed_generation: i64,
    /// Digest of the release.
    pub version_hash: String,
}

/// One attempt to reach a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateHistory {
    /// Risks that somebody accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub accepted_risks: Option<String>,
    /// When it was reached, or given up; null before.
    #[schemars(schema_with = "nullable_time", required)]
    pub completion_time: Option<Time>,
    /// Pull specification.
    pub image: String,
    /// When it began.
    pub started_time: Time,
    /// `Completed` or `Partial`.
    pub state: String,
    /// Whether the image's digest was checked.
    pub verified: bool,
    /// Version.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
}

fn nullable_time(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "format": "date-time", "x-hoist-nullable": true})
}
