//! Networks of a hosted cluster after every check.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

/// Networks of a hosted cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Networks that nodes have addresses in, as the user names them; may be empty.
    pub machine_networks: Vec<IpNet>,
    /// Network of pods.
    pub cluster_network: IpNet,
    /// Prefix length of one node's part of [`Self::cluster_network`].
    pub host_prefix: u8,
    /// Network of Services.
    pub service_network: IpNet,
    /// ClusterIP of the `kubernetes` Service: the first of the network.
    pub kubernetes_service_ip: IpAddr,
    /// ClusterIP of the DNS Service: the tenth of the network.
    pub dns_service_ip: IpAddr,
    /// Where a node reaches its API server: an address on the node's own loopback interface.
    pub node_api: SocketAddr,
    /// Who makes the pod network.
    pub provider: NetworkProvider,
    /// Whether kube-controller-manager gives each node its part of [`Self::cluster_network`].
    pub allocate_node_cidrs: bool,
    /// Networks from which the published API server may be reached; empty means all.
    pub allowed_cidr_blocks: Vec<IpNet>,
}

/// Port of [`Network::node_konnectivity`]; upstream's for agents.
const NODE_KONNECTIVITY_PORT: u16 = 8132;

impl Network {
    /// Where a node's agent reaches its konnectivity server: beside the API, so that a host that gets out through an HTTP proxy
    /// only needs to know of it in one place.
    pub fn node_konnectivity(&self) -> SocketAddr {
        SocketAddr::new(self.node_api.ip(), NODE_KONNECTIVITY_PORT)
    }
}

/// Who makes the pod network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkProvider {
    /// Hoist: flannel, vxlan.
    Hoist,
    /// The user.
    Other,
}

/// DNS domain of every hosted cluster, as in HyperShift.
pub const CLUSTER_DOMAIN: &str = "cluster.local";
