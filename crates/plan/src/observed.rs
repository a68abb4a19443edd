//! What validation must know of the world besides the spec. The operator gathers it; nothing here reads anything.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hoist_release::Release;
use ipnet::IpNet;
use jiff::Timestamp;
use semver::Version;

use crate::routes::Route;

/// What was seen when the spec was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// The release image, or why it could not be read.
    pub release: Result<Release, ReleaseProblem>,
    /// Version that the control plane completed last; absent before the first rollout.
    pub running_version: Option<Version>,
    /// Secrets and ConfigMaps that the spec names and that exist, by name, with their data.
    pub secrets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// ConfigMaps that the spec names and that exist, by name, with their data.
    pub config_maps: BTreeMap<String, BTreeMap<String, String>>,
    /// The management cluster.
    pub management: Management,
    /// When it was seen.
    pub now: Timestamp,
}

/// Why a release image could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseProblem {
    /// Complete sentence for people: names the image, the cause and the next step.
    pub message: String,
}

/// The management cluster as far as hosted clusters must keep clear of it or need something of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Management {
    /// Ranges of its pods.
    pub pod_networks: Vec<IpNet>,
    /// Ranges of its Services.
    pub service_networks: Vec<IpNet>,
    /// Ready nodes that pods may be scheduled to, by name.
    pub schedulable_nodes: Vec<String>,
    /// Addresses of its nodes, internal and external.
    pub node_addresses: Vec<IpAddr>,
    /// Ports that NodePort Services may have; Kubernetes' default is 30000–32767.
    pub node_port_range: Option<(u16, u16)>,
    /// Its storage classes.
    pub storage_classes: Vec<StorageClass>,
    /// The router of this installation, if it has one.
    pub router: Option<Router>,
    /// Routes of hosted clusters that are older than the one that is judged, each with `<namespace>/<name>` of its HostedCluster.
    pub taken_routes: Vec<(Route, String)>,
}

/// The router of this installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Router {
    /// Domain of names that users leave out; its names lead to the router.
    pub domain: Option<String>,
    /// Whether it sees the addresses of clients, and not those of the management cluster's nodes.
    pub keeps_sources: bool,
}

/// A storage class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageClass {
    /// Its name.
    pub name: String,
    /// Whether claims without a class get it.
    pub is_default: bool,
}
