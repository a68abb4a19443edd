//! Where the nodes of a pool come from.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::kubevirt::{KubevirtNodePoolPlatform, KubevirtNodePoolStatus};
use crate::hosted_cluster::platform::PlatformType;
use crate::schema::rules::immutable;

/// Platform of a pool.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
pub struct NodePoolPlatform {
    /// Must be the cluster's.
    #[serde(rename = "type")]
    #[schemars(extend("maxLength" = 100))]
    #[x_kube(validation = immutable("Type is immutable"))]
    pub type_: PlatformType,
    /// Settings of platform Agent.
    pub agent: Option<AgentNodePoolPlatform>,
    /// Settings of platform KubeVirt.
    pub kubevirt: Option<KubevirtNodePoolPlatform>,
}

/// Settings of platform Agent.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentNodePoolPlatform {
    /// Which Agents may become nodes; all of the namespace when absent.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::label_selector")]
    pub agent_label_selector: Option<LabelSelector>,
}

/// What a platform says of a pool.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePoolPlatformStatus {
    /// KubeVirt.
    pub kube_virt: Option<KubevirtNodePoolStatus>,
}
