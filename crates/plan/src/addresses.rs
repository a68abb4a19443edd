//! Arithmetic on networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Whether two networks share an address.
pub fn overlap(left: &IpNet, right: &IpNet) -> bool {
    left.contains(right) || right.contains(left)
}

/// The address `offset` places after the network address, if the network holds it.
pub fn nth(network: &IpNet, offset: u32) -> Option<IpAddr> {
    let address = match network.network() {
        IpAddr::V4(first) => IpAddr::V4(Ipv4Addr::from(u32::from(first).checked_add(offset)?)),
        IpAddr::V6(first) => IpAddr::V6(Ipv6Addr::from(u128::from(first).checked_add(u128::from(offset))?)),
    };
    network.contains(&address).then_some(address)
}
