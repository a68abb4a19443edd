//! Nodes that a provisioner brings by itself.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::rules::exactly_when;

/// Nodes that a provisioner brings by itself. The one provisioner of the API needs a cloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AutoNode {
    /// The provisioner.
    pub provisioner_config: ProvisionerConfig,
}

/// A provisioner.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = exactly_when("self.name == 'Karpenter'", "karpenter", "karpenter is required when name is Karpenter, and forbidden otherwise"))]
pub struct ProvisionerConfig {
    /// Which provisioner.
    pub name: Provisioner,
    /// For `Karpenter`.
    pub karpenter: Option<KarpenterConfig>,
}

/// Provisioners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Provisioner {
    /// Needs a cloud.
    Karpenter,
}

/// Settings of Karpenter; those of the cloud are not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KarpenterConfig {
    /// The cloud.
    #[schemars(extend("maxLength" = 100))]
    pub platform: KarpenterPlatform,
}

/// Clouds of Karpenter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "a proper name")]
pub enum KarpenterPlatform {
    AWS,
}
