//! Features that are not on, or not off, by default.

use kube::KubeSchema;
use kube::core::Rule as CelRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Features that are not on, or not off, by default.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureGateSpec {
    /// A set of features by name.
    #[x_kube(
        validation = stays("CustomNoUpgrade"),
        validation = stays("TechPreviewNoUpgrade"),
        validation = stays("DevPreviewNoUpgrade"),
        validation = Rule::new("oldSelf != 'OKD' || self != ''").message("OKD cannot transition to Default")
    )]
    pub feature_set: Option<FeatureSet>,
    /// For `CustomNoUpgrade`: Kubernetes' own names of features.
    #[schemars(extend("x-hoist-nullable" = true))]
    pub custom_no_upgrade: Option<CustomFeatureGates>,
}

fn stays(set: &str) -> CelRule {
    CelRule::new(format!("oldSelf != '{set}' || self == '{set}'")).message(format!("{set} may not be changed").as_str())
}

/// Sets of features.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "OpenShift's words")]
pub enum FeatureSet {
    CustomNoUpgrade,
    DevPreviewNoUpgrade,
    TechPreviewNoUpgrade,
    OKD,
    #[default]
    #[serde(rename = "")]
    Default,
}

/// Features by name.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomFeatureGates {
    /// On.
    #[schemars(inner(regex(pattern = r"^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$")))]
    pub enabled: Option<Vec<String>>,
    /// Off.
    #[schemars(inner(regex(pattern = r"^([A-Za-z0-9-]+\.)*[A-Za-z0-9-]+\.?$")))]
    pub disabled: Option<Vec<String>>,
}
