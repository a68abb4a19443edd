//! Finds out what a host is like.
//!
//! Kernel facts are those of the running kernel, whatever root is asked about: a prepared host shares it.

use std::{collections::BTreeSet, net::IpAddr};

use fs_err as fs;
use hoist_node_config::{CgroupVersion, HostFacts, OsRelease, paths};

use crate::HostRoot;

/// Number of CAP_SYS_RESOURCE in capability masks. Source: capabilities(7).
const CAP_SYS_RESOURCE: u64 = 24;

/// Finds the facts of the host at `root`. What cannot be read counts as absent: facts never fail, checks do.
pub fn detect(root: &HostRoot) -> HostFacts {
    HostFacts {
        architecture: architecture().to_owned(),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        os_release: os_release(root),
        cgroup_version: cgroup_version(),
        systemd: root.path("/run/systemd/system").is_dir(),
        can_lower_oom_score: can_lower_oom_score(&read("/proc/self/status")),
        swap_on: !swap_devices(&read("/proc/swaps")).is_empty(),
        swap_allowed: false,
        cpus: std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(u32::MAX)),
        memory_bytes: memory_bytes(&read("/proc/meminfo")),
        addresses: addresses(),
        resolv_conf: resolv_conf(root),
        has_nft: find_tool(root, "nft"),
        has_iptables: find_tool(root, "iptables"),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// This machine's architecture in Kubernetes' words.
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Whether a program of this name lies where supervised services look for it, or `root`'s distribution keeps programs.
pub fn find_tool(root: &HostRoot, name: &str) -> bool {
    paths::SEARCH_PATH.split(':').any(|folder| root.path(&format!("{folder}/{name}")).is_file())
}

fn os_release(root: &HostRoot) -> OsRelease {
    let text = ["/etc/os-release", "/usr/lib/os-release"]
        .iter()
        .find_map(|path| root.read(path).ok().flatten())
        .unwrap_or_default();
    parse_os_release(&text)
}

/// Reads the lines of os-release that we know, with or without quotes.
pub fn parse_os_release(text: &str) -> OsRelease {
    let value = |name: &str| {
        text.lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']).to_owned())
            .unwrap_or_default()
    };
    OsRelease { id: value("ID"), version_id: value("VERSION_ID"), pretty_name: value("PRETTY_NAME") }
}

fn cgroup_version() -> CgroupVersion {
    // Only where the whole hierarchy is unified does this file lie at its root; "hybrid" layouts have it one deeper.
    if fs::metadata("/sys/fs/cgroup/cgroup.controllers").is_ok() { CgroupVersion::V2 } else { CgroupVersion::V1 }
}

fn can_lower_oom_score(status: &str) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << CAP_SYS_RESOURCE) != 0)
}

/// Swap devices and files in use, from the text of /proc/swaps.
pub fn swap_devices(swaps: &str) -> Vec<String> {
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn memory_bytes(meminfo: &str) -> u64 {
    meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}

fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = nix::ifaddrs::getifaddrs() else { return Vec::new() };
    let found: BTreeSet<IpAddr> = interfaces
        .filter_map(|interface| {
            let storage = interface.address?;
            let address = match (storage.as_sockaddr_in(), storage.as_sockaddr_in6()) {
                (Some(v4), _) => IpAddr::V4(v4.ip()),
                (_, Some(v6)) => IpAddr::V6(v6.ip()),
                _ => return None,
            };
            // Addresses on loopback devices include the node-side API address, which is no address of this host.
            let is_loopback =
                interface.flags.contains(nix::net::if_::InterfaceFlags::IFF_LOOPBACK) || address.is_loopback();
            (!is_loopback && !is_link_local(address)).then_some(address)
        })
        .collect();
    found.into_iter().collect()
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn resolv_conf(root: &HostRoot) -> Option<String> {
    // Behind systemd-resolved, /etc/resolv.conf names a stub on loopback that no pod can reach.
    ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"]
        .into_iter()
        .find(|path| root.path(path).is_file())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_is_read_with_and_without_quotes() {
        let found =
            parse_os_release("NAME=x\nID=\"rocky\"\nVERSION_ID='9.4'\nPRETTY_NAME=\"Rocky Linux 9.4\"\nID_LIKE=rhel\n");
        assert_eq!(
            found,
            OsRelease { id: "rocky".into(), version_id: "9.4".into(), pretty_name: "Rocky Linux 9.4".into() }
        );
        assert_eq!(parse_os_release(""), OsRelease::default());
    }

    #[test]
    fn cap_sys_resource_is_bit_24_of_the_effective_mask() {
        assert!(!can_lower_oom_score("CapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n"));
        assert!(can_lower_oom_score("CapEff:\t000001ffffffffff\n"));
        assert!(!can_lower_oom_score(""));
    }

    #[test]
    fn swaps_are_every_line_but_the_heading() {
        assert!(swap_devices("Filename\tType\tSize\n").is_empty());
        assert_eq!(
            swap_devices("Filename Type\n/dev/sda2 partition 1 0 -2\n/swap file 1 0 -3\n"),
            ["/dev/sda2", "/swap"]
        );
    }

    #[test]
    fn the_stub_of_systemd_resolved_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        assert_eq!(resolv_conf(&root), None);
        root.write("/etc/resolv.conf", 0o644, b"nameserver 127.0.0.53\n").expect("written");
        assert_eq!(resolv_conf(&root).as_deref(), Some("/etc/resolv.conf"));
        root.write("/run/systemd/resolve/resolv.conf", 0o644, b"nameserver 192.0.2.53\n").expect("written");
        assert_eq!(resolv_conf(&root).as_deref(), Some("/run/systemd/resolve/resolv.conf"));
    }

    #[test]
    fn the_running_machine_has_a_kernel_processors_and_memory() {
        let facts = detect(&HostRoot::this_host());
        assert!(!facts.kernel.is_empty() && facts.cpus > 0 && facts.memory_bytes > 0, "{facts:?}");
    }
}
