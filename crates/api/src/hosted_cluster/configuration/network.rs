//! Networks, external addresses and node ports of Services.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Networks in OpenShift's form; `spec.networking` decides what is said in both.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.networkDiagnostics) || !has(self.networkDiagnostics.mode) || self.networkDiagnostics.mode != 'Disabled' || (!has(self.networkDiagnostics.sourcePlacement) && !has(self.networkDiagnostics.targetPlacement))").message("cannot set networkDiagnostics.sourcePlacement and networkDiagnostics.targetPlacement when networkDiagnostics.mode is Disabled"))]
pub struct NetworkSpec {
    /// Networks of pods.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub cluster_network: Option<Vec<PodNetwork>>,
    /// Networks of Services.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub service_network: Option<Vec<String>>,
    /// Which network.
    pub network_type: Option<String>,
    /// Addresses that Services may claim for themselves.
    #[serde(rename = "externalIP")]
    pub external_ip: Option<ExternalIpConfig>,
    /// Ports of Services of type NodePort, `first-last`.
    #[schemars(regex(
        pattern = "^([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])-([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
    ))]
    pub service_node_port_range: Option<String>,
    /// Checks of the network.
    pub network_diagnostics: Option<NetworkDiagnostics>,
}

/// A network of pods.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PodNetwork {
    /// CIDR notation.
    pub cidr: Option<String>,
    /// Prefix length of one node's part.
    #[schemars(range(min = 0))]
    pub host_prefix: Option<i32>,
}

/// Addresses that Services may claim for themselves.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalIpConfig {
    /// Which may be claimed.
    pub policy: Option<ExternalIpPolicy>,
    /// From which Services of type LoadBalancer are given one.
    #[serde(rename = "autoAssignCIDRs")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub auto_assign_cidrs: Option<Vec<String>>,
}

/// Which addresses may be claimed.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalIpPolicy {
    /// These.
    #[serde(rename = "allowedCIDRs")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub allowed_cidrs: Option<Vec<String>>,
    /// Not these.
    #[serde(rename = "rejectedCIDRs")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub rejected_cidrs: Option<Vec<String>>,
}

/// Checks of the network.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDiagnostics {
    /// Whether there are any.
    pub mode: Option<NetworkDiagnosticsMode>,
    /// Where the asking pod runs.
    pub source_placement: Option<NetworkDiagnosticsPlacement>,
    /// Where the answering pods run.
    pub target_placement: Option<NetworkDiagnosticsPlacement>,
}

/// Whether there are checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum NetworkDiagnosticsMode {
    #[serde(rename = "")]
    NoOpinion,
    All,
    Disabled,
}

/// Where pods of the checks run.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetworkDiagnosticsPlacement {
    /// Labels of nodes.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Taints that they tolerate.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub tolerations: Option<Vec<Toleration>>,
}
