//! One valid value per type, for tests of this crate.

use std::collections::BTreeMap;

use crate::{
    CgroupVersion, Endpoint, HostFacts, KubeletSettings, NodeConfig, OsRelease, PodNetwork, PoolSettings,
    RegistryTrust, ThisHost,
};

pub(crate) fn facts() -> HostFacts {
    HostFacts {
        architecture: "amd64".into(),
        kernel: "6.1.0".into(),
        os_release: OsRelease {
            id: "debian".into(),
            version_id: "12".into(),
            pretty_name: "Debian GNU/Linux 12 (bookworm)".into(),
        },
        cgroup_version: CgroupVersion::V1,
        systemd: false,
        can_lower_oom_score: false,
        swap_on: false,
        swap_allowed: false,
        cpus: 2,
        memory_bytes: 4 << 30,
        addresses: vec!["192.0.2.10".parse().expect("an address")],
        resolv_conf: Some("/etc/resolv.conf".into()),
        has_nft: true,
        has_iptables: false,
    }
}

pub(crate) fn this_host() -> ThisHost {
    ThisHost { node_name: "w1".into(), node_addresses: vec!["192.0.2.10".parse().expect("an address")], proxy: None }
}

pub(crate) fn node_config() -> NodeConfig {
    NodeConfig {
        revision: String::new(),
        cluster: "demo".into(),
        node_pool: "demo".into(),
        kubernetes_version: "1.36.3".into(),
        release_image: format!("registry.test:5000/hoist/release@sha256:{}", "0".repeat(64)),
        cluster_dns: vec!["172.31.0.10".parse().expect("an address")],
        cluster_domain: "cluster.local".into(),
        api_endpoints: vec![Endpoint::new("192.0.2.1", 30443)],
        api_address: "172.20.0.1".parse().expect("an address"),
        api_port: 6443,
        konnectivity_endpoints: vec![Endpoint::new("192.0.2.1", 30444)],
        konnectivity_port: 8132,
        api_certificate_authority_pem: "API CA\n".into(),
        kubelet_client_certificate_authority_pem: "CLIENT CA\n".into(),
        registries: vec![RegistryTrust {
            host: "registry.test:5000".into(),
            certificate_authority_pem: "REGISTRY CA\n".into(),
        }],
        labels: BTreeMap::from([
            ("hypershift.openshift.io/nodePool".into(), "demo".into()),
            ("node-role.kubernetes.io/worker".into(), String::new()),
        ]),
        taints: Vec::new(),
        kubelet: KubeletSettings::default(),
        pod_network: PodNetwork::default(),
        settings: PoolSettings::default(),
    }
}
