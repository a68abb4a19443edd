//! The switch: the namespace with the bridge that connects all hosts of an instance.
//!
//! Its default route leads over a link into an empty namespace, the dead end, which answers
//! everything with "unreachable": programs need a route before their packets can be rewritten to
//! a Service's pod, and nothing of an instance may leave it.

use std::{fs::File, io, net::Ipv4Addr, os::fd::AsFd};

use ipnet::Ipv4Net;

use super::{Links, links, namespace};
use crate::{address_plan as plan, instance::Instance};

/// The switch's end of the link to the dead end.
const NEAR_LINK: &str = "deadend";
/// The dead end's own end.
const FAR_LINK: &str = "switch";

/// Why the switch is not there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A namespace cannot be made or entered.
    #[error(transparent)]
    Namespace(#[from] namespace::Error),
    /// A link cannot be made.
    #[error("cannot set up the instance's switch")]
    Links(#[from] links::Error),
    /// The system refused something else.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes what is missing of the switch; says whether anything was.
pub fn ensure(instance: &Instance) -> Result<bool, Error> {
    let (pin, dead_end) = (instance.run_dir().join("switch"), instance.run_dir().join("dead-end"));
    if namespace::is_pinned(&pin) && namespace::is_pinned(&dead_end) {
        let complete =
            inside(instance, |links| Ok(links.index(plan::BRIDGE).is_some() && links.index(NEAR_LINK).is_some()))?;
        if complete {
            return Ok(false);
        }
    }
    // Half a switch is of no use to anyone, so it is made anew.
    remove(instance)?;
    namespace::create(&dead_end)?;
    namespace::create(&pin)?;
    let dead_end = namespace::open(&dead_end)?;
    inside(instance, |links| build(links, &dead_end))?;
    enter(&dead_end, |links| {
        forward()?;
        links.set_up("lo")?;
        links.add_address(FAR_LINK, plan::DEAD_END_FAR, plan::DEAD_END_PREFIX)?;
        links.set_up(FAR_LINK)?;
        links.refuse_the_rest()?;
        // Answers must find their way back to the hosts.
        Ok(links.add_route(plan::NODE_NETWORK, plan::DEAD_END_NEAR)?)
    })?;
    Ok(true)
}

/// Removes the switch; one that is not there is fine. Hosts must be gone before.
pub fn remove(instance: &Instance) -> Result<(), Error> {
    namespace::unpin(&instance.run_dir().join("switch"))?;
    namespace::unpin(&instance.run_dir().join("dead-end"))?;
    Ok(())
}

/// Opens the switch's network namespace.
pub fn open(instance: &Instance) -> Result<File, Error> {
    Ok(namespace::open(&instance.run_dir().join("switch"))?)
}

/// Adds a port with `address` whose other end is `eth0` of the namespace `host`.
pub fn add_port(instance: &Instance, address: Ipv4Addr, host: impl AsFd + Sync) -> Result<(), Error> {
    let port = plan::bridge_port(address);
    let peer = format!("{port}p");
    inside(instance, |links| {
        // A port left by a host that lost its power: the kernel removes it, but not at once.
        links.delete(&port)?;
        links.add_veth(&port, &peer)?;
        links.attach(&port, plan::BRIDGE)?;
        Ok(links.hand_over(&peer, host.as_fd(), "eth0")?)
    })?;
    enter(host.as_fd(), |links| {
        links.set_up("lo")?;
        links.add_address("eth0", address, plan::NODE_NETWORK.prefix_len())?;
        links.set_up("eth0")?;
        Ok(links.add_route(Ipv4Net::default(), plan::SWITCH_ADDRESS)?)
    })
}

/// Routes the pods of a management node to it.
pub fn add_pod_route(instance: &Instance, pods: Ipv4Net, node: Ipv4Addr) -> Result<(), Error> {
    inside(instance, |links| Ok(links.add_route(pods, node)?))
}

/// Removes the port of a host that is gone, before the kernel gets to it.
pub fn remove_port(instance: &Instance, address: Ipv4Addr) -> Result<(), Error> {
    if !namespace::is_pinned(&instance.run_dir().join("switch")) {
        return Ok(());
    }
    inside(instance, |links| Ok(links.delete(&plan::bridge_port(address))?))
}

fn build(links: &Links, dead_end: &File) -> Result<(), Error> {
    forward()?;
    links.set_up("lo")?;
    links.add_bridge(plan::BRIDGE)?;
    links.add_address(plan::BRIDGE, plan::SWITCH_ADDRESS, plan::NODE_NETWORK.prefix_len())?;
    let passing = format!("{NEAR_LINK}p");
    links.add_veth(NEAR_LINK, &passing)?;
    links.hand_over(&passing, dead_end.as_fd(), FAR_LINK)?;
    links.add_address(NEAR_LINK, plan::DEAD_END_NEAR, plan::DEAD_END_PREFIX)?;
    links.set_up(NEAR_LINK)?;
    Ok(links.add_route(Ipv4Net::default(), plan::DEAD_END_FAR)?)
}

/// Lets the calling thread's namespace route, and keeps IPv6 and its chatter out of it.
fn forward() -> Result<(), Error> {
    let set = |path, value| {
        fs_err::write(path, value).map_err(|source| Error::Io { action: "set up the switch's routing", source })
    };
    if fs_err::metadata("/proc/sys/net/ipv6").is_ok() {
        set("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")?;
        set("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")?;
    }
    set("/proc/sys/net/ipv4/conf/all/send_redirects", "0")?;
    set("/proc/sys/net/ipv4/ip_forward", "1")
}

fn inside<T: Send>(instance: &Instance, work: impl FnOnce(&Links) -> Result<T, Error> + Send) -> Result<T, Error> {
    enter(&open(instance)?, work)
}

fn enter<T: Send>(
    namespace: impl AsFd + Sync,
    work: impl FnOnce(&Links) -> Result<T, Error> + Send,
) -> Result<T, Error> {
    namespace::within(namespace, || work(&Links::open()?))
        .map_err(|source| Error::Io { action: "enter a network namespace of the instance", source })?
}
