//! Every configuration file of a node, ready to be written.
//!
//! The list is complete: a file of ours under `/etc/hoist` that is not in it is left over and may go.

use serde_json::json;

use crate::{
    Endpoint, FirewallTool, HostFacts, NetworkProvider, NodeConfig, ThisHost, cni::CniWaiterConfig,
    containerd::containerd_config, kubelet::kubelet_configuration, paths, registries::registry_files, units::units,
};

/// One file of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFile {
    /// Absolute path on the host.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What it holds.
    pub contents: String,
}

impl HostFile {
    /// A file anyone on the host may read.
    pub fn public(path: impl Into<String>, contents: impl Into<String>) -> Self {
        Self { path: path.into(), mode: 0o644, contents: contents.into() }
    }

    /// A file for root only.
    pub fn private(path: impl Into<String>, contents: impl Into<String>) -> Self {
        Self { path: path.into(), mode: 0o600, contents: contents.into() }
    }
}

/// The configuration files of a node, units included, credentials not.
pub fn files(config: &NodeConfig, facts: &HostFacts, this_host: &ThisHost, sandbox_image: &str) -> Vec<HostFile> {
    let mut files = vec![
        HostFile::public(paths::CONTAINERD_CONFIG, containerd_config(facts, &config.settings, sandbox_image)),
        HostFile::public(paths::KUBELET_CONFIG, kubelet_configuration(config, facts)),
        HostFile::public(paths::KUBELET_CLIENT_CA, config.kubelet_client_certificate_authority_pem.clone()),
    ];
    if facts.resolv_conf.is_none() {
        files.push(HostFile::public(paths::EMPTY_RESOLV_CONF, ""));
    }
    files.extend(registry_files(config));
    if !config.kubelet.has_fixed_kubeconfig {
        let api = proxy_config(config, config.api_port, &config.api_endpoints, this_host);
        files.push(HostFile::public(paths::API_PROXY_CONFIG, api));
        if !config.konnectivity_endpoints.is_empty() {
            let konnectivity =
                proxy_config(config, config.konnectivity_port, &config.konnectivity_endpoints, this_host);
            files.push(HostFile::public(paths::KONNECTIVITY_PROXY_CONFIG, konnectivity));
        }
        if config.pod_network.provider == NetworkProvider::Hoist {
            files.push(HostFile::public(paths::CNI_WAITER_CONFIG, cni_waiter_config(config, facts)));
        }
    }
    for unit in units(config, facts, this_host) {
        let contents = format!("{:#}\n", json!(unit));
        files.push(HostFile::public(format!("{}/{}.json", paths::UNITS, unit.name), contents));
    }
    files
}

fn proxy_config(config: &NodeConfig, port: u16, endpoints: &[Endpoint], this_host: &ThisHost) -> String {
    let listen = std::net::SocketAddr::new(config.api_address, port);
    format!("{:#}\n", json!({"listen": listen, "endpoints": endpoints, "proxy": this_host.proxy}))
}

fn cni_waiter_config(config: &NodeConfig, facts: &HostFacts) -> String {
    let host_ports = if facts.has_nft {
        Some(FirewallTool::Nftables)
    } else if facts.has_iptables {
        Some(FirewallTool::Iptables)
    } else {
        None
    };
    format!("{:#}\n", json!(CniWaiterConfig { mtu: config.pod_network.mtu, host_ports }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn files_of_a_worker() {
        let files = files(
            &fixtures::node_config(),
            &fixtures::facts(),
            &fixtures::this_host(),
            "registry.test:5000/r@sha256:00",
        );
        let list: Vec<String> = files.iter().map(|file| format!("{:o} {}", file.mode, file.path)).collect();
        insta::assert_snapshot!(list.join("\n"));
        let proxy = files.iter().find(|file| file.path == paths::API_PROXY_CONFIG).expect("the proxy's file");
        insta::assert_snapshot!("api_proxy_config", proxy.contents);
    }

    #[test]
    fn a_host_without_name_servers_gets_an_empty_resolv_conf() {
        let mut facts = fixtures::facts();
        facts.resolv_conf = None;
        let files = files(&fixtures::node_config(), &facts, &fixtures::this_host(), "r@sha256:00");
        assert!(files.contains(&HostFile::public(paths::EMPTY_RESOLV_CONF, "")));
    }
}
