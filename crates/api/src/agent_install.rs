//! The kinds of the Agent platform, `agent-install.openshift.io/v1beta1`: hosts that were found, and what they are found with.
//!
//! Source: OpenShift's assisted-service, `api/v1beta1`.

pub mod agent;
pub mod agent_classification;
pub mod agent_service_config;
pub mod infra_env;
pub mod inventory;
pub mod nm_state_config;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use agent::Agent;
pub use agent_classification::AgentClassification;
pub use agent_service_config::{AgentServiceConfig, HypershiftAgentServiceConfig};
pub use infra_env::InfraEnv;
pub use nm_state_config::NMStateConfig;

/// The group's own condition type: with a heartbeat, and nothing required but type and status.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentInstallCondition {
    /// Which condition.
    #[serde(rename = "type")]
    pub type_: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: Option<String>,
    /// For people.
    pub message: Option<String>,
    /// When it was last looked at.
    pub last_heartbeat_time: Option<Time>,
    /// When `status` changed.
    pub last_transition_time: Option<Time>,
}

/// Name and namespace of a cluster.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterReference {
    /// Name.
    pub name: Option<String>,
    /// Namespace.
    pub namespace: Option<String>,
}

/// Name and namespace of an object, both needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamespacedReference {
    /// Name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
}
