//! `Host`: one machine that joins, or joined, a hosted cluster.
//!
//! Made by the bootstrap server at first contact, so that a join that fails before kubelet runs is still visible.

mod update;

pub use update::{HostUpdate, UpdatePhase};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

/// Condition of a Host: whether it got its credential, and why not.
pub const CREDENTIAL_ISSUED: &str = "CredentialIssued";
/// Reason of [`CREDENTIAL_ISSUED`]: the host's name is that of a Node of somebody else.
pub const NODE_NAME_TAKEN: &str = "NodeNameTaken";
/// Reason of [`CREDENTIAL_ISSUED`]: what the host sent cannot be used.
pub const CREDENTIAL_REFUSED: &str = "Refused";

/// What the host said of itself at first contact. Lives in the control plane namespace; its name is the node's name.
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "hoist.internal",
    version = "v1alpha1",
    kind = "Host",
    plural = "hosts",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "HostStatus",
    printcolumn = r#"{"name":"NodePool","type":"string","jsonPath":".spec.nodePool"}"#,
    printcolumn = r#"{"name":"Stage","type":"string","jsonPath":".status.stage"}"#,
    printcolumn = r#"{"name":"Node","type":"string","jsonPath":".status.node"}"#,
    printcolumn = r#"{"name":"Version","type":"string","jsonPath":".status.kubeletVersion"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Message","type":"string","jsonPath":".status.message"}"#,
    printcolumn = r#"{"name":"Address","type":"string","jsonPath":".spec.seenAddress","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
pub struct HostSpec {
    /// NodePool of the token that the host came with.
    pub node_pool: String,
    /// Name of the Node it will be: a DNS-1123 subdomain of at most 63 characters.
    pub node_name: String,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), lowercase hexadecimal. Another key cannot speak for this host.
    pub key_fingerprint: String,
    /// PEM of the PKCS#10 request made with that key.
    pub certificate_signing_request: String,
    /// Addresses that the host reported of itself.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Address that its first request came from.
    #[serde(default)]
    pub seen_address: String,
    /// Name of the JoinToken.
    pub token: String,
    /// SHA-256 of the bearer token with which this host reports, lowercase hexadecimal.
    pub report_token_hash: String,
    /// What the machine is.
    #[serde(default)]
    pub facts: HostFactsSummary,
}

/// What a person wants to know of a machine, as the machine reports it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HostFactsSummary {
    /// `PRETTY_NAME` of its os-release.
    pub os_image: String,
    /// `ID` of its os-release.
    pub os_id: String,
    /// Kernel release.
    pub kernel: String,
    /// Go's name of the architecture, such as `amd64`.
    pub architecture: String,
    /// Processors.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mebibytes: u64,
    /// Version of hoist-node.
    pub hoist_version: String,
}

/// How far the host is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostStatus {
    /// Last stage that the host entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// The cause when a stage failed, with the next step; otherwise what is going on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When each stage was entered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageTime>,
    /// The credential that the operator minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap: Option<BootstrapCredential>,
    /// Name of its Node, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Version of its kubelet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kubelet_version: Option<String>,
    /// Revision of the node configuration that it runs, as its last join or update left it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The last repair that it has done, by its name; see [`HostUpdate::repair`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_repair: Option<String>,
    /// The update that it is in, or that failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<HostUpdate>,
    /// Names of the certificate requests that were approved for it, newest last, at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_requests: Vec<String>,
    /// Last report of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_report_time: Option<Time>,
    /// `Ready` mirrors the Node; `CredentialIssued` says why there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// The stages of a host's life, in order.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    AsRefStr,
    Display,
    IntoStaticStr,
)]
pub enum Stage {
    /// The server knows it.
    Contacted,
    /// It checks itself.
    Preflight,
    /// It trades its token for a credential.
    Credential,
    /// It downloads and verifies kubelet, containerd, runc and CNI plugins.
    Payload,
    /// It starts its container runtime.
    Runtime,
    /// It starts kubelet.
    Kubelet,
    /// Its Node is Ready.
    NodeReady,
    /// All done.
    Joined,
    /// It changes to another release or configuration.
    Updating,
    /// It was told to leave, or asked to.
    Leaving,
    /// It is a plain host again.
    Left,
    /// The stage before failed; `message` says why.
    Failed,
}

/// When a stage was entered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// When.
    pub time: Time,
}

/// A credential good for one node name and ten minutes. Nothing in it is secret: the key never leaves the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootstrapCredential {
    /// PEM of the client certificate, CN `hoist:host:<name>`.
    pub certificate: String,
    /// PEM of the CA that signed the hosted API server's certificate.
    pub certificate_authority: String,
    /// `host:port` of the hosted API server, best first.
    pub api_endpoints: Vec<String>,
    /// End of validity.
    pub not_after: Time,
}
