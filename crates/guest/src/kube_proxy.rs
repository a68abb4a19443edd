//! kube-proxy in nftables mode: needs no kernel module that a plain host might lack, and no sysctl that it may not write.

use hoist_api::dynamic::dynamic;
use std::collections::BTreeMap;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, HTTPGetAction, PodSpec, Probe, Volume};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::DynamicObject;
use serde_json::json;

use crate::daemon::{
    ApiServer, capable, configuration_hash, container, daemon_set, field, mount, pull_secrets, requests,
};
use crate::metadata::{account, cluster_role_binding, namespaced, service_account};

/// Name of its objects.
/// Name of its DaemonSet.
pub const NAME: &str = "kube-proxy";
const HEALTH_PORT: i32 = 10256;

/// What differs from one cluster to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeProxy {
    /// Image.
    pub image: String,
    /// How it reaches the API server.
    pub api_server: ApiServer,
    /// Network of pods; traffic from elsewhere to Services is masqueraded.
    pub cluster_network: IpNet,
    /// Pull secret in `kube-system`.
    pub pull_secret: Option<String>,
}

/// Its rights, to be applied by an administrator; kube-apiserver makes the role itself.
pub fn access() -> Vec<DynamicObject> {
    vec![dynamic(&cluster_role_binding("hoist:kube-proxy", "system:node-proxier", vec![account(NAME)]))]
}

/// Its other objects, in the order in which they are applied.
pub fn kube_proxy(parameters: &KubeProxy) -> Vec<DynamicObject> {
    let configuration = configuration(parameters);
    let hash = configuration_hash(&configuration);
    vec![
        dynamic(&service_account(NAME)),
        dynamic(&ConfigMap {
            metadata: namespaced(NAME),
            data: Some(BTreeMap::from([("config.conf".to_owned(), configuration)])),
            ..ConfigMap::default()
        }),
        dynamic(&daemon_set(NAME, NAME, pod(parameters), &hash)),
    ]
}

fn configuration(parameters: &KubeProxy) -> String {
    let configuration = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": parameters.cluster_network.to_string(),
        "detectLocalMode": "ClusterCIDR",
        "healthzBindAddress": format!("0.0.0.0:{HEALTH_PORT}"),
        "metricsBindAddress": "127.0.0.1:10249",
        // Zero leaves the kernel's settings alone: they are the host's, and not writable in every container.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpCloseWaitTimeout": "0s",
            "tcpEstablishedTimeout": "0s",
        },
        // Rules are written at once after a change; the default gathers changes for a second first.
        "nftables": {"minSyncPeriod": "100ms"},
    });
    format!("{configuration:#}\n")
}

fn pod(parameters: &KubeProxy) -> PodSpec {
    let arguments = ["--config=/etc/kube-proxy/config.conf".to_owned(), "--hostname-override=$(NODE_NAME)".to_owned()];
    let mut proxy = container(NAME, &parameters.image, "/usr/bin/kube-proxy", &arguments);
    proxy.env = Some([vec![field("NODE_NAME", "spec.nodeName")], parameters.api_server.environment()].concat());
    proxy.security_context = Some(capable(&["NET_ADMIN"]));
    proxy.resources = Some(requests(10, 40));
    proxy.readiness_probe = Some(Probe {
        http_get: Some(HTTPGetAction {
            path: Some("/healthz".to_owned()),
            port: IntOrString::Int(HEALTH_PORT),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(5),
        ..Probe::default()
    });
    proxy.volume_mounts = Some(vec![mount("configuration", "/etc/kube-proxy", true)]);
    PodSpec {
        containers: vec![proxy],
        image_pull_secrets: pull_secrets(parameters.pull_secret.as_deref()),
        volumes: Some(vec![Volume {
            name: "configuration".to_owned(),
            config_map: Some(ConfigMapVolumeSource { name: NAME.to_owned(), ..ConfigMapVolumeSource::default() }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}
