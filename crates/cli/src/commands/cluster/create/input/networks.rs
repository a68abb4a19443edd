//! Networks that cannot live together are refused here; those of the management cluster only the operator knows.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::Result;
use ipnet::IpNet;

use crate::args::cluster::{ClusterFlags, NetworkFlags};
use crate::args::names;
use crate::failure::usage;

/// Where nodes reach their API server (`hoist_api::names::NODE_API_ADDRESS`).
const NODE_API: Ipv4Addr = Ipv4Addr::new(172, 20, 0, 1);

/// Checks every network of the flags against every other, and against the addresses that must stay reachable.
///
/// - `published`: where the management cluster's nodes are reached, as `address_flag` says.
pub fn check(flags: &ClusterFlags, platform: &str, address_flag: &str, published: Option<&str>) -> Result<()> {
    let flags = &flags.networks;
    if flags.default_dual.0 && platform != "Agent" {
        return Err(usage(format!(
            "--default-dual is only supported on Agent platform; on {platform} name the networks with --cluster-cidr and --service-cidr"
        )));
    }
    operators(flags)?;
    let machine: Vec<&str> = flags.machine_cidr.iter().map(String::as_str).collect();
    let groups =
        [("--cluster-cidr", flags.cluster()), ("--service-cidr", flags.service()), ("--machine-cidr", machine)];
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
    let published = published.and_then(|text| text.parse::<IpAddr>().ok());
    for (flag, network) in networks.iter().filter(|(flag, _)| *flag != "--machine-cidr") {
        if network.contains(&IpAddr::V4(NODE_API)) {
            return Err(usage(format!(
                "{flag} {network} contains {NODE_API}, at which every node reaches its API server; choose another network"
            )));
        }
        if let Some(published) = published.filter(|published| network.contains(published)) {
            return Err(usage(format!(
                "{flag} {network} contains {address_flag} {published}, which nodes must reach outside of the cluster; choose another network"
            )));
        }
    }
    Ok(())
}

/// Settings that belong to one network type only.
fn operators(flags: &NetworkFlags) -> Result<()> {
    let found = &flags.network_type;
    if flags.disable_multi_network.0 && found != "Other" {
        return Err(usage(format!(
            "--disable-multi-network: disableMultiNetwork can only be set to true when networkType is 'Other' (found {found})"
        )));
    }
    if flags.ovn_kubernetes_mtu.is_some() && found != "OVNKubernetes" {
        return Err(usage(format!(
            "--ovn-kubernetes-mtu: ovnKubernetesConfig is forbidden when networkType is not OVNKubernetes (found {found})"
        )));
    }
    if flags.allocate_node_cidrs == Some(true) && found != "Other" {
        return Err(usage(format!(
            "--allocate-node-cidrs: allocateNodeCIDRs can only be set to Enabled when networkType is 'Other' (found {found})"
        )));
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

/// An address is written into certificates and handed to hosts: a host name or an IP address, nothing around it.
pub fn address(flag: &str, given: &str) -> Result<String> {
    // Four numbers that are no address would pass as a host name.
    let looks_numeric = given.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if given.parse::<IpAddr>().is_ok() || (names::is_dns_name(given) && !looks_numeric) {
        return Ok(given.to_owned());
    }
    Err(usage(format!(
        "{flag} {given:?}: expected a host name or an IP address without scheme and port, such as 192.0.2.10"
    )))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://192.0.2.10")]
    #[case("192.0.2.10:6443")]
    #[case("192.0.2.300")]
    #[case("")]
    #[case("a b")]
    fn addresses_with_anything_around_them_are_refused(#[case] given: &str) {
        assert!(address("--api-server-address", given).is_err());
    }

    #[rstest]
    #[case("192.0.2.10")]
    #[case("2001:db8::1")]
    #[case("api.example.com")]
    fn host_names_and_addresses_are_fine(#[case] given: &str) {
        assert_eq!(address("--api-server-address", given).unwrap(), given);
    }
}
