//! `create cluster none`: nodes are Linux hosts that somebody joins to the cluster.

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::args::cluster::ClusterFlags;
use crate::args::go_bool::GoBool;
use crate::commands::cluster::create::input::address;

use super::{PlatformFlags, PlatformInput, Publishing, external_dns};

/// The flags.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp create cluster none --name demo --pull-secret pull-secret.json
  hcp create cluster none --name demo --pull-secret pull-secret.json --node-pool-replicas 2 \\
      --control-plane-availability-policy SingleReplica --wait-for available --timeout 5m
  hcp create cluster none --name demo --pull-secret pull-secret.json \\
      --external-api-server-address 192.0.2.10 --render --render-sensitive > demo.yaml

Then: hcp create kubeconfig --name demo > demo.kubeconfig
      hcp create join-command --name demo")]
pub struct NoneArguments {
    #[command(flatten)]
    pub flags: ClusterFlags,
    /// Host name or address at which nodes of the management cluster are reached [default: the address of one of them]
    #[arg(long, alias = "api-server-address", value_name = "ADDRESS", help_heading = "Networks")]
    pub external_api_server_address: Option<String>,
    /// Publish the API server by a load balancer and the rest by Routes, or at node ports of an address that is given
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Networks")]
    pub expose_through_load_balancer: GoBool,
}

impl PlatformFlags for NoneArguments {
    const ADDRESS_FLAG: &'static str = "--external-api-server-address";

    fn shared(&self) -> &ClusterFlags {
        &self.flags
    }

    fn check(&self) -> Result<PlatformInput> {
        let given = self.external_api_server_address.as_deref().filter(|given| !given.is_empty());
        let address = given.map(|given| address(Self::ADDRESS_FLAG, given)).transpose()?;
        let publishing = match (self.expose_through_load_balancer.0, address) {
            (false, address) => Publishing::NodePort { address },
            (true, Some(address)) => Publishing::LoadBalancer { address },
            (true, None) => Publishing::Ingress { external_dns: external_dns(&self.flags).is_some() },
        };
        Ok(PlatformInput {
            name: "None",
            hosted_cluster: json!({"type": "None"}),
            node_pool: json!({"type": "None"}),
            base_domain: "example.com",
            upgrade_type: "InPlace",
            publishing,
            infra_kubeconfig: None,
            needed_namespace: None,
        })
    }
}
