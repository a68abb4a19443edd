//! `AgentServiceConfig` and `HypershiftAgentServiceConfig`: the service that finds hosts, here or in a hosted cluster.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::AgentInstallCondition;
use crate::hosted_cluster::references::LocalObjectReference;
use crate::schema::parts::volume_claim;

/// How the service runs.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "AgentServiceConfig",
    plural = "agentserviceconfigs",
    derive = "Default",
    derive = "PartialEq",
    status = "AgentServiceConfigStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct AgentServiceConfigSpec {
    /// What is said for both kinds.
    #[serde(flatten)]
    pub service: AgentService,
}

/// How the service runs for a hosted cluster.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "HypershiftAgentServiceConfig",
    plural = "hypershiftagentserviceconfigs",
    shortname = "hasc",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "HypershiftAgentServiceConfigStatus"
)]
#[serde(rename_all = "camelCase")]
pub struct HypershiftAgentServiceConfigSpec {
    /// What is said for both kinds.
    #[serde(flatten)]
    pub service: AgentService,
    /// Secret with the hosted cluster's kubeconfig.
    pub kubeconfig_secret_ref: LocalObjectReference,
}

/// What is said for both kinds.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentService {
    /// For logs and files.
    #[schemars(schema_with = "volume_claim")]
    pub filesystem_storage: PersistentVolumeClaimSpec,
    /// For the database.
    #[schemars(schema_with = "volume_claim")]
    pub database_storage: PersistentVolumeClaimSpec,
    /// For images.
    #[serde(default)]
    #[schemars(schema_with = "volume_claim")]
    pub image_storage: Option<PersistentVolumeClaimSpec>,
    /// ConfigMap with mirrors.
    pub mirror_registry_ref: Option<LocalObjectReference>,
    /// Systems that hosts start.
    pub os_images: Option<Vec<OsImage>>,
    /// Images that collect facts for support.
    pub must_gather_images: Option<Vec<MustGatherImage>>,
    /// Whether there is an address without TLS for starting over the network.
    #[serde(rename = "iPXEHTTPRoute")]
    pub ipxe_http_route: Option<IpxeHttpRoute>,
    /// Registries that need no pull secret.
    pub unauthenticated_registries: Option<Vec<String>>,
    /// ConfigMap with the authority of where systems are.
    #[serde(rename = "OSImageCACertRef")]
    pub os_image_ca_cert_ref: Option<LocalObjectReference>,
    /// ConfigMap with what is said to where systems are.
    #[serde(rename = "OSImageAdditionalParamsRef")]
    pub os_image_additional_params_ref: Option<LocalObjectReference>,
    /// Names where there are no routes.
    pub ingress: Option<ServiceIngress>,
}

/// A system that hosts start.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OsImage {
    /// Version of the cluster.
    pub openshift_version: String,
    /// Version of the system.
    pub version: String,
    /// Where it is.
    pub url: String,
    /// Where its root file system is.
    #[serde(rename = "rootFSUrl")]
    pub root_fs_url: Option<String>,
    /// Its architecture.
    pub cpu_architecture: Option<String>,
}

/// An image that collects facts for support.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MustGatherImage {
    /// Version of the cluster.
    pub openshift_version: String,
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its architecture.
    pub cpu_architecture: Option<CpuArchitecture>,
}

/// Architectures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "proper names")]
pub enum CpuArchitecture {
    #[serde(rename = "x86_64")]
    X86_64,
    Aarch64,
    Arm64,
    Ppc64le,
    S390x,
    Multi,
}

/// Whether there is an address without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words say it")]
pub enum IpxeHttpRoute {
    Enabled,
    Disabled,
}

/// Names where there are no routes.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceIngress {
    /// Of the service.
    pub assisted_service_hostname: String,
    /// Of its images.
    pub image_service_hostname: String,
    /// IngressClass.
    pub class_name: Option<String>,
}

/// How the service fares.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentServiceConfigStatus {
    /// What holds and what does not.
    pub conditions: Option<Vec<AgentInstallCondition>>,
    /// Annotations that shall stay as they were.
    pub immutable_annotations: Option<BTreeMap<String, String>>,
}

/// How the service of a hosted cluster fares.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HypershiftAgentServiceConfigStatus {
    /// What holds and what does not.
    pub conditions: Option<Vec<AgentInstallCondition>>,
}
