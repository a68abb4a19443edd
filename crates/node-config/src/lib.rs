//! What a host needs to be a node: configuration of kubelet, containerd, CNI and services, and the join protocol.
//!
//! Everything here is pure: it says which files and services a host must have, and never touches one. Workers and the
//! management node of the one-machine instance use the same functions, so they cannot drift apart.

pub mod cni;
pub mod containerd;
mod files;
mod host_facts;
pub mod join;
pub mod kubeconfig;
mod kubelet;
mod node_config;
mod node_name;
pub mod paths;
mod revision;
mod unit;
mod units;

#[cfg(test)]
mod fixtures;

pub use cni::{CniNetwork, FirewallTool, cni_conflist};
pub use containerd::containerd_config;
pub use files::{HostFile, files};
pub use hoist_api::host::Stage;
pub use host_facts::{CgroupVersion, HostFacts, OsRelease};
pub use kubelet::{kubelet_arguments, kubelet_configuration};
pub use node_config::{
    Endpoint, KubeletSettings, NetworkProvider, NodeConfig, PodNetwork, ProxySettings, RegistryTrust, ServingFiles,
    Taint, ThisHost,
};
pub use node_name::{InvalidNodeName, validate_node_name};
pub use revision::configuration_of;
pub use unit::{Ready, Unit};
pub use units::{systemd_unit, units};
