//! What each platform adds to the flags that all of them have.

pub mod agent;
pub mod kubevirt;
pub mod none;

use anyhow::Result;
use serde_json::Value;

use crate::args::cluster::ClusterFlags;

/// What a platform says about a new cluster, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformInput {
    /// The platform as manifests name it.
    pub name: &'static str,
    /// `spec.platform` of the HostedCluster.
    pub hosted_cluster: Value,
    /// `spec.platform` of the NodePool.
    pub node_pool: Value,
    /// Domain of a cluster without `--base-domain`.
    pub base_domain: &'static str,
    /// How nodes are upgraded without `--node-upgrade-type`.
    pub upgrade_type: &'static str,
    /// How the cluster's services are reached.
    pub publishing: Publishing,
    /// A kubeconfig of the cluster that runs the virtual machines.
    pub infra_kubeconfig: Option<Vec<u8>>,
    /// A namespace that must exist, and the flag that names it.
    pub needed_namespace: Option<String>,
}

/// How the services of a cluster are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publishing {
    /// All at ports of the management cluster's nodes.
    NodePort {
        /// Where those nodes are reached; none until it is looked up.
        address: Option<String>,
    },
    /// The API server by a load balancer, the rest at ports of the management cluster's nodes.
    LoadBalancer {
        /// Where those nodes are reached.
        address: String,
    },
    /// The API server by a load balancer or a Route, the rest by Routes.
    Ingress {
        /// Whether an external DNS names the Routes, the API server's included.
        external_dns: bool,
    },
}

impl Publishing {
    /// Whether an address of a management node has to be looked up.
    pub fn needs_address(&self) -> bool {
        *self == Self::NodePort { address: None }
    }

    /// The address of the management cluster's nodes, if it is part of it.
    pub fn address(&self) -> Option<&str> {
        match self {
            Self::NodePort { address } => address.as_deref(),
            Self::LoadBalancer { address } => Some(address),
            Self::Ingress { .. } => None,
        }
    }
}

/// A platform whose flags can be checked.
pub trait PlatformFlags {
    /// The flag that names an address of the management cluster's nodes.
    const ADDRESS_FLAG: &'static str;

    /// The flags of all platforms.
    fn shared(&self) -> &ClusterFlags;

    /// What must be there before anything else is looked at, as required flags are.
    fn required(&self) -> Result<()> {
        Ok(())
    }

    /// Checks the platform's own flags.
    fn check(&self) -> Result<PlatformInput>;
}

/// `--external-dns-domain`, unless it is empty.
fn external_dns(flags: &ClusterFlags) -> Option<&str> {
    flags.external_dns_domain.as_deref().filter(|domain| !domain.is_empty())
}
