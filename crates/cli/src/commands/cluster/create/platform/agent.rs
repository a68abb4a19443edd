//! `create cluster agent`: nodes are bare-metal hosts that an agent reported.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::args::agent::AgentNodePoolFlags;
use crate::args::cluster::ClusterFlags;
use crate::args::names;
use crate::commands::cluster::create::input::address;
use crate::failure::usage;

use super::{PlatformFlags, PlatformInput, Publishing};

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create cluster agent --agent-namespace clusters --base-domain example.net --name demo \\
      --pull-secret pull-secret.json --ssh-key id_rsa.pub
  hcp create cluster agent --agent-namespace hosts --agentLabelSelector size=medium --name demo \\
      --pull-secret pull-secret.json --node-pool-replicas 2 --wait
  hcp create cluster agent --agent-namespace hosts --name demo --pull-secret pull-secret.json \\
      --api-server-address 192.0.2.10 --render > demo.yaml")]
pub struct AgentArguments {
    #[command(flatten)]
    pub flags: ClusterFlags,
    /// Namespace of the Agents
    #[arg(long, value_name = "NAMESPACE")]
    pub agent_namespace: Option<String>,
    /// Host name or address at which nodes of the management cluster are reached [default: the address of one of them]
    #[arg(long, alias = "external-api-server-address", value_name = "ADDRESS", help_heading = "Networks")]
    pub api_server_address: Option<String>,
    #[command(flatten)]
    pub pool: AgentNodePoolFlags,
}

impl AgentArguments {
    fn namespace(&self) -> Result<&str> {
        self.agent_namespace.as_deref().ok_or_else(|| {
            usage(
                "required flag(s) \"agent-namespace\" not set: expected the namespace of the Agents, such as --agent-namespace clusters",
            )
        })
    }
}

impl PlatformFlags for AgentArguments {
    const ADDRESS_FLAG: &'static str = "--api-server-address";

    fn shared(&self) -> &ClusterFlags {
        &self.flags
    }

    fn required(&self) -> Result<()> {
        self.namespace().map(|_| ())
    }

    fn check(&self) -> Result<PlatformInput> {
        let namespace = self.namespace()?;
        // An empty one renders, as HyperShift's does; no cluster can be made with it.
        if !(namespace.is_empty() && self.flags.render.renders()) {
            names::dns_label(namespace).map_err(|text| usage(format!("--agent-namespace {text}")))?;
        }
        let given = self.api_server_address.as_deref().filter(|given| !given.is_empty());
        let address = given.map(|given| address(Self::ADDRESS_FLAG, given)).transpose()?;
        Ok(PlatformInput {
            name: "Agent",
            hosted_cluster: json!({"type": "Agent", "agent": {"agentNamespace": namespace}}),
            node_pool: self.pool.platform(),
            base_domain: "example.com",
            upgrade_type: "InPlace",
            publishing: Publishing::NodePort { address },
            infra_kubeconfig: None,
            // The cluster's own namespace is made with it.
            needed_namespace: (namespace != self.flags.namespace).then(|| namespace.to_owned()),
        })
    }
}
