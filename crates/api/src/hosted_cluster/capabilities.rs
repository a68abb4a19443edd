//! Optional parts of OpenShift.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::rules::immutable;

/// Which optional parts of OpenShift a cluster has. Hoist runs none of them.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.enabled) || !has(self.disabled) || !self.enabled.exists(capability, capability in self.disabled)").message("Capabilities can not be both enabled and disabled at once.")
)]
pub struct Capabilities {
    /// Besides what is there by default.
    #[schemars(length(max = 25), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(validation = immutable("Enabled is immutable. Changes might result in unpredictable and disruptive behavior."))]
    pub enabled: Option<Vec<OptionalCapability>>,
    /// Of what is there by default.
    #[schemars(length(max = 25), extend("x-kubernetes-list-type" = "atomic"))]
    #[x_kube(
        validation = immutable("Disabled is immutable. Changes might result in unpredictable and disruptive behavior."),
        validation = Rule::new("!('Ingress' in self) || 'Console' in self").message("Ingress capability can only be disabled if Console capability is also disabled")
    )]
    pub disabled: Option<Vec<OptionalCapability>>,
}

impl Capabilities {
    /// The default that the API server writes.
    #[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
    pub(crate) fn none() -> Option<Self> {
        Some(Self::default())
    }
}

/// Optional parts of OpenShift, in the order of HyperShift's enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "proper names")]
pub enum OptionalCapability {
    ImageRegistry,
    #[serde(rename = "openshift-samples")]
    OpenShiftSamples,
    Insights,
    #[serde(rename = "baremetal")]
    Baremetal,
    Console,
    NodeTuning,
    Ingress,
}
