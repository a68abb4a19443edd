//! `AgentClassification`: a label for Agents of which a query of their inventory is true.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::AgentInstallCondition;

/// Which label, and for which Agents.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "AgentClassification",
    plural = "agentclassifications",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "AgentClassificationStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct AgentClassificationSpec {
    /// Key of the label.
    pub label_key: String,
    /// Its value.
    pub label_value: String,
    /// In gojq's language, over an Agent's inventory.
    pub query: String,
}

/// How many Agents.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentClassificationStatus {
    /// Agents of which it is true.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::integer")]
    pub matched_count: Option<i64>,
    /// Agents at which it failed.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::integer")]
    pub error_count: Option<i64>,
    /// What holds and what does not.
    pub conditions: Option<Vec<AgentInstallCondition>>,
}
