//! What is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::configuration_status::ConfigurationStatus;
use super::references::LocalObjectReference;
use super::secret_encryption::SecretEncryptionStatus;
use super::version::{ClusterVersionStatus, ControlPlaneVersionStatus};

/// Status of a HostedCluster.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostedClusterStatus {
    /// Versions of the cluster.
    pub version: Option<ClusterVersionStatus>,
    /// Versions of its control plane.
    pub control_plane_version: Option<ControlPlaneVersionStatus>,
    /// Secret with key `kubeconfig`, in the HostedCluster's namespace.
    pub kubeconfig: Option<LocalObjectReference>,
    /// Secret with key `kubeconfig` for `spec.kubeAPIServerDNSName`, in the HostedCluster's namespace.
    pub custom_kubeconfig: Option<LocalObjectReference>,
    /// Secret with key `password`; there is none without OpenShift's own login.
    pub kubeadmin_password: Option<LocalObjectReference>,
    /// `host:port` of the server that joining hosts talk to.
    #[schemars(length(max = 1024))]
    pub ignition_endpoint: Option<String>,
    /// Where the API server is published.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub control_plane_endpoint: ApiEndpoint,
    /// Where OpenShift's own login calls back; there is none without it.
    #[serde(rename = "oauthCallbackURLTemplate")]
    #[schemars(length(max = 1024))]
    pub oauth_callback_url_template: Option<String>,
    /// Architectures of the release.
    pub payload_arch: Option<PayloadArchType>,
    /// How far encryption at rest is.
    pub secret_encryption: Option<SecretEncryptionStatus>,
    /// Nodes that a provisioner brought.
    pub auto_node: Option<AutoNodeStatus>,
    /// What became of `spec.configuration`.
    pub configuration: Option<ConfigurationStatus>,
    /// Facts of the platform; only clouds have any.
    pub platform: Option<PlatformStatus>,
    /// What holds and what does not, with reason and next step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::conditions")]
    pub conditions: Vec<Condition>,
}

/// A published endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiEndpoint {
    /// Host name or address.
    #[schemars(length(max = 255))]
    pub host: String,
    /// Port; 0 while unknown.
    pub port: i32,
}

/// Architectures of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "HyperShift's words")]
pub enum PayloadArchType {
    Multi,
    ARM64,
    AMD64,
    PPC64LE,
    S390X,
}

/// Nodes that a provisioner brought.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct AutoNodeStatus {
    /// Nodes.
    #[schemars(range(min = 0))]
    pub node_count: Option<i32>,
    /// Claims to nodes.
    #[schemars(range(min = 0))]
    pub node_claim_count: Option<i32>,
    /// Their processors.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub vcpus: Option<i32>,
}

/// Facts of the platform; only clouds have any, and theirs are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlatformStatus {}
