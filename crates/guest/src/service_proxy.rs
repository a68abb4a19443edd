//! kube-proxy in nftables mode.
//!
//! Conntrack limits are left alone: they belong to the machine, and a node in a network namespace may not set them.

use std::collections::BTreeMap;

use hoist_api::dynamic::dynamic;
use hoist_plan::HostPort;
use ipnet::IpNet;
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSpec, ServiceAccount};
use kube::core::DynamicObject;
use serde_json::json;

use crate::access::bind_user_of;
use crate::metadata::in_kube_system;
use crate::pod;

const NAME: &str = "kube-proxy";

/// What differs from one cluster to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Pull specification.
    pub image: String,
    /// Network of pods; traffic from outside it is masqueraded.
    pub cluster_network: IpNet,
    /// The API server as the node reaches it without Services.
    pub api: HostPort,
}

/// ServiceAccount, ConfigMap and DaemonSet. The account's rights are part of [`crate::access`].
pub fn objects(parameters: &Parameters) -> Vec<DynamicObject> {
    let account = ServiceAccount { metadata: in_kube_system(NAME), ..ServiceAccount::default() };
    let configuration = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": parameters.cluster_network.to_string(),
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "0.0.0.0:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        "nftables": {"minSyncPeriod": "0s"},
    })
    .to_string();
    let config_map = ConfigMap {
        metadata: in_kube_system(NAME),
        data: Some(BTreeMap::from([("config.json".to_owned(), configuration.clone())])),
        ..ConfigMap::default()
    };
    let daemon_set = pod::daemon_set(
        NAME,
        // A pod reads its configuration once: a change must make new pods.
        BTreeMap::from([("hoist.internal/configuration".to_owned(), configuration)]),
        PodSpec {
            service_account_name: Some(NAME.to_owned()),
            containers: vec![container(parameters)],
            volumes: Some(vec![pod::config_map_volume("configuration", NAME)]),
            ..PodSpec::default()
        },
    );
    vec![dynamic(&account), dynamic(&config_map), dynamic(&daemon_set)]
}

/// The ClusterRoleBinding of its ServiceAccount.
pub fn access() -> DynamicObject {
    bind_user_of("hoist:kube-proxy", "system:node-proxier", NAME)
}

fn container(parameters: &Parameters) -> Container {
    let mut environment = pod::api_environment(&parameters.api);
    environment.push(pod::field("NODE_NAME", "spec.nodeName"));
    Container {
        env: Some(environment),
        resources: Some(pod::requests("10m", "32Mi")),
        // It writes the node's packet filter and, for NodePorts on loopback, its sysctls.
        security_context: Some(k8s_openapi::api::core::v1::SecurityContext {
            privileged: Some(true),
            read_only_root_filesystem: Some(true),
            ..Default::default()
        }),
        volume_mounts: Some(vec![pod::mount("configuration", "/etc/kube-proxy", true)]),
        startup_probe: None,
        readiness_probe: Some(pod::http_probe(None, 10256, "/healthz", 2)),
        ..pod::container(
            NAME,
            &parameters.image,
            "/usr/bin/kube-proxy",
            vec!["--config=/etc/kube-proxy/config.json".to_owned(), "--hostname-override=$(NODE_NAME)".to_owned()],
        )
    }
}
