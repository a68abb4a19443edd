//! The NodePool that is created with the cluster.

use clap::builder::PossibleValuesParser;
use hoist_api::duration::GoDuration;

use crate::args::architecture::ARCHITECTURES;
use crate::args::go_bool::GoBool;

/// The flag group.
#[derive(Debug, Clone, clap::Args)]
pub struct NodeFlags {
    /// Number of nodes; on platform None those that are expected to join. A negative number makes no NodePool
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 0,
        allow_negative_numbers = true,
        alias = "nodepool-replicas",
        alias = "node-pool-replica",
        help_heading = "Nodes"
    )]
    pub node_pool_replicas: i32,
    /// Architecture of the nodes
    #[arg(long, default_value = "amd64", value_parser = PossibleValuesParser::new(ARCHITECTURES), help_heading = "Nodes")]
    pub arch: String,
    /// Longest drain of a node before it leaves; 0s waits for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Nodes")]
    pub node_drain_timeout: GoDuration,
    /// Longest wait for a node's volumes to detach; 0s waits for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Nodes")]
    pub node_volume_detach_timeout: GoDuration,
    /// How nodes are upgraded [default: InPlace on Agent and None, Replace on KubeVirt]
    #[arg(
        long, value_name = "TYPE", ignore_case = true, help_heading = "Nodes",
        value_parser = PossibleValuesParser::new(["InPlace", "Replace"])
    )]
    pub node_upgrade_type: Option<String>,
    /// Replace nodes that are not healthy
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Nodes")]
    pub auto_repair: GoBool,
}
