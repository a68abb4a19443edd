//! How the nodes of a pool are upgraded and repaired.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

use crate::schema::rules::immutable;

/// How nodes are upgraded and repaired.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.inPlace) || self.upgradeType == 'InPlace'").message("The 'inPlace' field can only be set when 'upgradeType' is 'InPlace'"))]
pub struct NodePoolManagement {
    /// New nodes or the same ones.
    #[x_kube(validation = immutable("UpgradeType is immutable"))]
    pub upgrade_type: UpgradeType,
    /// For `Replace`; written even for `InPlace`, as HyperShift does.
    #[serde(default = "ReplaceUpgrade::rolling")]
    pub replace: ReplaceUpgrade,
    /// For `InPlace`.
    pub in_place: Option<InPlaceUpgrade>,
    /// Replaces unhealthy nodes.
    #[serde(default)]
    pub auto_repair: bool,
}

/// New nodes or the same ones.
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
#[strum(ascii_case_insensitive)]
pub enum UpgradeType {
    /// New nodes.
    Replace,
    /// The same nodes.
    #[default]
    InPlace,
}

/// How nodes are replaced.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.rollingUpdate) || self.strategy == 'RollingUpdate'").message("The 'rollingUpdate' field can only be set when 'strategy' is 'RollingUpdate'"))]
pub struct ReplaceUpgrade {
    /// All by themselves, or as old ones are deleted.
    pub strategy: Option<UpgradeStrategy>,
    /// For `RollingUpdate`.
    pub rolling_update: Option<RollingUpdate>,
}

impl ReplaceUpgrade {
    fn rolling() -> Self {
        let rolling_update =
            RollingUpdate { max_unavailable: Some(IntOrString::Int(0)), max_surge: Some(IntOrString::Int(1)) };
        Self { strategy: Some(UpgradeStrategy::RollingUpdate), rolling_update: Some(rolling_update) }
    }
}

impl Default for ReplaceUpgrade {
    fn default() -> Self {
        Self::rolling()
    }
}

/// When old nodes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UpgradeStrategy {
    /// By themselves, some at a time.
    RollingUpdate,
    /// When somebody deletes them.
    OnDelete,
}

/// How many at a time.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingUpdate {
    /// May be missing meanwhile.
    pub max_unavailable: Option<IntOrString>,
    /// May exist besides.
    pub max_surge: Option<IntOrString>,
}

/// How nodes are upgraded in place.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InPlaceUpgrade {
    /// May be missing meanwhile; 1 when absent.
    pub max_unavailable: Option<IntOrString>,
}
