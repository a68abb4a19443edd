//! What this host is called and how it is reached.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _, UdpSocket};

use hoist_node_config::{ProxySettings, ThisHost};

use super::contact::Target;
use crate::{arguments::JoinArguments, cause::Cause, state::State};

/// Name and addresses. What an earlier join decided stays: the Node's name cannot change.
pub(super) fn this_host(
    arguments: &JoinArguments,
    earlier: Option<&State>,
    target: &Target,
    proxy: Option<ProxySettings>,
) -> Result<ThisHost, Cause> {
    if let Some(state) = earlier {
        if arguments.node_name.as_ref().is_some_and(|name| *name != state.this_host.node_name) {
            return Err(Cause::new(
                format!("this host is node {} already", state.this_host.node_name),
                "leave first with `hoist-node leave`, then join with the other name",
            ));
        }
        return Ok(ThisHost { proxy, ..state.this_host.clone() });
    }
    let node_name = match &arguments.node_name {
        Some(name) => name.clone(),
        None => host_name()?,
    };
    let node_addresses =
        if arguments.node_ip.is_empty() { vec![address_towards(&target.url)?] } else { arguments.node_ip.clone() };
    Ok(ThisHost { node_name, node_addresses, proxy })
}

fn host_name() -> Result<String, Cause> {
    let name = nix::unistd::gethostname()
        .map_err(|cause| Cause::new(format!("this host has no name: {cause}"), "pass --node-name NAME"))?;
    // Host names are compared without regard to case; node names have only small letters.
    Ok(name.to_string_lossy().to_lowercase())
}

/// The address from which this host reaches the server, which is the one that others reach it at, too.
fn address_towards(url: &str) -> Result<IpAddr, Cause> {
    let unknown = |cause: String| {
        Cause::new(format!("cannot tell which address this host reaches {url} from: {cause}"), "pass --node-ip ADDRESS")
    };
    let authority = url.trim_start_matches("https://").split('/').next().unwrap_or_default();
    // Behind a proxy the server's name may not resolve; any address outside shows the default route.
    let outside = SocketAddr::from(([192, 0, 2, 1], 443));
    let server = authority.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()).unwrap_or(outside);
    let local: SocketAddr =
        if server.is_ipv4() { SocketAddr::from(([0, 0, 0, 0], 0)) } else { SocketAddr::from(([0_u16; 8], 0)) };
    // Connecting a UDP socket sends nothing; the kernel only looks up the route.
    let address = UdpSocket::bind(local)
        .and_then(|socket| {
            socket.connect(server)?;
            socket.local_addr()
        })
        .map_err(|cause| unknown(cause.to_string()))?
        .ip();
    if address.is_unspecified() {
        return Err(unknown("no route".to_owned()));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_one_that_the_route_begins_at() {
        assert_eq!(address_towards("https://127.0.0.1:6443").expect("loopback"), IpAddr::from([127, 0, 0, 1]));
    }
}
