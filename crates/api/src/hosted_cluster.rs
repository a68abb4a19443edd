//! `HostedCluster`: the cluster that a user asks for.

pub mod etcd;
pub mod networking;
pub mod platform;
pub mod references;
pub mod services;
pub mod status;
pub mod version;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use kube::CustomResource;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

use etcd::EtcdSpec;
use networking::ClusterNetworking;
use platform::PlatformSpec;
use references::{LocalObjectReference, Release};
use services::ServicePublishingStrategyMapping;
use status::HostedClusterStatus;

/// What a user wants. Field names, defaults and rules are HyperShift's.
///
/// Source: `api/hypershift/v1beta1/hostedcluster_types.go`; blocks of cloud platforms are not ours.
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
    printcolumn = r#"{"name":"CP Version","type":"string","jsonPath":".status.controlPlaneVersion.history[?(@.state==\"Completed\")].version","description":"Version of the control plane","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(oldSelf.secretEncryption) || has(self.secretEncryption)").message("secretEncryption cannot be removed once configured"),
    validation = Rule::new("self.services.size() >= 4").message("spec.services in body should have at least 4 items or 3 for IBMCloud")
)]
pub struct HostedClusterSpec {
    /// Release image of the cluster.
    pub release: Release,
    /// Release image of the control plane alone, when it runs ahead of the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_plane_release: Option<Release>,
    /// RFC 4122 UUID; generated when empty.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "clusterID")]
    #[x_kube(validation = Rule::new("oldSelf == \"\" || self == oldSelf").message("clusterID is immutable"))]
    pub cluster_id: Option<String>,
    /// Generated as `<name>-<5 characters>` when empty.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "infraID")]
    #[x_kube(validation = Rule::new("oldSelf == \"\" || self == oldSelf").message("infraID is immutable"))]
    pub infra_id: Option<String>,
    /// Where nodes come from.
    pub platform: PlatformSpec,
    /// `HighlyAvailable` unless said otherwise.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("ControllerAvailabilityPolicy is immutable"))]
    pub controller_availability_policy: AvailabilityPolicy,
    /// Availability of what runs on the nodes; `SingleReplica` unless said otherwise.
    #[serde(default = "AvailabilityPolicy::single_replica")]
    pub infrastructure_availability_policy: AvailabilityPolicy,
    /// Names of the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsSpec>,
    /// Networks of the cluster.
    #[serde(default)]
    pub networking: ClusterNetworking,
    /// Its datastore.
    #[serde(default)]
    pub etcd: EtcdSpec,
    /// How its services are reached from outside the management cluster.
    #[schemars(length(max = 6))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("Services is immutable. Changes might result in unpredictable and disruptive behavior."))]
    pub services: Vec<ServicePublishingStrategyMapping>,
    /// Secret with key `.dockerconfigjson`.
    pub pull_secret: LocalObjectReference,
    /// Secret with key `id_rsa.pub`; may be empty.
    #[serde(default)]
    pub ssh_key: LocalObjectReference,
    /// Issuer of service-account tokens.
    #[serde(default = "default_issuer_url", rename = "issuerURL")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("issuerURL is immutable"))]
    pub issuer_url: String,
    /// Secret with key `key`: the user's own service-account signing key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account_signing_key: Option<LocalObjectReference>,
    /// Encryption of Secrets at rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_encryption: Option<SecretEncryptionSpec>,
    /// ConfigMap with key `ca-bundle.crt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_trust_bundle: Option<LocalObjectReference>,
    /// A date in RFC 3339, or `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_until: Option<String>,
    /// For pods of the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_selector: Option<BTreeMap<String, String>>,
    /// For pods of the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 25))]
    pub tolerations: Option<Vec<Toleration>>,
    /// For pods of the control plane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Accepted; FIPS binaries are not part of a release yet.
    #[serde(default)]
    #[x_kube(validation = Rule::new("self == oldSelf").message("fips is immutable"))]
    pub fips: bool,
    /// Accepted; there is no catalog.
    #[serde(default = "default_olm_catalog_placement")]
    pub olm_catalog_placement: String,
    /// Settings of OpenShift's configuration kinds, kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open_object")]
    pub configuration: Option<serde_json::Value>,
    /// Settings of operators, kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open_object")]
    pub operator_configuration: Option<serde_json::Value>,
    /// Settings of the autoscaler, kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open_object")]
    pub autoscaling: Option<serde_json::Value>,
    /// Capabilities of OpenShift, kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "open_object")]
    pub capabilities: Option<serde_json::Value>,
    /// Mirrors of image repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 255))]
    pub image_content_sources: Option<Vec<ImageContentSource>>,
    /// Secret with key `webhook-kubeconfig`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_webhook: Option<LocalObjectReference>,
    /// Update channel, kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

fn default_issuer_url() -> String {
    "https://kubernetes.default.svc".to_owned()
}

fn default_olm_catalog_placement() -> String {
    "management".to_owned()
}

/// An object of any shape that the API server keeps whole.
pub(crate) fn open_object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// One copy of each part, or enough to lose a node.
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
pub enum AvailabilityPolicy {
    /// Three members or two replicas, on different nodes.
    #[default]
    HighlyAvailable,
    /// One of each.
    SingleReplica,
}

impl AvailabilityPolicy {
    fn single_replica() -> Self {
        Self::SingleReplica
    }
}

/// Names of the cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsSpec {
    /// Domain under which the cluster's names lie; may be empty.
    #[serde(default)]
    #[x_kube(validation = Rule::new("oldSelf == \"\" || self == oldSelf").message("baseDomain is immutable"))]
    pub base_domain: String,
    /// Replaces the cluster's name in its domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_domain_prefix: Option<String>,
    /// Kept as written: zones belong to clouds.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "publicZoneID")]
    pub public_zone_id: Option<String>,
    /// Kept as written: zones belong to clouds.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "privateZoneID")]
    pub private_zone_id: Option<String>,
}

/// Encryption of Secrets in etcd.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEncryptionSpec {
    /// `aescbc`; `kms` needs a cloud.
    #[serde(rename = "type")]
    pub type_: SecretEncryptionType,
    /// Keys of AES-CBC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aescbc: Option<AescbcSpec>,
}

/// Ways to encrypt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncryptionType {
    /// Needs a cloud; refused by a condition.
    Kms,
    /// A key in a Secret.
    #[default]
    Aescbc,
}

/// Keys of AES-CBC, each a Secret with key `key` of 32 bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AescbcSpec {
    /// Encrypts what is written.
    pub active_key: LocalObjectReference,
    /// Still decrypts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_key: Option<LocalObjectReference>,
}

/// Mirrors of one repository.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImageContentSource {
    /// The repository that users name.
    pub source: String,
    /// Where its content is, best first.
    #[serde(default)]
    pub mirrors: Vec<String>,
}
