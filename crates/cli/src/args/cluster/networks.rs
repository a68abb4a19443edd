//! Networks of the cluster, and who assigns their addresses.

use clap::builder::PossibleValuesParser;

/// IPv6 network of pods that `--default-dual` adds.
const DUAL_CLUSTER_CIDR: &str = "fd01::/48";
/// IPv6 network of Services that `--default-dual` adds.
const DUAL_SERVICE_CIDR: &str = "fd02::/112";

use crate::args::go_bool::GoBool;

/// The flag group.
#[derive(Debug, Clone, clap::Args)]
pub struct NetworkFlags {
    /// Network of Services; repeatable
    #[arg(long, value_name = "CIDR", default_value = "172.31.0.0/16", help_heading = "Networks")]
    pub service_cidr: Vec<String>,
    /// Network of pods; repeatable
    #[arg(long, value_name = "CIDR", default_value = "10.132.0.0/14", help_heading = "Networks")]
    pub cluster_cidr: Vec<String>,
    /// Network of the nodes; repeatable
    #[arg(long, value_name = "CIDR", help_heading = "Networks")]
    pub machine_cidr: Vec<String>,
    /// Add IPv6 networks to the default ones; for platform Agent
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Networks", conflicts_with_all = ["service_cidr", "cluster_cidr"])]
    pub default_dual: GoBool,
    /// Pod network; all but Other mean Hoist's own
    #[arg(
        long, value_name = "TYPE", default_value = "OVNKubernetes", help_heading = "Networks",
        value_parser = PossibleValuesParser::new(["OpenShiftSDN", "Calico", "OVNKubernetes", "Other"])
    )]
    pub network_type: String,
    /// Let the control plane give each node a part of the pod network; for network type Other
    #[arg(
        long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "Networks",
        hide_possible_values = true, value_parser = enabled
    )]
    pub allocate_node_cidrs: Option<bool>,
    /// Largest packet of the pod network, 576 to 9216 bytes; for network type OVNKubernetes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(576..=9216), help_heading = "Networks")]
    pub ovn_kubernetes_mtu: Option<u32>,
    /// Do without Multus; for network type Other
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Networks")]
    pub disable_multi_network: GoBool,
}

impl NetworkFlags {
    /// Networks of pods, the one of `--default-dual` included.
    pub fn cluster(&self) -> Vec<&str> {
        self.dual(&self.cluster_cidr, DUAL_CLUSTER_CIDR)
    }

    /// Networks of Services, the one of `--default-dual` included.
    pub fn service(&self) -> Vec<&str> {
        self.dual(&self.service_cidr, DUAL_SERVICE_CIDR)
    }

    fn dual<'a>(&self, given: &'a [String], added: &'static str) -> Vec<&'a str> {
        given.iter().map(String::as_str).chain(self.default_dual.0.then_some(added)).collect()
    }
}

/// The API's words are taken too.
fn enabled(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "enabled" => Ok(true),
        "false" | "disabled" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}
