//! The pod network of one node: a bridge, addresses from the node's subnet, and port mappings.
//!
//! Routes between nodes and masquerading are flannel's work, not the bridge's.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::paths;

/// The program that the port mapping plugin drives; the kernel side is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FirewallTool {
    /// `nft`.
    Nftables,
    /// `iptables`.
    Iptables,
}

/// The pod network of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CniNetwork {
    /// Pod subnets of the node, one per address family.
    pub subnets: Vec<IpNet>,
    /// Largest packet; `None` leaves it to the bridge plugin.
    pub mtu: Option<u32>,
    /// Program for host ports; `None` when the host has neither, and pods with host ports then fail with a clear
    /// message instead of going without.
    pub host_ports: Option<FirewallTool>,
}

/// What `hoist-node cni` needs to know to turn flannel's subnet into a CNI configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CniWaiterConfig {
    /// Overrides flannel's.
    pub mtu: Option<u32>,
    /// Program for host ports.
    pub host_ports: Option<FirewallTool>,
}

/// The conflist (CNI 1.0.0) of a node, as JSON.
pub fn cni_conflist(network: &CniNetwork) -> String {
    let ranges: Vec<_> = network.subnets.iter().map(|subnet| json!([{"subnet": subnet.to_string()}])).collect();
    let routes: Vec<_> = network
        .subnets
        .iter()
        .map(|subnet| json!({"dst": if subnet.addr().is_ipv4() { "0.0.0.0/0" } else { "::/0" }}))
        .collect();
    let mut bridge = json!({
        "type": "bridge",
        "bridge": "cni0",
        // The default route comes from the address manager; a second one from the bridge would be refused.
        "isGateway": true,
        // A pod must reach itself through its own Service.
        "hairpinMode": true,
        "ipam": {"type": "host-local", "ranges": ranges, "routes": routes, "dataDir": paths::CNI_ADDRESSES},
    });
    if let Some(mtu) = network.mtu {
        bridge["mtu"] = json!(mtu);
    }
    let mut port_map = json!({"type": "portmap", "capabilities": {"portMappings": true}});
    if let Some(tool) = network.host_ports {
        port_map["backend"] = json!(tool);
    }
    let conflist = json!({"cniVersion": "1.0.0", "name": "hoist", "plugins": [bridge, port_map]});
    format!("{conflist:#}\n")
}

/// Why flannel's subnet file could not be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSubnetFile {
    /// flannel has not written everything yet, or something else wrote the file.
    #[error("flannel's subnet file has no FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET")]
    NoSubnet,
    /// Not a network.
    #[error("{text:?} in flannel's subnet file is not a network in CIDR notation")]
    NotANetwork {
        /// What stands there.
        text: String,
    },
}

/// Reads flannel's `subnet.env`, whose subnets are written as the bridge's address with a mask.
pub fn parse_flannel_subnet(text: &str, config: &CniWaiterConfig) -> Result<CniNetwork, InvalidSubnetFile> {
    let value =
        |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('=').map(str::trim));
    let mut subnets = Vec::new();
    for name in ["FLANNEL_SUBNET", "FLANNEL_IPV6_SUBNET"] {
        if let Some(text) = value(name).filter(|text| !text.is_empty()) {
            let network: IpNet = text.parse().map_err(|_| InvalidSubnetFile::NotANetwork { text: text.to_owned() })?;
            subnets.push(network.trunc());
        }
    }
    if subnets.is_empty() {
        return Err(InvalidSubnetFile::NoSubnet);
    }
    let mtu = config.mtu.or_else(|| value("FLANNEL_MTU")?.parse().ok());
    Ok(CniNetwork { subnets, mtu, host_ports: config.host_ports })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITER: CniWaiterConfig = CniWaiterConfig { mtu: None, host_ports: Some(FirewallTool::Nftables) };

    #[test]
    fn flannels_subnet_becomes_a_conflist() {
        let text =
            "FLANNEL_NETWORK=10.132.0.0/14\nFLANNEL_SUBNET=10.132.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
        let network = parse_flannel_subnet(text, &WAITER).expect("a subnet");
        insta::assert_snapshot!(cni_conflist(&network));
    }

    #[test]
    fn a_half_written_file_is_not_used() {
        assert_eq!(parse_flannel_subnet("FLANNEL_NETWORK=10.0.0.0/8\n", &WAITER), Err(InvalidSubnetFile::NoSubnet));
        assert_eq!(
            parse_flannel_subnet("FLANNEL_SUBNET=10.1\n", &WAITER),
            Err(InvalidSubnetFile::NotANetwork { text: "10.1".into() })
        );
    }

    #[test]
    fn the_node_pools_mtu_wins_over_flannels() {
        let waiter = CniWaiterConfig { mtu: Some(1300), host_ports: None };
        let network = parse_flannel_subnet("FLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_MTU=1450", &waiter).expect("a subnet");
        assert_eq!(network.mtu, Some(1300));
    }

    #[test]
    fn both_families_give_two_ranges_and_two_routes() {
        let text = "FLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_IPV6_SUBNET=fd00:1::1/64\n";
        let conflist = cni_conflist(&parse_flannel_subnet(text, &WAITER).expect("two subnets"));
        assert!(conflist.contains("fd00:1::/64") && conflist.contains("::/0"), "{conflist}");
    }
}
