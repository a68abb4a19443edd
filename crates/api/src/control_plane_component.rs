//! `ControlPlaneComponent`: what one component of a hosted control plane is doing.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Spec of a component: empty, the status is what the object is for.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "ControlPlaneComponent",
    plural = "controlplanecomponents",
    shortname = "cpc",
    shortname = "cpcs",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "ControlPlaneComponentStatus",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.version","description":"Version"}"#,
    printcolumn = r#"{"name":"Available","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].status","description":"Available"}"#,
    printcolumn = r#"{"name":"RolloutComplete","type":"string","jsonPath":".status.conditions[?(@.type==\"RolloutComplete\")].status","description":"RolloutComplete"}"#,
    printcolumn = r#"{"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].message","description":"Message"}"#,
    printcolumn = r#"{"name":"RolloutCompleteMessage","type":"string","jsonPath":".status.conditions[?(@.type==\"RolloutComplete\")].message","description":"Message","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneComponentSpec {}

/// What a component is doing.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneComponentStatus {
    /// `Available` and `RolloutComplete`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::ten_conditions")]
    pub conditions: Vec<Condition>,
    /// Version that every pod of the component runs; set only when its rollout is complete.
    #[schemars(length(max = 255))]
    pub version: Option<String>,
    /// Objects that make up the component.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub resources: Vec<ComponentResource>,
    /// Generation of the workload that the conditions speak of.
    #[schemars(range(min = 1, max = 9_007_199_254_740_992_i64))]
    pub observed_generation: Option<i64>,
}

/// One object of a component.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentResource {
    /// Kind of the object.
    #[schemars(length(max = 255))]
    pub kind: String,
    /// API group; empty for the core group.
    #[schemars(length(max = 255))]
    pub group: String,
    /// Name of the object, in the component's namespace.
    #[schemars(length(max = 255))]
    pub name: String,
}
