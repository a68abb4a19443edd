//! Where nodes come from.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

use super::kubevirt::KubevirtPlatformSpec;
use crate::schema::rules::immutable;

/// Platform of a HostedCluster or HostedControlPlane.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformSpec {
    /// Which platform.
    #[serde(rename = "type")]
    #[schemars(extend("maxLength" = 100))]
    #[x_kube(validation = immutable("Type is immutable"))]
    pub type_: PlatformType,
    /// Settings of platform Agent.
    pub agent: Option<AgentPlatformSpec>,
    /// Settings of platform KubeVirt.
    pub kubevirt: Option<KubevirtPlatformSpec>,
}

/// Platforms in the order of HyperShift's enum. The operator says by a condition which of them this installation serves.
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentPlatformSpec {
    /// Namespace of the Agents.
    #[schemars(length(max = 63))]
    pub agent_namespace: String,
}
