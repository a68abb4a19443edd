//! kubelet's configuration file and its few arguments.
//!
//! Nothing here names a cloud provider: a node that announces an external one waits forever for a controller that, for
//! hosts of the user's own, does not exist.

use serde_json::{Map, Value, json};

use crate::{CgroupVersion, HostFacts, NodeConfig, ThisHost, paths};

/// The KubeletConfiguration (`kubelet.config.k8s.io/v1beta1`), as YAML.
///
/// The user's overrides win, key by key. Swap that the host's owner accepted is tolerated, but pods
/// still get none: that is kubelet's default behaviour (`NoSwap`).
pub fn kubelet_configuration(config: &NodeConfig, facts: &HostFacts) -> String {
    let mut fields = base(config, facts);
    if facts.cgroup_version == CgroupVersion::V1 {
        // kubelet refuses cgroup v1 since 1.35 unless told otherwise; on v2 the field would say nothing.
        fields.insert("failCgroupV1".into(), json!(false));
    }
    if !facts.can_lower_oom_score {
        // kubelet wants -999 for itself and would log a refusal at every start.
        fields.insert("oomScoreAdj".into(), json!(0));
    }
    if let Some(root) = &config.kubelet.cgroup_root {
        fields.insert("cgroupRoot".into(), json!(root));
    }
    if let Some(pods) = config.kubelet.max_pods {
        fields.insert("maxPods".into(), json!(pods));
    }
    if let Some(path) = &config.kubelet.static_pod_path {
        fields.insert("staticPodPath".into(), json!(path));
    }
    if !config.kubelet.system_reserved.is_empty() {
        fields.insert("systemReserved".into(), json!(config.kubelet.system_reserved));
    }
    if !config.taints.is_empty() {
        fields.insert("registerWithTaints".into(), json!(config.taints));
    }
    if let Some(serving) = &config.kubelet.serving {
        fields.insert("tlsCertFile".into(), json!(serving.certificate));
        fields.insert("tlsPrivateKeyFile".into(), json!(serving.key));
    } else {
        fields.insert("serverTLSBootstrap".into(), json!(true));
    }
    merge(&mut fields, &config.kubelet.overrides);
    serde_saphyr::to_string(&Value::Object(fields)).expect("a tree of JSON values is always YAML")
}

/// Lays `over` on `fields`; objects are merged, all else is replaced.
pub(crate) fn merge(fields: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (fields.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above)) => merge(below, above),
            _ => {
                fields.insert(key.clone(), value.clone());
            }
        }
    }
}

fn base(config: &NodeConfig, facts: &HostFacts) -> Map<String, Value> {
    let driver = if facts.uses_systemd_cgroups() { "systemd" } else { "cgroupfs" };
    let fields = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": paths::KUBELET_CLIENT_CA},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": driver,
        "clusterDNS": config.cluster_dns,
        "clusterDomain": config.cluster_domain,
        "containerRuntimeEndpoint": format!("unix://{}", paths::CONTAINERD_SOCKET),
        // The default of 15 % evicts everything from a host whose disk is big and shared; 1 % still leaves
        // gigabytes on the disks where it matters. Memory keeps kubelet's default.
        "evictionHard": {
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        "evictionPressureTransitionPeriod": "30s",
        "failSwapOn": !facts.swap_allowed,
        "healthzBindAddress": "127.0.0.1",
        "imageGCHighThresholdPercent": 99,
        "imageGCLowThresholdPercent": 95,
        // kubelet's iptables chains serve proxies other than ours and would outlive the node.
        "makeIPTablesUtilChains": false,
        "resolvConf": facts.resolv_conf.as_deref().unwrap_or(paths::EMPTY_RESOLV_CONF),
        "rotateCertificates": !config.kubelet.has_fixed_kubeconfig,
        // The first pods of a node are all system pods: pulled one after the other they would add up.
        "maxParallelImagePulls": 5,
        "serializeImagePulls": false,
        "tlsMinVersion": "VersionTLS12",
        "volumePluginDir": paths::KUBELET_VOLUME_PLUGINS,
    });
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Arguments of kubelet: only what its configuration file cannot say.
pub fn kubelet_arguments(config: &NodeConfig, facts: &HostFacts, this_host: &ThisHost) -> Vec<String> {
    let mut arguments = vec![
        format!("--config={}", paths::KUBELET_CONFIG),
        format!("--kubeconfig={}", paths::KUBELET_KUBECONFIG),
        format!("--root-dir={}", paths::KUBELET_ROOT),
        format!("--cert-dir={}", paths::KUBELET_PKI),
        format!("--hostname-override={}", this_host.node_name),
    ];
    if !config.kubelet.has_fixed_kubeconfig {
        arguments.push(format!("--bootstrap-kubeconfig={}", paths::KUBELET_BOOTSTRAP_KUBECONFIG));
    }
    if !this_host.node_addresses.is_empty() {
        let addresses: Vec<String> = this_host.node_addresses.iter().map(ToString::to_string).collect();
        arguments.push(format!("--node-ip={}", addresses.join(",")));
    }
    let labels = node_labels(config, facts);
    if !labels.is_empty() {
        arguments.push(format!("--node-labels={}", labels.join(",")));
    }
    arguments
}

fn node_labels(config: &NodeConfig, facts: &HostFacts) -> Vec<String> {
    let mut labels = config.labels.clone();
    let id = &facts.os_release.id;
    if !id.is_empty() && id.len() <= 63 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        labels.insert("node.openshift.io/os_id".to_owned(), id.clone());
    }
    labels.into_iter().filter(|(key, _)| kubelet_may_set(key)).map(|(key, value)| format!("{key}={value}")).collect()
}

/// Whether kubelet accepts this label for itself; it exits at start when it meets another (a node must not be able to
/// give itself a role). Those are set by the operator.
///
/// **Source:** Kubernetes `kubelet/apis/well_known_labels.go`.
fn kubelet_may_set(key: &str) -> bool {
    const ALLOWED: [&str; 8] = [
        "kubernetes.io/hostname",
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/arch",
        "beta.kubernetes.io/os",
    ];
    let Some((prefix, _)) = key.split_once('/') else {
        return true;
    };
    let within = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    if !within("kubernetes.io") && !within("k8s.io") {
        return true;
    }
    ALLOWED.contains(&key) || within("kubelet.kubernetes.io") || within("node.kubernetes.io")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{KubeletSettings, ServingFiles, Taint, fixtures};

    #[test]
    fn configuration_on_cgroup_v1_without_cap_sys_resource() {
        insta::assert_snapshot!(kubelet_configuration(&fixtures::node_config(), &fixtures::facts()));
    }

    #[test]
    fn configuration_on_cgroup_v2_with_systemd() {
        let facts = HostFacts {
            cgroup_version: CgroupVersion::V2,
            systemd: true,
            can_lower_oom_score: true,
            swap_on: true,
            swap_allowed: true,
            resolv_conf: None,
            ..fixtures::facts()
        };
        insta::assert_snapshot!(kubelet_configuration(&fixtures::node_config(), &facts));
    }

    #[test]
    fn configuration_of_a_management_node() {
        let mut config = fixtures::node_config();
        config.kubelet = KubeletSettings {
            max_pods: Some(250),
            static_pod_path: Some("/etc/kubernetes/manifests".into()),
            serving: Some(ServingFiles { certificate: "/etc/s.crt".into(), key: "/etc/s.key".into() }),
            has_fixed_kubeconfig: true,
            ..KubeletSettings::default()
        };
        config.taints = vec![Taint { key: "k".into(), value: "v".into(), effect: "NoSchedule".into() }];
        insta::assert_snapshot!(kubelet_configuration(&config, &fixtures::facts()));
    }

    #[test]
    fn the_users_own_fields_win() {
        let mut config = fixtures::node_config();
        config.kubelet.overrides.insert("maxParallelImagePulls".into(), json!(1));
        let yaml = kubelet_configuration(&config, &fixtures::facts());
        assert!(yaml.contains("maxParallelImagePulls: 1\n"), "{yaml}");
        assert!(!yaml.contains("maxParallelImagePulls: 5"), "{yaml}");
    }

    #[test]
    fn the_users_own_keys_join_ours() {
        let mut config = fixtures::node_config();
        config.kubelet.overrides.insert("evictionHard".into(), json!({"memory.available": "500Mi"}));
        config.kubelet.overrides.insert("maxPods".into(), json!(40));
        config.kubelet.overrides.insert("systemReserved".into(), json!({"cpu": "100m"}));
        insta::assert_snapshot!(kubelet_configuration(&config, &fixtures::facts()));
    }

    #[test]
    fn arguments_of_a_worker() {
        let arguments = kubelet_arguments(&fixtures::node_config(), &fixtures::facts(), &fixtures::this_host());
        insta::assert_snapshot!(arguments.join("\n"));
    }

    #[rstest]
    #[case("example.net/team", true)]
    #[case("plain", true)]
    #[case("hypershift.openshift.io/nodePool", true)]
    #[case("topology.kubernetes.io/zone", true)]
    #[case("node.kubernetes.io/anything", true)]
    #[case("node-role.kubernetes.io/worker", false)]
    #[case("node-restriction.kubernetes.io/x", false)]
    #[case("x.k8s.io/y", false)]
    fn labels_kubelet_would_die_of_are_left_to_the_operator(#[case] key: &str, #[case] expected: bool) {
        assert_eq!(kubelet_may_set(key), expected);
    }

    #[test]
    fn a_strange_distribution_id_makes_no_label() {
        let mut facts = fixtures::facts();
        facts.os_release.id = "my own, linux".into();
        let arguments = kubelet_arguments(&fixtures::node_config(), &facts, &fixtures::this_host());
        assert!(arguments.iter().all(|argument| !argument.contains("os_id")), "{arguments:?}");
    }
}
