//! `InfraEnv`: what hosts start from in order to be found.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::{AgentInstallCondition, ClusterReference, NamespacedReference};
use crate::hosted_cluster::references::LocalObjectReference;

/// What hosts start from, and what becomes of them.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "InfraEnv",
    plural = "infraenvs",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "InfraEnvStatus",
    printcolumn = r#"{"name":"ISO Created At","type":"string","jsonPath":".status.createdTime","description":"When the image was made"}"#,
    printcolumn = r#"{"name":"ISO URL","type":"string","jsonPath":".status.isoDownloadURL","description":"Where the image is","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
pub struct InfraEnvSpec {
    /// The way out through an HTTP proxy.
    pub proxy: Option<Proxy>,
    /// Sources of time besides.
    #[serde(rename = "additionalNTPSources")]
    pub additional_ntp_sources: Option<Vec<String>>,
    /// Sources of time.
    pub ntp_sources: Option<Vec<String>>,
    /// Who may log in.
    pub ssh_authorized_key: Option<String>,
    /// Secret with key `.dockerconfigjson`.
    pub pull_secret_ref: LocalObjectReference,
    /// Labels of the Agents.
    pub agent_labels: Option<BTreeMap<String, String>>,
    /// Whether Agents may become nodes at once.
    pub agent_approval: Option<AgentApproval>,
    /// Networks of the hosts.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::label_selector")]
    pub nm_state_config_label_selector: Option<LabelSelector>,
    /// Cluster that the hosts are for.
    pub cluster_ref: Option<ClusterReference>,
    /// Arguments of the kernel.
    pub kernel_arguments: Option<Vec<KernelArgument>>,
    /// Changes of the Ignition configuration, JSON.
    pub ignition_config_override: Option<String>,
    /// Architecture of the hosts.
    #[serde(default = "default_cpu_architecture")]
    pub cpu_architecture: Option<String>,
    /// Version of the system that hosts start.
    pub os_image_version: Option<String>,
    /// How hosts start over the network again.
    #[serde(default = "discovery_image_always")]
    pub ipxe_script_type: Option<IpxeScriptType>,
    /// Authorities, PEM.
    pub additional_trust_bundle: Option<String>,
    /// ConfigMap with mirrors.
    pub mirror_registry_ref: Option<NamespacedReference>,
    /// Full or minimal.
    pub image_type: Option<String>,
    /// Waits before the network is looked at.
    #[schemars(range(min = 0))]
    pub network_discovery_delay_seconds: Option<i64>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn default_cpu_architecture() -> Option<String> {
    Some("x86_64".to_owned())
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn discovery_image_always() -> Option<IpxeScriptType> {
    Some(IpxeScriptType::DiscoveryImageAlways)
}

/// How hosts start over the network again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IpxeScriptType {
    /// The default.
    #[serde(rename = "")]
    Unset,
    /// From this image.
    DiscoveryImageAlways,
    /// From their disk, once a system is there.
    BootOrderControl,
}

/// Whether Agents may become nodes at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentApproval {
    /// They may.
    #[serde(default)]
    pub auto_approve: bool,
}

/// The way out through an HTTP proxy.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names, reason = "the names of the API")]
pub struct Proxy {
    /// For `http://`.
    pub http_proxy: Option<String>,
    /// For `https://`.
    pub https_proxy: Option<String>,
    /// Reached without it, comma-separated.
    pub no_proxy: Option<String>,
}

/// An argument of the kernel.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KernelArgument {
    /// What is done with it.
    pub operation: Option<KernelArgumentOperation>,
    /// The argument.
    #[schemars(regex(pattern = r#"^(?:(?:[^ \t\n\r"]+)|(?:"[^"]*"))+$"#))]
    pub value: Option<String>,
}

/// What is done with an argument of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum KernelArgumentOperation {
    Append,
    Replace,
    Delete,
}

/// Where the image is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InfraEnvStatus {
    /// Address of the image.
    #[serde(rename = "isoDownloadURL")]
    pub iso_download_url: Option<String>,
    /// When it was made.
    pub created_time: Option<Time>,
    /// Parts for starting over the network.
    pub boot_artifacts: Option<BootArtifacts>,
    /// Labels that its Agents have.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::label_selector")]
    pub agent_label_selector: Option<LabelSelector>,
    /// What holds and what does not.
    pub conditions: Option<Vec<AgentInstallCondition>>,
    /// Where more is told.
    pub debug_info: Option<InfraEnvDebugInfo>,
}

/// Parts for starting over the network, by address.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BootArtifacts {
    /// First file system.
    pub initrd: Option<String>,
    /// Root file system.
    pub rootfs: Option<String>,
    /// Kernel.
    pub kernel: Option<String>,
    /// Script.
    pub ipxe_script: Option<String>,
    /// Ignition configuration.
    #[serde(rename = "discoveryIgnitionURL")]
    pub discovery_ignition_url: Option<String>,
}

/// Where more is told.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InfraEnvDebugInfo {
    /// Address of events.
    #[serde(rename = "eventsURL")]
    pub events_url: Option<String>,
    /// Address of the networks in the image.
    #[serde(rename = "staticNetworkDownloadURL")]
    pub static_network_download_url: Option<String>,
}
