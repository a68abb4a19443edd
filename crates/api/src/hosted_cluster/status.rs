//! What is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::references::LocalObjectReference;
use super::version::ClusterVersionStatus;

/// Status of a HostedCluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostedClusterStatus {
    /// Versions of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ClusterVersionStatus>,
    /// Versions of its control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_version: Option<ClusterVersionStatus>,
    /// Secret with key `kubeconfig`, in the HostedCluster's namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<LocalObjectReference>,
    /// `host:port` of the server that joining hosts talk to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignition_endpoint: Option<String>,
    /// Where the API server is published.
    #[serde(default)]
    pub control_plane_endpoint: ApiEndpoint,
    /// Architectures of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_arch: Option<String>,
    /// What holds and what does not, with reason and next step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// A published endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiEndpoint {
    /// Host name or address.
    #[serde(default)]
    pub host: String,
    /// Port; 0 while unknown.
    #[serde(default)]
    pub port: i32,
}
