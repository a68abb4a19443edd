//! Networks of a hosted cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display, IntoStaticStr};

use crate::schema::parts::cidr_set;
use crate::schema::rules::{cidr, immutable};

/// Networks of a hosted cluster. Overlaps that CEL cannot see are found by the operator (`ValidConfiguration`).
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.clusterNetwork.all(cluster, self.serviceNetwork.all(service, cluster.cidr != service.cidr)) && (!has(self.machineNetwork) || self.machineNetwork.all(machine, self.clusterNetwork.all(cluster, machine.cidr != cluster.cidr) && self.serviceNetwork.all(service, machine.cidr != service.cidr)))").message("CIDR ranges in machineNetwork, clusterNetwork, and serviceNetwork must be unique and non-overlapping"),
    validation = Rule::new("!has(self.allocateNodeCIDRs) || self.allocateNodeCIDRs != 'Enabled' || self.networkType == 'Other'").message("allocateNodeCIDRs can only be set to Enabled when networkType is 'Other'")
)]
pub struct ClusterNetworking {
    /// Networks that the nodes have addresses in.
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(validation = immutable("machineNetwork is immutable and cannot be modified once set."))]
    pub machine_network: Option<Vec<MachineNetworkEntry>>,
    /// Networks of pods.
    #[serde(default = "default_cluster_network")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(validation = immutable("clusterNetwork is immutable and cannot be modified once set."))]
    pub cluster_network: Vec<ClusterNetworkEntry>,
    /// Networks of Services.
    #[serde(default = "default_service_network")]
    #[schemars(length(min = 1, max = 2))]
    #[x_kube(validation = immutable("serviceNetwork is immutable and cannot be modified once set."))]
    pub service_network: Vec<ServiceNetworkEntry>,
    /// Which network; all but `Other` mean Hoist's own, and a condition names it.
    #[serde(default)]
    pub network_type: NetworkType,
    /// The API server as nodes see it.
    pub api_server: Option<ApiServerNetworking>,
    /// `Enabled` only with `Other`.
    #[serde(rename = "allocateNodeCIDRs")]
    #[x_kube(validation = immutable("allocateNodeCIDRs is immutable and cannot be modified once set."))]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct MachineNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    #[x_kube(validation = cidr())]
    pub cidr: String,
}

/// A network of pods.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    #[x_kube(validation = cidr())]
    pub cidr: String,
    /// Prefix length of one node's part; 23 when absent.
    pub host_prefix: Option<i32>,
}

/// A network of Services.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct ServiceNetworkEntry {
    /// CIDR notation.
    #[schemars(length(max = 43))]
    #[x_kube(validation = cidr())]
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
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServerNetworking {
    /// Address on the nodes' loopback interface; 172.20.0.1 when absent.
    #[schemars(length(max = 255))]
    #[x_kube(validation = immutable("advertiseAddress is immutable"))]
    pub advertise_address: Option<String>,
    /// Port; 6443 when absent.
    #[x_kube(validation = immutable("port is immutable"))]
    pub port: Option<i32>,
    /// Networks from which the published API server may be reached; all when absent.
    #[serde(rename = "allowedCIDRBlocks")]
    #[serde(default)]
    #[schemars(schema_with = "cidr_set")]
    pub allowed_cidr_blocks: Option<Vec<String>>,
}
