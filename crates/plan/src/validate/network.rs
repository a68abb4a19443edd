//! Networks: readable, large enough, and clear of each other and of everything that nodes and control plane must reach.

use std::net::{IpAddr, SocketAddr};

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::networking::{AllocateNodeCidrs, NetworkType};
use hoist_api::hosted_cluster::services::{PublishingStrategyType, ServiceType};
use hoist_api::names::{NODE_API_ADDRESS, NODE_API_PORT};
use ipnet::IpNet;

use super::{Findings, Inputs};
use crate::addresses::{nth, overlap};
use crate::{Finding, Network, NetworkProvider};

/// Prefix length of a node's part of the pod network. HyperShift's.
const DEFAULT_HOST_PREFIX: i32 = 23;
/// Longest prefix of a node's part: 14 pods.
const LONGEST_HOST_PREFIX: i32 = 28;
/// kube-controller-manager keeps a bit for each node's part, and refuses more than 2^16 of them.
const MOST_NODE_BITS: i32 = 16;
/// kube-apiserver's limit for IPv4.
const SHORTEST_SERVICE_PREFIX: u8 = 12;
/// Room for the tenth address, which DNS has.
const LONGEST_SERVICE_PREFIX: u8 = 28;
/// Place of DNS in the service network. HyperShift's and kubeadm's.
const DNS_OFFSET: u32 = 10;

pub(super) fn network(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Network> {
    let networking = &inputs.spec.networking;
    let before = findings.refusals.len();
    let machine_networks: Vec<_> = networking
        .machine_network
        .iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, entry)| {
            parse(&format!("spec.networking.machineNetwork[{index}].cidr"), &entry.cidr, findings)
        })
        .collect();
    let cluster_network = pods(inputs, findings);
    let service_network = services(inputs, findings);
    let node_api = node_api(inputs, findings);
    let allowed_cidr_blocks = allowed(inputs, findings);
    let provider = match networking.network_type {
        NetworkType::Other => NetworkProvider::Other,
        NetworkType::OVNKubernetes | NetworkType::OpenShiftSDN | NetworkType::Calico => NetworkProvider::Hoist,
    };
    let (Some((cluster_network, host_prefix)), Some(service_network), Some(node_api)) =
        (cluster_network, service_network, node_api)
    else {
        return None;
    };
    disjoint(inputs, &machine_networks, cluster_network, service_network, node_api, findings);
    if findings.refusals.len() > before {
        return None;
    }
    notice(networking.network_type, provider, findings);
    Some(Network {
        machine_networks,
        cluster_network,
        host_prefix,
        service_network,
        kubernetes_service_ip: nth(&service_network, 1)?,
        dns_service_ip: nth(&service_network, DNS_OFFSET)?,
        node_api,
        provider,
        allocate_node_cidrs: provider == NetworkProvider::Hoist
            || networking.allocate_node_cidrs == Some(AllocateNodeCidrs::Enabled),
        allowed_cidr_blocks: allowed_cidr_blocks.unwrap_or_default(),
    })
}

fn pods(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<(IpNet, u8)> {
    const FIELD: &str = "spec.networking.clusterNetwork";
    let [entry] = inputs.spec.networking.cluster_network.as_slice() else {
        return findings.invalid(format!(
            "{FIELD} has {} entries: expected one; two stacks are not served by this version of Hoist",
            inputs.spec.networking.cluster_network.len()
        ));
    };
    let network = parse(&format!("{FIELD}[0].cidr"), &entry.cidr, findings)
        .and_then(|network| only_ipv4(FIELD, network, findings))?;
    let prefix = entry.host_prefix.unwrap_or(DEFAULT_HOST_PREFIX);
    let shortest = i32::from(network.prefix_len());
    let longest = LONGEST_HOST_PREFIX.min(shortest + MOST_NODE_BITS);
    if prefix < shortest || prefix > longest {
        return findings.invalid(format!(
            "{FIELD}[0].hostPrefix {prefix} does not fit {network}: expected {shortest} to {longest}, so that each node gets a \
             part of it with at least 14 addresses"
        ));
    }
    u8::try_from(prefix).ok().map(|prefix| (network, prefix))
}

fn services(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<IpNet> {
    const FIELD: &str = "spec.networking.serviceNetwork";
    let [entry] = inputs.spec.networking.service_network.as_slice() else {
        return findings.invalid(format!(
            "{FIELD} has {} entries: expected one; two stacks are not served by this version of Hoist",
            inputs.spec.networking.service_network.len()
        ));
    };
    let network = parse(&format!("{FIELD}[0].cidr"), &entry.cidr, findings)
        .and_then(|network| only_ipv4(FIELD, network, findings))?;
    if !(SHORTEST_SERVICE_PREFIX..=LONGEST_SERVICE_PREFIX).contains(&network.prefix_len()) {
        return findings.invalid(format!(
            "{FIELD}[0].cidr {network} has a prefix of {}: expected {SHORTEST_SERVICE_PREFIX} (kube-apiserver's limit) to \
             {LONGEST_SERVICE_PREFIX} (the tenth address is that of DNS)",
            network.prefix_len()
        ));
    }
    Some(network)
}

fn node_api(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<SocketAddr> {
    const FIELD: &str = "spec.networking.apiServer";
    let settings = inputs.spec.networking.api_server.as_ref();
    let text = settings.and_then(|settings| settings.advertise_address.as_deref()).unwrap_or(NODE_API_ADDRESS);
    let address = match text.parse::<IpAddr>() {
        Ok(address) if address.is_ipv4() && !is_special(address) => address,
        _ => {
            return findings.invalid(format!(
                "{FIELD}.advertiseAddress {text:?} cannot be used: expected an IPv4 address that no node and no network has, \
                 and that is neither loopback, link-local, multicast nor unspecified; leave it out for {NODE_API_ADDRESS}"
            ));
        }
    };
    let port = settings.and_then(|settings| settings.port).unwrap_or_else(|| NODE_API_PORT.into());
    match u16::try_from(port) {
        Ok(port) if port > 0 => Some(SocketAddr::new(address, port)),
        _ => findings
            .invalid(format!("{FIELD}.port {port} is no port: expected 1 to 65535; leave it out for {NODE_API_PORT}")),
    }
}

fn allowed(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Vec<IpNet>> {
    const FIELD: &str = "spec.networking.apiServer.allowedCIDRBlocks";
    let blocks =
        inputs.spec.networking.api_server.as_ref().and_then(|settings| settings.allowed_cidr_blocks.as_ref())?;
    let parsed: Vec<_> = blocks
        .iter()
        .enumerate()
        .filter_map(|(index, text)| parse(&format!("{FIELD}[{index}]"), text, findings))
        .collect();
    if blocks.is_empty() {
        return Some(parsed);
    }
    let api_server = inputs.spec.services.iter().find(|mapping| mapping.service == ServiceType::APIServer);
    match api_server.map(|mapping| mapping.service_publishing_strategy.type_) {
        Some(PublishingStrategyType::LoadBalancer) => Some(parsed),
        Some(PublishingStrategyType::Route) => {
            let router = inputs.observed.management.router.as_ref();
            if router.is_some_and(|router| !router.keeps_sources) {
                return findings.invalid(format!(
                    "{FIELD} cannot be enforced by the router, which sees addresses of nodes instead of clients: install again \
                     with --router-external-traffic-policy Local, or remove the list"
                ));
            }
            Some(parsed)
        }
        _ => findings.invalid(format!(
            "{FIELD} is enforced only by a load balancer or the router, and APIServer is published by neither: publish it by \
             LoadBalancer or Route, or remove the list and restrict access before the nodes' ports"
        )),
    }
}

/// A range with a name for people.
struct Range {
    name: String,
    network: IpNet,
}

fn disjoint(
    inputs: &Inputs<'_>,
    machine_networks: &[IpNet],
    cluster_network: IpNet,
    service_network: IpNet,
    node_api: SocketAddr,
    findings: &mut Findings,
) {
    let range = |name: &str, network: &IpNet| Range { name: name.to_owned(), network: *network };
    let mut ours = vec![
        range("spec.networking.clusterNetwork", &cluster_network),
        range("spec.networking.serviceNetwork", &service_network),
    ];
    ours.extend(machine_networks.iter().map(|network| range("spec.networking.machineNetwork", network)));
    for (index, left) in ours.iter().enumerate() {
        for right in &ours[index + 1..] {
            refuse_overlap(left, right, findings);
        }
    }
    let management = &inputs.observed.management;
    let theirs: Vec<_> = management
        .pod_networks
        .iter()
        .map(|network| range("the management cluster's pod network", network))
        .chain(
            management
                .service_networks
                .iter()
                .map(|network| range("the management cluster's service network", network)),
        )
        .collect();
    for left in &ours {
        for right in &theirs {
            refuse_overlap(left, right, findings);
        }
    }
    // Nodes may stand in the same network as the management cluster's; pods and Services may not.
    let mut addresses: Vec<_> = management
        .node_addresses
        .iter()
        .map(|address| (format!("address {address} of a management node"), *address))
        .collect();
    addresses.extend(published(inputs));
    for range in &ours[..2] {
        for (name, address) in addresses.iter().filter(|(_, address)| range.network.contains(address)) {
            findings.invalid::<()>(format!(
                "{} {} contains the {name}, which nodes must reach ({address}): choose another range",
                range.name, range.network
            ));
        }
    }
    let node_side = node_api.ip();
    for range in ours.iter().chain(&theirs).filter(|range| range.network.contains(&node_side)) {
        findings.invalid::<()>(format!(
            "{} {} contains {node_side}, at which nodes reach their API server: choose another range, or set \
             spec.networking.apiServer.advertiseAddress to an address outside of it",
            range.name, range.network
        ));
    }
    if addresses.iter().any(|(_, address)| *address == node_side) {
        findings.invalid::<()>(format!(
            "spec.networking.apiServer.advertiseAddress {node_side} is the address of a machine: every node gets it on its \
             loopback interface and could not reach that machine; choose an unused one"
        ));
    }
}

/// Addresses under which services are published, as far as they are addresses.
fn published(inputs: &Inputs<'_>) -> Vec<(String, IpAddr)> {
    inputs
        .spec
        .services
        .iter()
        .filter_map(|mapping| {
            let strategy = mapping.service_publishing_strategy.node_port.as_ref()?;
            Some((format!("published address of {}", mapping.service), strategy.address.parse().ok()?))
        })
        .collect()
}

fn refuse_overlap(left: &Range, right: &Range, findings: &mut Findings) {
    if overlap(&left.network, &right.network) {
        findings.invalid::<()>(format!(
            "{} {} overlaps {} {}: choose ranges that share no address",
            left.name, left.network, right.name, right.network
        ));
    }
}

fn parse(field: &str, text: &str, findings: &mut Findings) -> Option<IpNet> {
    match text.parse::<IpNet>() {
        Ok(network) if network == network.trunc() => Some(network),
        Ok(network) => findings.invalid(format!(
            "{field} {text:?} has bits set behind its prefix: write {} if that network is meant",
            network.trunc()
        )),
        Err(_) => {
            findings.invalid(format!("{field} {text:?} is no network: expected CIDR notation such as 10.132.0.0/14"))
        }
    }
}

fn only_ipv4(field: &str, network: IpNet, findings: &mut Findings) -> Option<IpNet> {
    match network {
        IpNet::V4(_) => Some(network),
        IpNet::V6(_) => {
            findings.invalid(format!("{field} {network} is IPv6, which this version of Hoist does not serve: use IPv4"))
        }
    }
}

/// Addresses that cannot stand on a loopback interface beside others, or that nothing can reach.
fn is_special(address: IpAddr) -> bool {
    let is_link_local = matches!(address, IpAddr::V4(address) if address.is_link_local() || address.is_broadcast());
    address.is_loopback() || address.is_unspecified() || address.is_multicast() || is_link_local
}

fn notice(network_type: NetworkType, provider: NetworkProvider, findings: &mut Findings) {
    let (reason, message) = match provider {
        NetworkProvider::Hoist => (
            Reason::HoistNetwork,
            format!(
                "networkType {network_type} stands for Hoist's own network: flannel with vxlan, kube-proxy with nftables"
            ),
        ),
        NetworkProvider::Other => (
            Reason::BringYourOwnNetwork,
            "networkType Other: install a network in the hosted cluster; its nodes are not Ready before".to_owned(),
        ),
    };
    findings.notice(Finding { condition: ConditionType::NetworkProvider, status: true, reason, message });
}
