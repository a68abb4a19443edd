//! Releases and updates as this group writes them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::condition::text;

/// A release by image and version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Release {
    /// `Multi` or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "architecture")]
    pub architecture: Option<String>,
    /// Channels that have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub channels: Vec<String>,
    /// Pull specification.
    pub image: String,
    /// Where people read about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub url: Option<String>,
    /// Version.
    pub version: String,
}

/// An order to update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.architecture) && has(self.image) ? (self.architecture == \"\" || self.image == \"\") : true", "message": "cannot set both Architecture and Image"},
    {"rule": "has(self.architecture) && self.architecture != \"\" ? self.version != \"\" : true", "message": "Version must be set if Architecture is set"}
]))]
pub struct Update {
    /// `Multi` or empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "architecture")]
    pub architecture: Option<String>,
    /// Whether checks are skipped.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub force: bool,
    /// Pull specification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub image: Option<String>,
    /// Version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "text")]
    pub version: Option<String>,
}

/// An update that is advised only under conditions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionalUpdate {
    /// Whether it is advised.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
    /// The release.
    pub release: Release,
    /// What speaks against it.
    #[schemars(length(min = 1, max = 200), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub risks: Vec<ConditionalUpdateRisk>,
}

/// What speaks against an update.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConditionalUpdateRisk {
    /// Which clusters it concerns.
    #[schemars(length(min = 1), extend("x-kubernetes-list-type" = "atomic"))]
    pub matching_rules: Vec<ClusterCondition>,
    /// A sentence, for people.
    #[schemars(length(min = 1))]
    pub message: String,
    /// One word, for programs.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Where people read about it.
    #[schemars(length(min = 1), extend("format" = "uri"))]
    pub url: String,
}

/// Which clusters a risk concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterCondition {
    /// A query that tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PromQlClusterCondition")]
    pub promql: Option<PromQlClusterCondition>,
    /// `Always` or `PromQL`.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["Always", "PromQL"]))]
    pub type_: String,
}

/// A query.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromQlClusterCondition {
    /// Gives 1 for clusters that the risk concerns.
    pub promql: String,
}

fn architecture(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": ["Multi", ""]})
}

pub(super) fn nullable_releases(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "array",
        "x-hoist-nullable": true,
        "x-kubernetes-list-type": "atomic",
        "items": generator.subschema_for::<Release>()
    })
}
