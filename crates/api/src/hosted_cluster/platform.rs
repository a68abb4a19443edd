//! Where nodes come from.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

/// Platform of a HostedCluster or HostedControlPlane.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformSpec {
    /// Which platform.
    #[serde(rename = "type")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("Type is immutable"))]
    pub type_: PlatformType,
    /// Settings of platform Agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentPlatformSpec>,
}

/// Platforms in the order of HyperShift's enum. The operator says by a condition which of them this installation serves.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display, IntoStaticStr,
)]
#[allow(missing_docs, reason = "proper names")]
pub enum PlatformType {
    AWS,
    Azure,
    IBMCloud,
    KubeVirt,
    Agent,
    PowerVS,
    #[default]
    None,
}

/// Settings of platform Agent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentPlatformSpec {
    /// Namespace of the Agents.
    pub agent_namespace: String,
}
