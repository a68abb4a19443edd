//! flannel: pods of different nodes reach each other over vxlan.
//!
//! It writes `/run/flannel/subnet.env` and no CNI configuration: hoist-node makes that, and takes it back on leave.

use hoist_api::dynamic::dynamic;
use std::collections::BTreeMap;

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, PodSpec, Volume};
use kube::core::DynamicObject;
use serde_json::json;

use crate::daemon::{
    ApiServer, capable, configuration_hash, container, daemon_set, field, host_path, mount, pull_secrets, requests,
    variable,
};
use crate::metadata::{account, cluster_role, cluster_role_binding, namespaced, rule, service_account};

/// Name of its objects.
pub const NAME: &str = "flannel";
/// Name of its role.
const ROLE: &str = "hoist:flannel";

/// What differs from one cluster to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flannel {
    /// Image.
    pub image: String,
    /// How it reaches the API server.
    pub api_server: ApiServer,
    /// Network of pods.
    pub cluster_network: IpNet,
    /// Pull secret in `kube-system`.
    pub pull_secret: Option<String>,
}

/// Its rights, to be applied by an administrator.
pub fn access() -> Vec<DynamicObject> {
    vec![
        dynamic(&cluster_role(
            ROLE,
            vec![rule("", &["nodes"], &["get", "list", "watch"]), rule("", &["nodes/status"], &["patch"])],
        )),
        dynamic(&cluster_role_binding(ROLE, ROLE, vec![account(NAME)])),
    ]
}

/// Its other objects, in the order in which they are applied.
pub fn flannel(parameters: &Flannel) -> Vec<DynamicObject> {
    let configuration = configuration(parameters);
    let hash = configuration_hash(&configuration);
    vec![
        dynamic(&service_account(NAME)),
        dynamic(&ConfigMap {
            metadata: namespaced(NAME),
            data: Some(BTreeMap::from([("net-conf.json".to_owned(), configuration)])),
            ..ConfigMap::default()
        }),
        dynamic(&daemon_set(NAME, NAME, pod(parameters), &hash)),
    ]
}

fn configuration(parameters: &Flannel) -> String {
    let configuration = json!({
        "Network": parameters.cluster_network.to_string(),
        "EnableNFTables": true,
        "Backend": {"Type": "vxlan"},
    });
    format!("{configuration:#}\n")
}

fn pod(parameters: &Flannel) -> PodSpec {
    let arguments = [
        "--kube-subnet-mgr",
        "--ip-masq",
        // The interface with the node's address: the default route may lead elsewhere.
        "--iface=$(NODE_IP)",
        "--net-config-path=/etc/flannel/net-conf.json",
    ]
    .map(str::to_owned);
    let mut daemon = container(NAME, &parameters.image, "/usr/bin/flanneld", &arguments);
    daemon.env = Some(
        [
            vec![
                field("NODE_NAME", "spec.nodeName"),
                field("NODE_IP", "status.hostIP"),
                // Upstream's values for large clusters, and to give up rather than run on an empty cache.
                variable("EVENT_QUEUE_DEPTH", "5000"),
                variable("CONT_WHEN_CACHE_NOT_READY", "false"),
            ],
            parameters.api_server.environment(),
        ]
        .concat(),
    );
    daemon.security_context = Some(capable(&["NET_ADMIN", "NET_RAW"]));
    daemon.resources = Some(requests(10, 30));
    daemon.volume_mounts =
        Some(vec![mount("run", "/run/flannel", false), mount("configuration", "/etc/flannel", true)]);
    PodSpec {
        containers: vec![daemon],
        image_pull_secrets: pull_secrets(parameters.pull_secret.as_deref()),
        volumes: Some(vec![
            host_path("run", "/run/flannel"),
            Volume {
                name: "configuration".to_owned(),
                config_map: Some(ConfigMapVolumeSource { name: NAME.to_owned(), ..ConfigMapVolumeSource::default() }),
                ..Volume::default()
            },
        ]),
        ..PodSpec::default()
    }
}
