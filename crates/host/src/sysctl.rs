//! Kernel settings a node needs, and those its services change behind our back.
//!
//! kubelet writes some settings itself without putting them back; so they are recorded before it first starts.

use std::io;

use fs_err as fs;

/// Settings a node must have: routing between pods, and bridged packets shown to the packet filter (without that a pod
/// cannot reach a neighbour on its own bridge through a Service).
pub const REQUIRED: [(&str, &str); 3] = [
    ("net.ipv4.ip_forward", "1"),
    ("net.bridge.bridge-nf-call-iptables", "1"),
    ("net.bridge.bridge-nf-call-ip6tables", "1"),
];

/// Settings that kubelet, kube-proxy or flannel change. **Source:** kubelet `container_manager_linux.go`
/// (`setupKernelTunables`), kube-proxy `conntrack`.
pub const CHANGED_BY_SERVICES: [&str; 10] = [
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    "net.ipv4.conf.all.route_localnet",
];

fn path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

/// The value of a setting; `None` when this kernel does not have it.
pub fn get(name: &str) -> Option<String> {
    fs::read_to_string(path(name)).ok().map(|value| value.trim().to_owned())
}

/// Gives a setting a value, unless it has it already (which also works where /proc/sys is read-only).
pub fn set(name: &str, value: &str) -> io::Result<()> {
    if get(name).as_deref() == Some(value) {
        return Ok(());
    }
    fs::write(path(name), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_and_written_back_unchanged() {
        let value = get("kernel.pid_max").expect("every kernel has it");
        set("kernel.pid_max", &value).expect("nothing to change");
    }

    #[test]
    fn an_unknown_setting_is_none() {
        assert_eq!(get("kernel.hoist_has_no_such_setting"), None);
    }
}
