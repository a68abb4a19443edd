//! Names of the sets in which objects of the hosted cluster are applied; each object carries that of its own in the label
//! [`hoist_api::labels::APPLY_SET`].

/// Rights of the operator and of hosts.
pub const ACCESS: &str = "access";
/// Policies that guard the other sets.
pub const ADMISSION: &str = "admission";
/// What runs in the cluster, and what hosts read.
pub const CONTENT: &str = "content";
/// Definitions of ClusterVersion and its like.
pub const DEFINITIONS: &str = "crds";
/// Objects of these definitions.
pub const CLUSTER_CONFIG: &str = "cluster-config";
