//! What preflight looks at on a host.

use std::{collections::BTreeMap, net::IpAddr, str::FromStr as _};

use fs_err as fs;
use hoist_node_config::{CgroupVersion, HostFacts, paths};
use nix::sys::statvfs::statvfs;

use crate::{HostRoot, facts, init_system};

/// Variable that puts readings in: `name=value` pairs with commas between them. For tests of a whole join; names are
/// `clock-skew` (seconds), `swap`, `disk-free` (bytes), `memory` (bytes), `os-id`, `kernel` and `port-in-use`.
pub const INJECT: &str = "HOIST_NODE_INJECT";

/// Tools that must be on a host, and why.
pub(super) const REQUIRED_TOOLS: [(&str, &str); 2] =
    [("mount", "kubelet mounts volumes with it"), ("umount", "kubelet unmounts volumes with it")];

/// A socket that somebody listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Address; unspecified means all of them.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// `true` for UDP.
    pub is_udp: bool,
}

/// The variable's value does not follow its form.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{INJECT} holds {part:?}; it must hold pairs like clock-skew=7200 or swap=/dev/sda2, separated by commas")]
pub struct InvalidInjection {
    /// The pair that was not understood.
    pub part: String,
}

/// What was found on a host.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a reading of its own, judged by its own check")]
pub struct Readings {
    /// Whether we may do everything.
    pub is_root: bool,
    /// Facts that configuration depends on, too.
    pub facts: HostFacts,
    /// Architecture the payload is built for.
    pub payload_architecture: String,
    /// cgroup controllers that exist.
    pub controllers: Vec<String>,
    /// Swap devices in use.
    pub swap: Vec<String>,
    /// Bytes free for us where images and programs go.
    pub disk_free_bytes: u64,
    /// This host's clock minus the server's, seconds; `None` when the server was not asked.
    pub clock_skew_seconds: Option<i64>,
    /// Everything that listens.
    pub listeners: Vec<Listener>,
    /// Required tools that are missing.
    pub missing_tools: Vec<&'static str>,
    /// Whether this kernel has overlay file systems.
    pub has_overlay: bool,
    /// Whether another kubelet has data here.
    pub foreign_kubelet: bool,
    /// CNI configurations that a runtime would take before ours.
    pub earlier_networks: Vec<String>,
    /// Whether SELinux enforces its policy.
    pub selinux_enforcing: bool,
    /// Why services could not be kept running, if they could not.
    pub init_problem: Option<String>,
    /// Readings that were put in, by name.
    pub injected: BTreeMap<String, String>,
}

impl Readings {
    /// Looks at the running host. `clock_skew_seconds` comes from whoever asked the server.
    pub fn take(facts: &HostFacts, clock_skew_seconds: Option<i64>) -> Self {
        let root = HostRoot::this_host();
        // What modprobe can load counts as there: asking for a mount would be a change.
        let _ = std::process::Command::new("modprobe").args(["-q", "overlay"]).status();
        Self {
            is_root: nix::unistd::geteuid().is_root(),
            facts: facts.clone(),
            payload_architecture: facts::architecture().to_owned(),
            controllers: controllers(facts.cgroup_version),
            swap: facts::swap_devices(&read("/proc/swaps")),
            disk_free_bytes: disk_free_bytes(),
            clock_skew_seconds,
            listeners: listeners(),
            missing_tools: REQUIRED_TOOLS
                .iter()
                .map(|(tool, _)| *tool)
                .filter(|tool| !facts::find_tool(&root, tool))
                .collect(),
            has_overlay: read("/proc/filesystems").lines().any(|line| line.ends_with("\toverlay")),
            foreign_kubelet: fs::read_dir(paths::KUBELET_ROOT).is_ok_and(|mut entries| entries.next().is_some()),
            earlier_networks: earlier_networks(),
            selinux_enforcing: read("/sys/fs/selinux/enforce").trim() == "1",
            init_problem: init_system::detect(&root).err().map(|cause| cause.to_string()),
            injected: BTreeMap::new(),
        }
    }

    /// Replaces readings by those in `injection` (see [`INJECT`]).
    pub fn inject(&mut self, injection: &str) -> Result<(), InvalidInjection> {
        for part in injection.split(',').filter(|part| !part.trim().is_empty()) {
            let invalid = || InvalidInjection { part: part.to_owned() };
            let (name, value) = part.trim().split_once('=').ok_or_else(invalid)?;
            match name {
                "clock-skew" => self.clock_skew_seconds = Some(value.parse().map_err(|_| invalid())?),
                "swap" => self.swap = vec![value.to_owned()],
                "disk-free" => self.disk_free_bytes = value.parse().map_err(|_| invalid())?,
                "memory" => self.facts.memory_bytes = value.parse().map_err(|_| invalid())?,
                "os-id" => value.clone_into(&mut self.facts.os_release.id),
                "kernel" => value.clone_into(&mut self.facts.kernel),
                "port-in-use" => self.listeners.push(Listener {
                    address: IpAddr::from_str("0.0.0.0").expect("an address"),
                    port: value.parse().map_err(|_| invalid())?,
                    is_udp: false,
                }),
                _ => return Err(invalid()),
            }
            self.injected.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn controllers(version: CgroupVersion) -> Vec<String> {
    match version {
        CgroupVersion::V2 => read("/sys/fs/cgroup/cgroup.controllers").split_whitespace().map(str::to_owned).collect(),
        // A controller that the kernel knows but nobody mounted is of no use to kubelet.
        CgroupVersion::V1 => read("/proc/self/mountinfo")
            .lines()
            .filter(|line| line.contains(" - cgroup "))
            .filter_map(|line| line.split_whitespace().last())
            .flat_map(|options| options.split(','))
            .map(str::to_owned)
            .collect(),
    }
}

/// The lesser of the two file systems that we fill.
fn disk_free_bytes() -> u64 {
    ["/var/lib", "/opt", "/"]
        .iter()
        .filter_map(|path| statvfs(*path).ok())
        .take(2)
        .map(|found| found.blocks_available() * found.fragment_size())
        .min()
        .unwrap_or(0)
}

fn listeners() -> Vec<Listener> {
    let mut found = Vec::new();
    for (path, is_udp) in
        [("/proc/net/tcp", false), ("/proc/net/tcp6", false), ("/proc/net/udp", true), ("/proc/net/udp6", true)]
    {
        found.extend(parse_listeners(&read(path), is_udp));
    }
    found
}

/// Reads `/proc/net/{tcp,udp}[6]`, whose addresses are hexadecimal words in host order.
fn parse_listeners(table: &str, is_udp: bool) -> Vec<Listener> {
    // Source: the kernel's tcp_states.h: 0A is LISTEN, 07 (CLOSE) is what an unconnected UDP socket shows.
    let wanted = if is_udp { "07" } else { "0A" };
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let (address, port) = fields.next()?.split_once(':')?;
            let state = fields.nth(1)?;
            let port = u16::from_str_radix(port, 16).ok()?;
            (state == wanted).then_some(Listener { address: parse_address(address)?, port, is_udp })
        })
        .collect()
}

fn parse_address(hexadecimal: &str) -> Option<IpAddr> {
    let word = |start: usize| u32::from_str_radix(hexadecimal.get(start..start + 8)?, 16).ok().map(u32::to_ne_bytes);
    if hexadecimal.len() == 8 {
        return Some(IpAddr::from(word(0)?));
    }
    let mut octets = [0; 16];
    for index in 0..4 {
        octets[index * 4..index * 4 + 4].copy_from_slice(&word(index * 8)?);
    }
    Some(IpAddr::from(octets))
}

fn earlier_networks() -> Vec<String> {
    let ours = paths::CNI_CONFLIST.rsplit('/').next().unwrap_or_default();
    let Ok(entries) = fs::read_dir(paths::CNI_CONFIG) else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| [".conf", ".conflist", ".json"].iter().any(|end| name.ends_with(end)) && name.as_str() < ours)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_read_from_the_kernels_tables() {
        let tcp = "  sl  local_address rem_address   st\n   0: 0100007F:2808 00000000:0000 0A 0\n   1: 0100007F:1F90 0100007F:2808 01 0\n";
        assert_eq!(
            parse_listeners(tcp, false),
            [Listener { address: "127.0.0.1".parse().expect("an address"), port: 10248, is_udp: false }]
        );
        let udp6 = "  sl\n 0: 00000000000000000000000000000000:2118 00000000000000000000000000000000:0000 07 0\n";
        assert_eq!(
            parse_listeners(udp6, true),
            [Listener { address: "::".parse().expect("an address"), port: 8472, is_udp: true }]
        );
        let mapped = "  sl\n 0: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 0\n";
        assert_eq!(
            parse_listeners(mapped, false)[0].address,
            "::ffff:127.0.0.1".parse::<IpAddr>().expect("an address")
        );
    }

    #[test]
    fn readings_can_be_put_in_and_are_marked() {
        let facts = facts::detect(&HostRoot::this_host());
        let mut readings = Readings::take(&facts, None);
        readings.inject("clock-skew=-7200, swap=/dev/sda2").expect("well-formed");
        assert_eq!(readings.clock_skew_seconds, Some(-7200));
        assert_eq!(readings.injected.len(), 2);
        assert_eq!(readings.inject("nonsense"), Err(InvalidInjection { part: "nonsense".into() }));
        assert_eq!(readings.inject("disk-free=much"), Err(InvalidInjection { part: "disk-free=much".into() }));
    }
}
