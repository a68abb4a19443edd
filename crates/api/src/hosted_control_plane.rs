//! `HostedControlPlane`: what the operator runs in a control plane namespace. Users read it, the operator writes it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::hosted_cluster::etcd::EtcdSpec;
use crate::hosted_cluster::networking::ClusterNetworking;
use crate::hosted_cluster::platform::PlatformSpec;
use crate::hosted_cluster::references::LocalObjectReference;
use crate::hosted_cluster::services::ServicePublishingStrategyMapping;
use crate::hosted_cluster::status::ApiEndpoint;
use crate::hosted_cluster::version::ClusterVersionStatus;
use crate::hosted_cluster::{AvailabilityPolicy, DnsSpec, SecretEncryptionSpec};

/// The HostedCluster's spec as its control plane needs it; references name copies in the control plane namespace.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "HostedControlPlane",
    plural = "hostedcontrolplanes",
    shortname = "hcp",
    shortname = "hcps",
    category = "cluster-api",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "HostedControlPlaneStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct HostedControlPlaneSpec {
    /// Release image of the cluster.
    pub release_image: String,
    /// Release image of the control plane, when it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_release_image: Option<String>,
    /// RFC 4122 UUID.
    #[serde(default, rename = "clusterID")]
    pub cluster_id: String,
    /// `<name>-<5 characters>`.
    #[serde(rename = "infraID")]
    pub infra_id: String,
    /// Where nodes come from.
    pub platform: PlatformSpec,
    /// Availability of the control plane.
    #[serde(default)]
    pub controller_availability_policy: AvailabilityPolicy,
    /// Availability of what runs on the nodes.
    #[serde(default)]
    pub infrastructure_availability_policy: AvailabilityPolicy,
    /// Names of the cluster.
    pub dns: DnsSpec,
    /// Networks.
    #[serde(default)]
    pub networking: ClusterNetworking,
    /// Datastore.
    pub etcd: EtcdSpec,
    /// Ways out.
    pub services: Vec<ServicePublishingStrategyMapping>,
    /// Copy of the pull secret.
    pub pull_secret: LocalObjectReference,
    /// Copy of the ssh key; may be empty.
    #[serde(default)]
    pub ssh_key: LocalObjectReference,
    /// Issuer of service-account tokens.
    #[serde(rename = "issuerURL")]
    pub issuer_url: String,
    /// Copy of the user's signing key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_signing_key: Option<LocalObjectReference>,
    /// Encryption at rest; references name copies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_encryption: Option<SecretEncryptionSpec>,
    /// Copy of the trust bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_trust_bundle: Option<LocalObjectReference>,
    /// As on the HostedCluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<String>,
    /// For its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// For its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerations: Option<Vec<Toleration>>,
    /// For its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// Status of a control plane.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostedControlPlaneStatus {
    /// The API server serves.
    #[serde(default)]
    pub ready: bool,
    /// It served once.
    #[serde(default)]
    pub initialized: bool,
    /// Cluster API's word for a control plane that runs elsewhere; always true.
    #[serde(default = "default_true")]
    pub external_managed_control_plane: bool,
    /// Where the API server is published.
    #[serde(default)]
    pub control_plane_endpoint: ApiEndpoint,
    /// Versions of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_status: Option<ClusterVersionStatus>,
    /// Versions of the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_version: Option<ClusterVersionStatus>,
    /// Secret of the administrator's kubeconfig in this namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_config: Option<KubeconfigSecretRef>,
    /// Nodes of the hosted cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_count: Option<i32>,
    /// What holds and what does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

fn default_true() -> bool {
    true
}

/// A Secret and the key of its kubeconfig.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KubeconfigSecretRef {
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
}
