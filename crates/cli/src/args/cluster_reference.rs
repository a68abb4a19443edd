//! `--name` and `--namespace` of an existing hosted cluster.

use anyhow::Result;

use crate::args::names;
use crate::failure::usage;

/// Namespace of HostedClusters unless another is named.
pub const DEFAULT_NAMESPACE: &str = "clusters";

/// The flag group of commands that work on one cluster.
#[derive(Debug, Clone, clap::Args)]
pub struct ClusterReference {
    /// Name of the hosted cluster
    #[arg(long, value_name = "CLUSTER")]
    pub name: String,
    /// Namespace of its HostedCluster
    #[arg(long, value_name = "NAMESPACE", default_value = DEFAULT_NAMESPACE)]
    pub namespace: String,
}

impl ClusterReference {
    /// Checks both names and gives the control plane namespace.
    pub fn control_plane_namespace(&self) -> Result<String> {
        names::dns_label(&self.name).map_err(|text| usage(format!("--name {text}")))?;
        names::dns_label(&self.namespace).map_err(|text| usage(format!("--namespace {text}")))?;
        names::control_plane_namespace(&self.namespace, &self.name).map_err(usage)
    }
}
