//! Networks that cannot live together are refused here; those of the management cluster only the operator knows.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use ipnet::IpNet;

use crate::args::cluster::ClusterFlags;
use crate::failure::usage;

/// Where nodes reach their API server (`hoist_api::names::NODE_API_ADDRESS`).
const NODE_API: Ipv4Addr = Ipv4Addr::new(172, 20, 0, 1);

/// Checks every network of the flags against every other, and against the addresses that must stay reachable.
pub fn check(flags: &ClusterFlags, address: Option<&str>) -> Result<()> {
    let groups = [
        ("--cluster-cidr", &flags.cluster_cidr),
        ("--service-cidr", &flags.service_cidr),
        ("--machine-cidr", &flags.machine_cidr),
    ];
    let mut networks: Vec<(&str, IpNet)> = Vec::new();
    for (flag, texts) in groups {
        if texts.len() > 2 {
            return Err(usage(format!("{flag} is given {} times: expected at most 2", texts.len())));
        }
        for text in texts {
            networks.push((flag, parse(flag, text)?));
        }
    }
    for (index, (flag, network)) in networks.iter().enumerate() {
        for (other_flag, other) in &networks[..index] {
            if network.contains(other) || other.contains(network) {
                return Err(usage(format!(
                    "{other_flag} {other} and {flag} {network} overlap: CIDR ranges in machineNetwork, clusterNetwork, and serviceNetwork must be unique and non-overlapping"
                )));
            }
        }
    }
    let published = address.and_then(|text| text.parse::<IpAddr>().ok());
    for (flag, network) in networks.iter().filter(|(flag, _)| *flag != "--machine-cidr") {
        if network.contains(&IpAddr::V4(NODE_API)) {
            return Err(usage(format!(
                "{flag} {network} contains {NODE_API}, at which every node reaches its API server; choose another network"
            )));
        }
        if let Some(published) = published.filter(|published| network.contains(published)) {
            return Err(usage(format!(
                "{flag} {network} contains --external-api-server-address {published}, which nodes must reach outside of the cluster; choose another network"
            )));
        }
    }
    if flags.allocate_node_cidrs == Some(true) && flags.network_type != "Other" {
        return Err(usage(
            "--allocate-node-cidrs: allocateNodeCIDRs can only be set to Enabled when networkType is 'Other'",
        ));
    }
    Ok(())
}

fn parse(flag: &str, text: &str) -> Result<IpNet> {
    let expected = "expected a network in CIDR notation, such as 10.132.0.0/14";
    let network: IpNet = text.parse().map_err(|_| usage(format!("{flag} {text:?}: {expected}")))?;
    if network != network.trunc() {
        return Err(usage(format!("{flag} {text:?} has bits set beyond its prefix: expected {}", network.trunc())));
    }
    Ok(network)
}
