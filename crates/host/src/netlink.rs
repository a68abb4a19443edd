//! The few things a host's network needs from us: an address on loopback, and removal of what a node left behind.
//!
//! Spoken to the kernel directly, so that neither `ip` nor `nft` must be installed on a host.

use std::{
    io::{self, IoSlice},
    net::IpAddr,
    os::fd::{AsRawFd as _, OwnedFd},
};

use nix::{
    net::if_::if_nametoindex,
    sys::{
        socket::{
            AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, recv, sendmsg, setsockopt, socket,
            sockopt::ReceiveTimeout,
        },
        time::{TimeVal, TimeValLike as _},
    },
};

/// Why the kernel did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action}")]
pub struct Refused {
    /// What was asked.
    action: String,
    /// What the system said.
    source: io::Error,
}

/// Family of an nftables table. Numbers: `NFPROTO_*` of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TableFamily {
    /// `inet`
    Inet = 1,
    /// `ip`
    Ip = 2,
    /// `ip6`
    Ip6 = 10,
}

// Numbers of the kernel's interface: linux/netlink.h, rtnetlink.h, if_addr.h, netfilter/nfnetlink.h, nf_tables.h.
const NLMSG_ERROR: u16 = 2;
const REQUEST: u16 = 1;
const ACK: u16 = 4;
const EXCLUSIVE: u16 = 0x200;
const CREATE: u16 = 0x400;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const NFNL_BATCH_BEGIN: u16 = 0x10;
const NFNL_BATCH_END: u16 = 0x11;
const NFNL_NFTABLES: u16 = 10;
const NFT_MSG_GETTABLE: u16 = 1;
const NFT_MSG_DELTABLE: u16 = 2;
const NFTA_TABLE_NAME: u16 = 1;

/// Adds an address (as a host route: full prefix) to an interface; no matter if it is there already.
pub fn add_address(interface: &str, address: IpAddr) -> Result<(), Refused> {
    address_request(RTM_NEWADDR, REQUEST | ACK | CREATE | EXCLUSIVE, interface, address, nix::Error::EEXIST)
        .map_err(|source| Refused { action: format!("add {address} to interface {interface}"), source })
}

/// Removes an address from an interface; no matter if it is not there.
pub fn remove_address(interface: &str, address: IpAddr) -> Result<(), Refused> {
    address_request(RTM_DELADDR, REQUEST | ACK, interface, address, nix::Error::EADDRNOTAVAIL)
        .map_err(|source| Refused { action: format!("remove {address} from interface {interface}"), source })
}

fn address_request(kind: u16, flags: u16, interface: &str, address: IpAddr, harmless: nix::Error) -> io::Result<()> {
    let index = if_nametoindex(interface)?;
    let (family, prefix, octets) = match address {
        IpAddr::V4(v4) => (nix::libc::AF_INET, 32, v4.octets().to_vec()),
        IpAddr::V6(v6) => (nix::libc::AF_INET6, 128, v6.octets().to_vec()),
    };
    let mut body = vec![family_octet(family), prefix, 0, 0];
    body.extend(index.to_ne_bytes());
    attribute(&mut body, IFA_LOCAL, &octets);
    attribute(&mut body, IFA_ADDRESS, &octets);
    ask(SockProtocol::NetlinkRoute, &message(kind, flags, 1, &body), harmless)
}

/// Removes an interface; no matter if there is none of that name.
pub fn remove_link(name: &str) -> Result<(), Refused> {
    let Ok(index) = if_nametoindex(name) else { return Ok(()) };
    // ifinfomsg: family, padding, type (2), index (4), flags (4), change (4).
    let mut body = vec![0; 4];
    body.extend(index.to_ne_bytes());
    body.extend([0; 8]);
    ask(SockProtocol::NetlinkRoute, &message(RTM_DELLINK, REQUEST | ACK, 1, &body), nix::Error::ENODEV)
        .map_err(|source| Refused { action: format!("remove interface {name}"), source })
}

/// Whether there is an nftables table of this name. A kernel without nftables has none.
pub fn has_table(family: TableFamily, name: &str) -> bool {
    let kind = (NFNL_NFTABLES << 8) | NFT_MSG_GETTABLE;
    // Without a request for an acknowledgement a table is answered by itself, and only its absence by an error.
    let request = message(kind, REQUEST, 1, &table(family, name));
    let answer = exchange(SockProtocol::NetlinkNetFilter, &request);
    answer.is_ok_and(|answer| error_of(&answer).is_none())
}

fn table(family: TableFamily, name: &str) -> Vec<u8> {
    let mut body = vec![family as u8, 0, 0, 0];
    let mut terminated = name.as_bytes().to_vec();
    terminated.push(0);
    attribute(&mut body, NFTA_TABLE_NAME, &terminated);
    body
}

/// Removes an nftables table with all its rules; no matter if there is none.
pub fn remove_table(family: TableFamily, name: &str) -> Result<(), Refused> {
    // Changes to nftables travel in a batch; res_id, in network order, says which subsystem it is for.
    let batch = [&[0, 0][..], &NFNL_NFTABLES.to_be_bytes()].concat();
    let kind = (NFNL_NFTABLES << 8) | NFT_MSG_DELTABLE;
    let request = [
        message(NFNL_BATCH_BEGIN, REQUEST, 1, &batch),
        message(kind, REQUEST | ACK, 2, &table(family, name)),
        message(NFNL_BATCH_END, REQUEST, 3, &batch),
    ]
    .concat();
    ask(SockProtocol::NetlinkNetFilter, &request, nix::Error::ENOENT)
        .map_err(|source| Refused { action: format!("remove nftables table {family:?} {name}"), source })
}

fn family_octet(family: i32) -> u8 {
    u8::try_from(family).expect("address families are small numbers")
}

/// One netlink message; its length is a multiple of four because its parts are.
fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).expect("our messages are short");
    let mut message = Vec::new();
    message.extend(length.to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend(0_u32.to_ne_bytes());
    message.extend(body);
    message
}

fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(4 + value.len()).expect("our attributes are short");
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn ask(protocol: SockProtocol, request: &[u8], harmless: nix::Error) -> io::Result<()> {
    match error_of(&exchange(protocol, request)?) {
        Some(0) => Ok(()),
        Some(code) if nix::Error::from_raw(code) == harmless => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code)),
        None => Err(io::Error::other("the kernel answered something that is no acknowledgement")),
    }
}

/// Sends a request to the kernel and returns its first answer.
fn exchange(protocol: SockProtocol, request: &[u8]) -> io::Result<Vec<u8>> {
    let socket: OwnedFd = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
    setsockopt(&socket, ReceiveTimeout, &TimeVal::seconds(5))?;
    let kernel = NetlinkAddr::new(0, 0);
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(request)], &[], MsgFlags::empty(), Some(&kernel))?;
    let mut buffer = vec![0; 4096];
    let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
    buffer.truncate(length);
    Ok(buffer)
}

/// The error number in an acknowledgement, positive; 0 is success.
fn error_of(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let code = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
    (kind == NLMSG_ERROR).then_some(-code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_to_four_bytes() {
        let mut body = Vec::new();
        attribute(&mut body, 1, b"abc\0x");
        assert_eq!(body.len(), 12);
        assert_eq!(body[..2], 9_u16.to_ne_bytes());
    }

    #[test]
    fn the_kernels_refusal_is_its_error_number() {
        let mut answer = message(NLMSG_ERROR, 0, 1, &(-17_i32).to_ne_bytes());
        assert_eq!(error_of(&answer), Some(17));
        answer[4] = 9;
        assert_eq!(error_of(&answer), None);
    }

    #[test]
    fn removing_an_interface_that_is_not_there_is_no_error() {
        remove_link("hoist-none").expect("nothing to do");
    }

    #[test]
    fn a_table_nobody_made_is_not_there() {
        assert!(!has_table(TableFamily::Inet, "hoist-none"));
    }

    #[test]
    fn an_address_needs_an_interface() {
        let error = add_address("hoist-none", "192.0.2.1".parse().expect("an address")).expect_err("no interface");
        assert_eq!(error.to_string(), "failed to add 192.0.2.1 to interface hoist-none");
    }
}
