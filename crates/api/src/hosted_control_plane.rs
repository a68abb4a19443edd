//! `HostedControlPlane`: what the operator runs in a control plane namespace. Users read it, the operator writes it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::auto_node::AutoNode;
use crate::hosted_cluster::autoscaling::ClusterAutoscaling;
use crate::hosted_cluster::capabilities::Capabilities;
use crate::hosted_cluster::configuration::ClusterConfiguration;
use crate::hosted_cluster::configuration_status::ConfigurationStatus;
use crate::hosted_cluster::etcd::EtcdSpec;
use crate::hosted_cluster::monitoring::MonitoringSpec;
use crate::hosted_cluster::networking::ClusterNetworking;
use crate::hosted_cluster::operator_configuration::OperatorConfiguration;
use crate::hosted_cluster::platform::PlatformSpec;
use crate::hosted_cluster::references::{KubeconfigSecretRef, LocalObjectReference};
use crate::hosted_cluster::secret_encryption::SecretEncryptionStatus;
use crate::hosted_cluster::services::ServicePublishingStrategyMapping;
use crate::hosted_cluster::status::{ApiEndpoint, AutoNodeStatus, PlatformStatus};
use crate::hosted_cluster::version::{ClusterVersionStatus, ControlPlaneVersionStatus};
use crate::hosted_cluster::{
    AvailabilityPolicy, DnsSpec, ImageContentSource, OlmCatalogPlacement, SecretEncryptionSpec,
};
use crate::schema::rules;

/// The HostedCluster's spec as its control plane needs it; references name copies in the control plane namespace.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
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
#[x_kube(
    validation = rules::enough_services(),
    validation = rules::multi_network_needs_other(),
    validation = rules::not_removed("secretEncryption", "secretEncryption cannot be removed once configured")
)]
pub struct HostedControlPlaneSpec {
    /// Release image of the cluster.
    #[schemars(length(max = 255))]
    pub release_image: String,
    /// Release image of the control plane, when it differs.
    #[schemars(length(max = 255))]
    pub control_plane_release_image: Option<String>,
    /// RFC 4122 UUID.
    #[serde(default, rename = "clusterID")]
    #[schemars(length(max = 255), extend("x-hoist-undefaulted" = true))]
    pub cluster_id: String,
    /// `<name>-<5 characters>`.
    #[serde(rename = "infraID")]
    #[schemars(length(max = 255))]
    pub infra_id: String,
    /// As on the HostedCluster.
    pub update_service: Option<String>,
    /// As on the HostedCluster.
    #[schemars(length(max = 255))]
    pub channel: Option<String>,
    /// Where nodes come from.
    pub platform: PlatformSpec,
    /// As on the HostedCluster.
    #[serde(rename = "kubeAPIServerDNSName")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::domain_or_empty("kubeAPIServerDNSName must be a valid URL name (e.g., api.example.com)"))]
    pub kube_api_server_dns_name: Option<String>,
    /// Availability of the control plane.
    #[serde(default)]
    #[x_kube(validation = rules::immutable("ControllerAvailabilityPolicy is immutable"))]
    pub controller_availability_policy: AvailabilityPolicy,
    /// Availability of what runs on the nodes.
    #[serde(default = "AvailabilityPolicy::single_replica")]
    pub infrastructure_availability_policy: AvailabilityPolicy,
    /// Names of the cluster.
    pub dns: DnsSpec,
    /// Networks.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub networking: ClusterNetworking,
    /// As on the HostedCluster.
    pub autoscaling: Option<ClusterAutoscaling>,
    /// As on the HostedCluster.
    pub auto_node: Option<AutoNode>,
    /// Datastore.
    pub etcd: EtcdSpec,
    /// Ways out.
    #[schemars(length(max = 6))]
    pub services: Vec<ServicePublishingStrategyMapping>,
    /// Copy of the pull secret.
    pub pull_secret: LocalObjectReference,
    /// Copy of the ssh key; may be empty.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true, "x-hoist-required" = true))]
    pub ssh_key: LocalObjectReference,
    /// Issuer of service-account tokens.
    #[serde(rename = "issuerURL")]
    #[schemars(length(max = 255))]
    pub issuer_url: String,
    /// Copy of the user's signing key.
    pub service_account_signing_key: Option<LocalObjectReference>,
    /// As on the HostedCluster.
    pub configuration: Option<ClusterConfiguration>,
    /// As on the HostedCluster.
    pub operator_configuration: Option<OperatorConfiguration>,
    /// Copy of the audit webhook's kubeconfig.
    pub audit_webhook: Option<LocalObjectReference>,
    /// As on the HostedCluster.
    #[schemars(length(max = 255))]
    pub image_content_sources: Option<Vec<ImageContentSource>>,
    /// Copy of the trust bundle.
    pub additional_trust_bundle: Option<LocalObjectReference>,
    /// Encryption at rest; references name copies.
    pub secret_encryption: Option<SecretEncryptionSpec>,
    /// As on the HostedCluster.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub fips: bool,
    /// Secret and key for the administrator's kubeconfig, where another name is wanted.
    pub kubeconfig: Option<KubeconfigSecretRef>,
    /// As on the HostedCluster.
    #[schemars(length(max = 255))]
    pub paused_until: Option<String>,
    /// As on the HostedCluster.
    #[serde(default)]
    pub olm_catalog_placement: OlmCatalogPlacement,
    /// For its pods.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// For its pods.
    #[schemars(length(max = 25))]
    pub tolerations: Option<Vec<Toleration>>,
    /// For its pods.
    #[schemars(extend("maxProperties" = 20))]
    pub labels: Option<BTreeMap<String, String>>,
    /// As on the HostedCluster.
    #[serde(default = "Capabilities::none")]
    #[x_kube(validation = rules::immutable("Capabilities is immutable. Changes might result in unpredictable and disruptive behavior."))]
    pub capabilities: Option<Capabilities>,
    /// As on the HostedCluster.
    pub monitoring: Option<MonitoringSpec>,
}

/// Status of a control plane.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostedControlPlaneStatus {
    /// The API server serves.
    #[serde(default)]
    #[schemars(extend("x-hoist-required" = true))]
    pub ready: bool,
    /// It served once.
    #[serde(default)]
    #[schemars(extend("x-hoist-required" = true))]
    pub initialized: bool,
    /// Cluster API's word for a control plane that runs elsewhere; always true.
    #[serde(default = "yes")]
    pub external_managed_control_plane: bool,
    /// Where the API server is published.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub control_plane_endpoint: ApiEndpoint,
    /// Versions of the cluster.
    pub version_status: Option<ClusterVersionStatus>,
    /// Versions of the control plane.
    pub control_plane_version: Option<ControlPlaneVersionStatus>,
    /// Version of the control plane, in its former place.
    #[schemars(length(max = 255))]
    pub version: Option<String>,
    /// Release image of the control plane, in its former place.
    #[schemars(length(max = 255))]
    pub release_image: Option<String>,
    /// When `releaseImage` changed.
    pub last_release_image_transition_time: Option<Time>,
    /// Secret of the administrator's kubeconfig in this namespace.
    pub kube_config: Option<KubeconfigSecretRef>,
    /// Secret of the kubeconfig for `spec.kubeAPIServerDNSName` in this namespace.
    pub custom_kubeconfig: Option<KubeconfigSecretRef>,
    /// There is none without OpenShift's own login.
    pub kubeadmin_password: Option<LocalObjectReference>,
    /// There is none without OpenShift's own login.
    #[serde(rename = "oauthCallbackURLTemplate")]
    #[schemars(length(max = 255))]
    pub oauth_callback_url_template: Option<String>,
    /// Nodes of the hosted cluster.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::integer")]
    pub node_count: Option<i32>,
    /// How far encryption at rest is.
    pub secret_encryption: Option<SecretEncryptionStatus>,
    /// Nodes that a provisioner brought.
    pub auto_node: Option<AutoNodeStatus>,
    /// What became of `spec.configuration`.
    pub configuration: Option<ConfigurationStatus>,
    /// Facts of the platform; only clouds have any.
    pub platform: Option<PlatformStatus>,
    /// What holds and what does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::conditions")]
    pub conditions: Vec<Condition>,
}

fn yes() -> bool {
    true
}
