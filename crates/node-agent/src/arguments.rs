//! The command line of hoist-node.

use std::net::IpAddr;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Makes this Linux host a node of a hosted cluster
#[derive(Debug, Parser)]
#[command(version, about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Join a hosted cluster, or go on where an earlier join stopped
    Join(JoinArguments),
    /// Show how this host is doing as a node
    Status(StatusArguments),
    /// Leave the cluster and restore this host
    Leave(LeaveArguments),
    /// Change to another release or configuration, as the cluster ordered
    #[command(hide = true)]
    Update(UpdateArguments),
    /// Keep the node's services running (for hosts without systemd)
    #[command(hide = true)]
    Supervise,
    /// Forward the node-side API address
    #[command(hide = true)]
    ApiProxy,
    /// Write the CNI configuration when the pod network is there
    #[command(hide = true)]
    Cni,
    /// Listen for orders
    #[command(hide = true)]
    Agent,
}

impl Command {
    /// Whether it runs for ever and nobody watches.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::Supervise | Self::ApiProxy | Self::Cni | Self::Agent | Self::Update(_))
    }
}

/// Arguments of `join`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  # The line that `hcp create join-command` prints, and again when something on the way failed:
  hoist-node join --server https://192.0.2.10:30443 --cluster clusters-demo --ca-pin sha256:… --token …
  # On a host behind a proxy:
  HTTPS_PROXY=http://proxy.example.net:3128 hoist-node join …
  # Go on after an interruption, once the token was accepted:
  hoist-node join")]
pub(crate) struct JoinArguments {
    /// Where hosts are received, https://ADDRESS:PORT
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Namespace of the cluster's control plane
    #[arg(long, value_name = "NAMESPACE")]
    pub(crate) cluster: Option<String>,
    /// Fingerprint of the server's authority, sha256:<64 hexadecimal digits>
    #[arg(long, value_name = "PIN")]
    pub(crate) ca_pin: Option<String>,
    /// Join token; the only secret, short-lived, and kept nowhere
    #[arg(long, value_name = "TOKEN")]
    pub(crate) token: Option<String>,
    /// Name of the node, instead of this host's name
    #[arg(long, value_name = "NAME")]
    pub(crate) node_name: Option<String>,
    /// Address of the node, instead of the one this host reaches the server from
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) node_ip: Vec<IpAddr>,
    /// Accept that swap is on; pods do not use it
    #[arg(long)]
    pub(crate) allow_swap: bool,
}

/// Arguments of `status`
#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    /// How to print it
    #[arg(long, short, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,
}

/// How data is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    Table,
    /// For programs
    Json,
}

/// Arguments of `leave`
#[derive(Debug, Args)]
pub(crate) struct LeaveArguments {
    /// Restore this host at once, without asking the cluster; pods end without being drained
    #[arg(long)]
    pub(crate) force: bool,
    /// The cluster gave the order: it has drained the node, or is gone
    #[arg(long, hide = true)]
    pub(crate) ordered: bool,
}

/// Arguments of `update`
#[derive(Debug, Clone, Args)]
pub(crate) struct UpdateArguments {
    /// Revision of the node configuration to change to
    #[arg(long, value_name = "REVISION")]
    pub(crate) revision: String,
    /// Come back as a new node, with nothing left of the pods
    #[arg(long)]
    pub(crate) replace: bool,
    /// Name of the repair that this is: it is done also when that revision runs already
    #[arg(long, value_name = "NAME", requires = "replace")]
    pub(crate) repair: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_join_line_is_understood() {
        let line = [
            "hoist-node",
            "join",
            "--server",
            "https://192.0.2.1:1",
            "--cluster",
            "c",
            "--ca-pin",
            "sha256:00",
            "--token",
            "a.b",
        ];
        assert!(Arguments::try_parse_from(line).is_ok());
    }
}
