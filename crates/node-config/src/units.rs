//! The services of a node and how systemd is told about them.
//!
//! kubelet does not wait for the API proxy: it retries by itself, and waiting would only add to the join.

use std::fmt::Write as _;

use crate::{
    ClusterProxy, HostFacts, NetworkProvider, NodeConfig, ProxySettings, Ready, ThisHost, Unit, kubelet_arguments,
    paths,
};

/// The services of a node: API proxy, containerd, kubelet, CNI waiter and the agent that listens for orders.
///
/// A node whose kubeconfig is ready-made (a management node) has only containerd and kubelet: its API is reached
/// directly, its network is written beforehand, and nobody gives it orders.
pub fn units(config: &NodeConfig, facts: &HostFacts, this_host: &ThisHost) -> Vec<Unit> {
    let mut units = vec![containerd(config, facts, this_host), kubelet(config, facts, this_host)];
    if config.kubelet.has_fixed_kubeconfig {
        return units;
    }
    let listen = format!("{}:{}", config.api_address, config.api_port);
    units.insert(0, Unit::new("api-proxy", [paths::HOIST_NODE, "api-proxy"]).ready_when(Ready::Tcp(listen)));
    if config.pod_network.provider == NetworkProvider::Hoist {
        units.push(Unit::new("cni", [paths::HOIST_NODE, "cni"]));
    }
    let mut agent = Unit::new("agent", [paths::HOIST_NODE, "agent"]);
    if let Some(proxy) = &this_host.proxy {
        agent = with_proxy(agent, proxy);
    }
    units.push(agent);
    units
}

fn containerd(config: &NodeConfig, facts: &HostFacts, this_host: &ThisHost) -> Unit {
    let program = format!("{}/containerd", paths::BIN);
    let mut unit = Unit::new("containerd", [program.as_str(), "--config", paths::CONTAINERD_CONFIG])
        .ready_when(Ready::UnixSocket(paths::CONTAINERD_SOCKET.to_owned()));
    unit.notifies = true;
    unit.delegates = facts.uses_systemd_cgroups();
    // What the cluster's owner says goes before what the environment of the join happened to be.
    match (&config.settings.proxy, &this_host.proxy) {
        (Some(proxy), _) => with_cluster_proxy(unit, proxy),
        (None, Some(proxy)) => with_proxy(unit, proxy),
        (None, None) => unit,
    }
}

fn kubelet(config: &NodeConfig, facts: &HostFacts, this_host: &ThisHost) -> Unit {
    let mut argv = vec![format!("{}/kubelet", paths::BIN)];
    argv.extend(kubelet_arguments(config, facts, this_host));
    let mut unit = Unit::new("kubelet", argv).after("containerd").ready_when(Ready::Tcp("127.0.0.1:10248".to_owned()));
    unit.notifies = true;
    match &config.settings.proxy {
        Some(proxy) => with_cluster_proxy(unit, proxy),
        None => unit,
    }
}

fn with_cluster_proxy(unit: Unit, proxy: &ClusterProxy) -> Unit {
    let variables =
        [("HTTP_PROXY", &proxy.http_proxy), ("HTTPS_PROXY", &proxy.https_proxy), ("NO_PROXY", &proxy.no_proxy)];
    let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
    set.fold(unit, |unit, (name, value)| unit.env(name, value))
}

fn with_proxy(unit: Unit, proxy: &ProxySettings) -> Unit {
    unit.env("HTTPS_PROXY", &proxy.https_proxy).env("NO_PROXY", &proxy.no_proxy)
}

/// The unit as a systemd service file, `hoist-<name>.service`.
///
/// Only the main process is ended with the service: containers outlive a restart of containerd.
pub fn systemd_unit(unit: &Unit) -> String {
    let mut text = String::new();
    let after: Vec<String> = unit.after.iter().map(|name| format!("hoist-{name}.service")).collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "[Unit]\nDescription=Hoist node: {}", unit.name);
    let _ = writeln!(text, "After=network.target {}", after.join(" "));
    if !after.is_empty() {
        let _ = writeln!(text, "Wants={}", after.join(" "));
    }
    // A service that dies for an hour must still come back when its cause is gone.
    let _ = writeln!(text, "StartLimitIntervalSec=0\n\n[Service]");
    let _ = writeln!(text, "Type={}", if unit.notifies { "notify" } else { "simple" });
    let _ = writeln!(text, "Environment={}", quote(&format!("PATH={}", paths::SEARCH_PATH)));
    for (name, value) in &unit.env {
        let _ = writeln!(text, "Environment={}", quote(&format!("{name}={value}")));
    }
    let argv: Vec<String> = unit.argv.iter().map(|argument| quote(&argument.replace('$', "$$"))).collect();
    let _ = writeln!(text, "ExecStart={}", argv.join(" "));
    let _ = writeln!(text, "Restart=always\nRestartSec={}ms", unit.restart_delay);
    let _ = writeln!(text, "KillMode=process\nTasksMax=infinity\nLimitNOFILE=1048576");
    if unit.delegates {
        let _ = writeln!(text, "Delegate=yes");
    }
    let _ = writeln!(text, "\n[Install]\nWantedBy=multi-user.target");
    text
}

/// Quotes one word for systemd, where `%` has a meaning everywhere and `$` (doubled by the caller) in commands only.
fn quote(word: &str) -> String {
    let escaped = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn services_of_a_worker() {
        insta::assert_json_snapshot!(units(&fixtures::node_config(), &fixtures::facts(), &fixtures::this_host()));
    }

    #[test]
    fn a_management_node_has_no_proxy_no_agent_and_no_cni_waiter() {
        let mut config = fixtures::node_config();
        config.kubelet.has_fixed_kubeconfig = true;
        let names: Vec<String> =
            units(&config, &fixtures::facts(), &fixtures::this_host()).into_iter().map(|unit| unit.name).collect();
        assert_eq!(names, ["containerd", "kubelet"]);
    }

    #[test]
    fn a_network_of_the_users_own_gets_no_cni_waiter() {
        let mut config = fixtures::node_config();
        config.pod_network.provider = NetworkProvider::Other;
        assert!(units(&config, &fixtures::facts(), &fixtures::this_host()).iter().all(|unit| unit.name != "cni"));
    }

    #[test]
    fn a_proxy_reaches_only_those_that_dial_out_by_name() {
        let mut this_host = fixtures::this_host();
        this_host.proxy =
            Some(ProxySettings { https_proxy: "http://proxy.test:3128".into(), no_proxy: "10.0.0.0/8".into() });
        let with_proxy: Vec<String> = units(&fixtures::node_config(), &fixtures::facts(), &this_host)
            .into_iter()
            .filter(|unit| unit.env.contains_key("HTTPS_PROXY"))
            .map(|unit| unit.name)
            .collect();
        assert_eq!(with_proxy, ["containerd", "agent"]);
    }

    #[test]
    fn the_proxy_of_the_cluster_reaches_containerd_and_kubelet_and_goes_before_the_hosts_own() {
        let mut this_host = fixtures::this_host();
        this_host.proxy = Some(ProxySettings { https_proxy: "http://own.test:3128".into(), no_proxy: String::new() });
        let mut config = fixtures::node_config();
        config.settings.proxy = Some(ClusterProxy {
            http_proxy: String::new(),
            https_proxy: "http://proxy.test:3128".into(),
            no_proxy: ".svc,localhost".into(),
        });
        let environment: std::collections::BTreeMap<String, _> =
            units(&config, &fixtures::facts(), &this_host).into_iter().map(|unit| (unit.name, unit.env)).collect();
        insta::assert_json_snapshot!(environment);
    }

    #[test]
    fn systemd_service_of_containerd() {
        let mut facts = fixtures::facts();
        facts.systemd = true;
        facts.cgroup_version = crate::CgroupVersion::V2;
        insta::assert_snapshot!(systemd_unit(&containerd(&fixtures::node_config(), &facts, &fixtures::this_host())));
    }

    #[test]
    fn words_with_meanings_for_systemd_are_escaped() {
        let unit = Unit::new("x", [r#"/bin/a"b%c$d"#]).env("E", "$5");
        let text = systemd_unit(&unit);
        assert!(text.contains(r#"ExecStart="/bin/a\"b%%c$$d""#), "{text}");
        assert!(text.contains(r#"Environment="E=$5""#), "{text}");
    }
}
