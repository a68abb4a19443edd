//! How long the command goes on, and until what.

use hoist_api::duration::GoDuration;

use crate::args::go_bool::GoBool;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct WaitFlags {
    /// Wait until the first rollout is complete; needs --node-pool-replicas above 0
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Waiting")]
    pub wait: GoBool,
    /// Wait until the API is available, or until all nodes are Ready
    #[arg(long, value_name = "GOAL", value_enum, help_heading = "Waiting")]
    pub wait_for: Option<WaitGoal>,
    /// Longest the whole command may take; 0s for ever
    #[arg(long, value_name = "DURATION", default_value = "0s", help_heading = "Waiting")]
    pub timeout: GoDuration,
    /// Refuse when this program and the operator are of different versions
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Waiting")]
    pub version_check: GoBool,
}

/// What `--wait-for` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum WaitGoal {
    /// The HostedCluster is Available.
    Available,
    /// As many nodes as the NodePool wants are Ready.
    Nodes,
}
