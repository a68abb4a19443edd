//! Networks of a hosted cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

/// Networks of a hosted cluster. Overlaps that CEL cannot see are found by the operator (`ValidConfiguration`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetworking {
    /// Networks that the nodes have addresses in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("machineNetwork is immutable and cannot be modified once set."))]
    pub machine_network: Option<Vec<MachineNetworkEntry>>,
    /// Networks of pods.
    #[serde(default = "default_cluster_network")]
    #[schemars(length(max = 2))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("clusterNetwork is immutable and cannot be modified once set."))]
    pub cluster_network: Vec<ClusterNetworkEntry>,
    /// Networks of Services.
    #[serde(default = "default_service_network")]
    #[schemars(length(max = 2))]
    #[x_kube(validation = Rule::new("self == oldSelf").message("serviceNetwork is immutable and cannot be modified once set."))]
    pub service_network: Vec<ServiceNetworkEntry>,
    /// Which network; all but `Other` mean Hoist's own, and a condition names it.
    #[serde(default)]
    pub network_type: NetworkType,
    /// The API server as nodes see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_server: Option<ApiServerNetworking>,
    /// `Enabled` only with `Other`.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "allocateNodeCIDRs")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("allocateNodeCIDRs is immutable and cannot be modified once set."))]
    pub allocate_node_cidrs: Option<AllocateNodeCidrs>,
}

impl Default for ClusterNetworking {
    fn default() -> Self {
        Self {
            machine_network: None,
            cluster_network: default_cluster_network(),
            service_network: default_service_network(),
            network_type: NetworkType::default(),
            api_server: None,
            allocate_node_cidrs: None,
        }
    }
}

fn default_cluster_network() -> Vec<ClusterNetworkEntry> {
    vec![ClusterNetworkEntry { cidr: "10.132.0.0/14".to_owned(), host_prefix: None }]
}

fn default_service_network() -> Vec<ServiceNetworkEntry> {
    vec![ServiceNetworkEntry { cidr: "172.31.0.0/16".to_owned() }]
}

/// A network of nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MachineNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    pub cidr: String,
}

/// A network of pods.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    pub cidr: String,
    /// Prefix length of one node's part; 23 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_prefix: Option<i32>,
}

/// A network of Services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    pub cidr: String,
}

/// Networks in the order of HyperShift's enum.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display, IntoStaticStr,
)]
#[allow(missing_docs, reason = "proper names")]
pub enum NetworkType {
    OpenShiftSDN,
    Calico,
    #[default]
    OVNKubernetes,
    Other,
}

/// Whether kube-controller-manager gives each node a part of the pod network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the two values say it")]
pub enum AllocateNodeCidrs {
    Enabled,
    Disabled,
}

/// The API server as nodes see it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServerNetworking {
    /// Address on the nodes' loopback interface; 172.20.0.1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("advertiseAddress is immutable"))]
    pub advertise_address: Option<String>,
    /// Port; 6443 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = Rule::new("self == oldSelf").message("port is immutable"))]
    pub port: Option<i32>,
    /// Networks from which the published API server may be reached; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "allowedCIDRBlocks")]
    #[schemars(length(max = 500))]
    pub allowed_cidr_blocks: Option<Vec<String>>,
}
