//! `HostedCluster`: the cluster that a user asks for.

pub mod auto_node;
pub mod autoscaling;
pub mod availability;
pub mod capabilities;
pub mod configuration;
pub mod configuration_status;
pub mod dns;
pub mod etcd;
pub mod images;
pub mod kubevirt;
pub mod monitoring;
pub mod networking;
pub mod operator_configuration;
pub mod platform;
pub mod references;
pub mod secret_encryption;
pub mod services;
pub mod status;
pub mod version;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use kube::CustomResource;
use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use availability::AvailabilityPolicy;
pub use dns::DnsSpec;
pub use images::ImageContentSource;
pub use secret_encryption::{AescbcSpec, SecretEncryptionSpec, SecretEncryptionType};

use crate::schema::rules;
use auto_node::AutoNode;
use autoscaling::ClusterAutoscaling;
use capabilities::Capabilities;
use configuration::ClusterConfiguration;
use etcd::EtcdSpec;
use monitoring::MonitoringSpec;
use networking::ClusterNetworking;
use operator_configuration::OperatorConfiguration;
use platform::PlatformSpec;
use references::{LocalObjectReference, Release};
use services::ServicePublishingStrategyMapping;
use status::HostedClusterStatus;

/// What a user wants. Field names, defaults and rules are HyperShift's.
///
/// Source: `api/hypershift/v1beta1/hostedcluster_types.go`; blocks of cloud platforms are not ours.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "HostedCluster",
    plural = "hostedclusters",
    shortname = "hc",
    shortname = "hcs",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "HostedClusterStatus",
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.version.history[?(@.state==\"Completed\")].version","description":"Version"}"#,
    printcolumn = r#"{"name":"KubeConfig","type":"string","jsonPath":".status.kubeconfig.name","description":"KubeConfig Secret"}"#,
    printcolumn = r#"{"name":"Progress","type":"string","jsonPath":".status.version.history[?(@.state!=\"\")].state","description":"Progress"}"#,
    printcolumn = r#"{"name":"Available","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].status","description":"Available"}"#,
    printcolumn = r#"{"name":"Progressing","type":"string","jsonPath":".status.conditions[?(@.type==\"Progressing\")].status","description":"Progressing"}"#,
    printcolumn = r#"{"name":"Message","type":"string","jsonPath":".status.conditions[?(@.type==\"Available\")].message","description":"Message"}"#,
    printcolumn = r#"{"name":"CP Version","type":"string","jsonPath":".status.controlPlaneVersion.history[?(@.state==\"Completed\")].version","description":"Version of the control plane","priority":1}"#,
    printcolumn = r#"{"name":"CP Progress","type":"string","jsonPath":".status.controlPlaneVersion.history[0].state","description":"Progress of the control plane","priority":1}"#,
    printcolumn = r#"{"name":"DP Progress","type":"string","jsonPath":".status.version.history[0].state","description":"Progress of the cluster","priority":1}"#,
    validation = Rule::new("!has(oldSelf.spec) || !has(oldSelf.spec.infraID) || (has(self.spec) && has(self.spec.infraID))").message("infraID cannot be removed once set"),
    validation = Rule::new("!has(oldSelf.spec) || !has(oldSelf.spec.clusterID) || (has(self.spec) && has(self.spec.clusterID))").message("clusterID cannot be removed once set")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::enough_services(),
    validation = Rule::new("self.platform.type == 'IBMCloud' || self.services == oldSelf.services").message("Services is immutable. Changes might result in unpredictable and disruptive behavior."),
    validation = Rule::new("has(self.issuerURL) || !has(self.serviceAccountSigningKey)").message("If serviceAccountSigningKey is set, issuerURL must be set"),
    validation = load_balancer_name_is_not_named(),
    validation = rules::multi_network_needs_other(),
    validation = Rule::new("self.networking.networkType == 'OVNKubernetes' || !has(self.operatorConfiguration) || !has(self.operatorConfiguration.clusterNetworkOperator) || !has(self.operatorConfiguration.clusterNetworkOperator.ovnKubernetesConfig)").message("ovnKubernetesConfig is forbidden when networkType is not OVNKubernetes"),
    validation = rules::not_removed("secretEncryption", "secretEncryption cannot be removed once configured")
)]
pub struct HostedClusterSpec {
    /// Release image of the cluster.
    pub release: Release,
    /// Release image of the control plane alone, when it runs ahead of the nodes.
    pub control_plane_release: Option<Release>,
    /// RFC 4122 UUID; generated when empty.
    #[serde(rename = "clusterID")]
    #[schemars(length(min = 36, max = 36))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$')").message("clusterID must be an RFC4122 UUID value (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal digits)"),
        validation = rules::immutable_once_filled("clusterID is immutable")
    )]
    pub cluster_id: Option<String>,
    /// Generated as `<name>-<5 characters>` when empty.
    #[serde(rename = "infraID")]
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(
        validation = rules::lower_case_name("infraID"),
        validation = rules::immutable_once_filled("infraID is immutable")
    )]
    pub infra_id: Option<String>,
    /// Where updates are looked up; kept as written, nobody is asked.
    #[x_kube(validation = Rule::new("isURL(self)").message("updateService must be a valid absolute URL"))]
    pub update_service: Option<String>,
    /// Update channel.
    #[schemars(length(min = 1, max = 100))]
    pub channel: Option<String>,
    /// Where nodes come from.
    pub platform: PlatformSpec,
    /// Name under which users reach the API server besides its published address.
    #[serde(rename = "kubeAPIServerDNSName")]
    #[schemars(length(max = 253))]
    #[x_kube(validation = rules::domain_or_empty("kubeAPIServerDNSName must be a valid URL name (e.g., api.example.com)"))]
    pub kube_api_server_dns_name: Option<String>,
    /// `HighlyAvailable` unless said otherwise.
    #[serde(default)]
    #[x_kube(validation = rules::immutable("ControllerAvailabilityPolicy is immutable"))]
    pub controller_availability_policy: AvailabilityPolicy,
    /// Availability of what runs on the nodes; `SingleReplica` unless said otherwise.
    #[serde(default = "AvailabilityPolicy::single_replica")]
    pub infrastructure_availability_policy: AvailabilityPolicy,
    /// Names of the cluster.
    pub dns: Option<DnsSpec>,
    /// Networks of the cluster.
    #[serde(default)]
    pub networking: ClusterNetworking,
    /// When nodes come and go.
    pub autoscaling: Option<ClusterAutoscaling>,
    /// Nodes that a provisioner brings by itself.
    pub auto_node: Option<AutoNode>,
    /// Its datastore.
    #[serde(default)]
    pub etcd: EtcdSpec,
    /// How its services are reached from outside the management cluster.
    #[schemars(length(max = 6))]
    pub services: Vec<ServicePublishingStrategyMapping>,
    /// Secret with key `.dockerconfigjson`.
    pub pull_secret: LocalObjectReference,
    /// Secret with key `id_rsa.pub`; may be empty.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    pub ssh_key: LocalObjectReference,
    /// Issuer of service-account tokens.
    #[serde(default = "default_issuer_url", rename = "issuerURL")]
    #[schemars(length(max = 255))]
    #[x_kube(
        validation = rules::immutable("issuerURL is immutable"),
        validation = Rule::new("isURL(self)").message("issuerURL must be a valid absolute URL")
    )]
    pub issuer_url: String,
    /// Secret with key `key`: the user's own service-account signing key.
    pub service_account_signing_key: Option<LocalObjectReference>,
    /// Settings of OpenShift's configuration kinds.
    pub configuration: Option<ClusterConfiguration>,
    /// Settings of OpenShift's operators.
    pub operator_configuration: Option<OperatorConfiguration>,
    /// Secret with key `webhook-kubeconfig`.
    pub audit_webhook: Option<LocalObjectReference>,
    /// Mirrors of image repositories.
    #[schemars(length(max = 255))]
    pub image_content_sources: Option<Vec<ImageContentSource>>,
    /// ConfigMap with key `ca-bundle.crt`.
    pub additional_trust_bundle: Option<LocalObjectReference>,
    /// Encryption of Secrets at rest.
    pub secret_encryption: Option<SecretEncryptionSpec>,
    /// FIPS binaries are not part of a release yet.
    #[serde(default)]
    #[schemars(extend("x-hoist-undefaulted" = true))]
    #[x_kube(validation = rules::immutable("fips is immutable"))]
    pub fips: bool,
    /// A date in RFC 3339, or `true`.
    #[schemars(length(min = 4, max = 35))]
    #[x_kube(validation = rules::paused_until())]
    pub paused_until: Option<String>,
    /// There is no catalog.
    #[serde(default)]
    #[x_kube(validation = rules::immutable("OLMCatalogPlacement is immutable"))]
    pub olm_catalog_placement: OlmCatalogPlacement,
    /// For pods of the control plane.
    #[x_kube(validation = Rule::new("size(self) <= 20").message("nodeSelector map can have at most 20 entries"))]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// For pods of the control plane.
    #[schemars(length(max = 25))]
    pub tolerations: Option<Vec<Toleration>>,
    /// For pods of the control plane.
    #[schemars(extend("maxProperties" = 20))]
    pub labels: Option<BTreeMap<String, String>>,
    /// Optional parts of OpenShift.
    #[serde(default = "Capabilities::none")]
    #[x_kube(validation = rules::immutable("Capabilities is immutable. Changes might result in unpredictable and disruptive behavior."))]
    pub capabilities: Option<Capabilities>,
    /// What metrics are collected for.
    pub monitoring: Option<MonitoringSpec>,
}

/// The published name of the API server has a certificate already.
fn load_balancer_name_is_not_named() -> kube::core::Rule {
    kube::core::Rule::new(
        "!(has(self.configuration) && has(self.configuration.apiServer) && has(self.configuration.apiServer.servingCerts) && has(self.configuration.apiServer.servingCerts.namedCertificates)) || !self.services.exists(s, s.service == 'APIServer' && has(s.servicePublishingStrategy.loadBalancer) && s.servicePublishingStrategy.loadBalancer.hostname != '' && self.configuration.apiServer.servingCerts.namedCertificates.exists(certificate, has(certificate.names) && s.servicePublishingStrategy.loadBalancer.hostname in certificate.names))",
    )
    .message("APIServer loadBalancer hostname cannot be in ClusterConfiguration.apiserver.servingCerts.namedCertificates[]")
}

fn default_issuer_url() -> String {
    "https://kubernetes.default.svc".to_owned()
}

/// Where OpenShift's catalogs of operators run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OlmCatalogPlacement {
    /// Beside the control plane.
    #[default]
    Management,
    /// On the nodes.
    Guest,
}
