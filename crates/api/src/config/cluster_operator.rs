//! `ClusterOperator`: how one part of the cluster is.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StatusCondition;

/// Spec: empty, the status is what the object is for.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "config.openshift.io",
    version = "v1",
    kind = "ClusterOperator",
    plural = "clusteroperators",
    shortname = "co",
    derive = "Default",
    derive = "PartialEq",
    status = "ClusterOperatorStatus",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.versions[?(@.name==\"operator\")].version","description":"The version that the part is at."}"#,
    printcolumn = r#"{"name":"Available","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].status","description":"Whether the part does its work."}"#,
    printcolumn = r#"{"name":"Progressing","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].status","description":"Whether the part is changing."}"#,
    printcolumn = r#"{"name":"Degraded","type":"string","jsonPath":".status.conditions[?(@.type==\"Degraded\")].status","description":"Whether something is wrong with the part."}"#,
    printcolumn = r#"{"name":"Since","type":"date","jsonPath":".status.conditions[?(@.type==\"Available\")].lastTransitionTime","description":"When the Available status last changed."}"#,
    printcolumn = r#"{"name":"Message","type":"string","jsonPath":".status.conditions[?(@.reason!=\"AsExpected\")].message","description":"What is not as it should be, if anything."}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOperatorSpec {}

/// How the part is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOperatorStatus {
    /// `Available`, `Degraded`, `Progressing` and `Upgradeable`. The table shows the message of the first one that is not as
    /// expected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<StatusCondition>,
    /// Further status of the part's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "extension")]
    pub extension: Option<serde_json::Value>,
    /// Objects of this cluster that make up the part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related_objects: Vec<ObjectReference>,
    /// Versions that are rolled out completely; the one of the whole part is named `operator`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<OperandVersion>,
}

fn extension(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "x-hoist-nullable": true, "x-kubernetes-preserve-unknown-fields": true})
}

/// An object that belongs to a part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReference {
    /// API group; empty for the core group.
    pub group: String,
    /// Name.
    pub name: String,
    /// Namespace, if it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Plural name of the resource.
    pub resource: String,
}

/// A version of a part, or of something that it consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperandVersion {
    /// Of what.
    pub name: String,
    /// Which.
    pub version: String,
}
