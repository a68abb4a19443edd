//! Every address of an instance, fixed in one place.
//!
//! The plan is the same for every instance: each lives in network namespaces of its own, so two
//! instances never see each other. It stays clear of 10.132.0.0/14, 172.31.0.0/16 and 172.20.0.1,
//! which belong to hosted clusters.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// The network of all hosts of an instance, on the bridge [`BRIDGE`].
pub const NODE_NETWORK: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 200, 0, 0), 24);
/// The switch's own address, the default gateway of every host.
pub const SWITCH_ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 200, 0, 1);
/// The bridge in the switch's network namespace.
pub const BRIDGE: &str = "hoist0";

/// Pods of the management cluster; each management node gets one /24 of it.
pub const MANAGEMENT_PODS: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 201, 0, 0), 16);
/// Services of the management cluster.
pub const MANAGEMENT_SERVICES: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(10, 202, 0, 0), 16);
/// The `kubernetes` Service of the management cluster.
pub const KUBERNETES_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 202, 0, 1);
/// The DNS Service of the management cluster.
pub const DNS_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 202, 0, 10);

/// Prefix length of the link between the switch and the dead end.
pub const DEAD_END_PREFIX: u8 = 30;
/// The switch's side of the dead-end link.
pub const DEAD_END_NEAR: Ipv4Addr = Ipv4Addr::new(10, 203, 0, 1);
/// The dead end's side: the default gateway of the switch, which forwards nothing.
pub const DEAD_END_FAR: Ipv4Addr = Ipv4Addr::new(10, 203, 0, 2);

/// Port of the instance's registry on the first management node.
pub const REGISTRY_PORT: u16 = 5000;
/// Port of the management API on each management node.
pub const API_PORT: u16 = 6443;

/// Last octet of the first management node.
const FIRST_MANAGEMENT_OCTET: u8 = 10;
/// Last octet of the first worker; management nodes end below it.
const FIRST_WORKER_OCTET: u8 = 100;
/// Last octet that a host may have; 255 is the broadcast address.
const LAST_OCTET: u8 = 254;

/// The address of the management node `index` (0, 1, …), or none when there is no room left.
pub fn management_node(index: u8) -> Option<Ipv4Addr> {
    let octet = FIRST_MANAGEMENT_OCTET.checked_add(index)?;
    (octet < FIRST_WORKER_OCTET).then(|| with_octet(octet))
}

/// The pod range of the management node `index`, or none when there is no such node.
pub fn management_pods(index: u8) -> Option<Ipv4Net> {
    management_node(index)?;
    let [first, second, ..] = MANAGEMENT_PODS.network().octets();
    Some(Ipv4Net::new_assert(Ipv4Addr::new(first, second, index, 0), 24))
}

/// The lowest worker address that is not in `taken`, or none when all 155 are.
pub fn next_worker(taken: &[Ipv4Addr]) -> Option<Ipv4Addr> {
    (FIRST_WORKER_OCTET..=LAST_OCTET).map(with_octet).find(|address| !taken.contains(address))
}

/// The bridge port of the host with `address`: unique, since addresses are, and within the
/// kernel's 15 characters whatever the host is called.
pub fn bridge_port(address: Ipv4Addr) -> String {
    format!("port{}", address.octets()[3])
}

fn with_octet(octet: u8) -> Ipv4Addr {
    let [first, second, third, _] = NODE_NETWORK.network().octets();
    Ipv4Addr::new(first, second, third, octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn management_nodes_count_up_from_ten_and_stop_before_the_workers() {
        assert_eq!(management_node(0), Some(Ipv4Addr::new(10, 200, 0, 10)));
        assert_eq!(management_node(89), Some(Ipv4Addr::new(10, 200, 0, 99)));
        assert_eq!(management_node(90), None);
        assert_eq!(management_node(255), None);
    }

    #[test]
    fn each_management_node_has_its_own_pod_range_inside_the_cluster_range() {
        let first = management_pods(0).unwrap();
        let second = management_pods(1).unwrap();
        assert_ne!(first, second);
        assert!(MANAGEMENT_PODS.contains(&first) && MANAGEMENT_PODS.contains(&second));
    }

    #[test]
    fn workers_reuse_the_lowest_free_address() {
        let taken = [Ipv4Addr::new(10, 200, 0, 100), Ipv4Addr::new(10, 200, 0, 102)];
        assert_eq!(next_worker(&taken), Some(Ipv4Addr::new(10, 200, 0, 101)));
        let all: Vec<_> = (100..=254).map(|octet| Ipv4Addr::new(10, 200, 0, octet)).collect();
        assert_eq!(next_worker(&all), None);
    }

    #[test]
    fn ranges_are_disjoint_and_clear_of_hosted_clusters() {
        let ranges: Vec<Ipv4Net> = [
            "10.200.0.0/24",
            "10.201.0.0/16",
            "10.202.0.0/16",
            "10.203.0.0/30",
            "10.132.0.0/14",
            "172.31.0.0/16",
            "172.20.0.1/32",
        ]
        .iter()
        .map(|range| range.parse().unwrap())
        .collect();
        assert_eq!(ranges[..3], [NODE_NETWORK, MANAGEMENT_PODS, MANAGEMENT_SERVICES]);
        assert!(ranges[3].contains(&DEAD_END_NEAR) && ranges[3].contains(&DEAD_END_FAR));
        for (index, left) in ranges.iter().enumerate() {
            for right in &ranges[index + 1..] {
                assert!(!left.contains(right) && !right.contains(left), "{left} and {right}");
            }
        }
    }

    #[test]
    fn bridge_ports_fit_the_kernel_limit() {
        assert_eq!(bridge_port(Ipv4Addr::new(10, 200, 0, 254)), "port254");
    }
}
