//! Kernel settings that a node depends on, and that users therefore cannot set for it.

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

/// Whether the node itself sets this.
pub fn is_the_nodes_own(name: &str) -> bool {
    REQUIRED.iter().any(|(required, _)| *required == name) || CHANGED_BY_SERVICES.contains(&name)
}
