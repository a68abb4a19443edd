//! The pod network: flannel with vxlan, its rules in nftables.
//!
//! flannel leaves its subnet in `/run/flannel/subnet.env` on the node; whoever prepared the host writes the CNI
//! configuration from it, so that no CNI plugin of flannel's is needed.

use std::collections::BTreeMap;

use hoist_api::dynamic::dynamic;
use hoist_plan::HostPort;
use ipnet::IpNet;
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSpec, ServiceAccount};
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::core::DynamicObject;
use serde_json::json;

use crate::access::{bind_user_of, cluster_role, rule};
use crate::metadata::in_kube_system;
use crate::pod;

const NAME: &str = "flannel";
const ROLE: &str = "hoist:flannel";

/// ServiceAccount, ConfigMap and DaemonSet.
pub fn objects(image: &str, cluster_network: IpNet, api: &HostPort) -> Vec<DynamicObject> {
    let account = ServiceAccount { metadata: in_kube_system(NAME), ..ServiceAccount::default() };
    let configuration = json!({
        "Network": cluster_network.to_string(),
        "EnableNFTables": true,
        "Backend": {"Type": "vxlan"},
    })
    .to_string();
    let config_map = ConfigMap {
        metadata: in_kube_system(NAME),
        data: Some(BTreeMap::from([("net-conf.json".to_owned(), configuration.clone())])),
        ..ConfigMap::default()
    };
    let daemon_set = pod::daemon_set(
        NAME,
        BTreeMap::from([("hoist.internal/configuration".to_owned(), configuration)]),
        PodSpec {
            service_account_name: Some(NAME.to_owned()),
            containers: vec![container(image, api)],
            volumes: Some(vec![pod::config_map_volume("configuration", NAME), pod::host_folder("run", "/run/flannel")]),
            ..PodSpec::default()
        },
    );
    vec![dynamic(&account), dynamic(&config_map), dynamic(&daemon_set)]
}

/// ClusterRole and binding of its ServiceAccount.
pub fn access() -> Vec<DynamicObject> {
    let rules: Vec<PolicyRule> =
        vec![rule("", &["nodes"], &["get", "list", "watch"]), rule("", &["nodes/status"], &["patch"])];
    vec![cluster_role(ROLE, rules), bind_user_of(ROLE, ROLE, NAME)]
}

fn container(image: &str, api: &HostPort) -> Container {
    let mut environment = pod::api_environment(api);
    environment.push(pod::field("NODE_NAME", "spec.nodeName"));
    environment.push(pod::field("NODE_IP", "status.hostIP"));
    Container {
        env: Some(environment),
        resources: Some(pod::requests("10m", "32Mi")),
        security_context: Some(pod::node_privileges(&["NET_ADMIN", "NET_RAW"])),
        volume_mounts: Some(vec![
            pod::mount("configuration", "/etc/kube-flannel", true),
            pod::mount("run", "/run/flannel", false),
        ]),
        ..pod::container(
            NAME,
            image,
            "/usr/bin/flanneld",
            vec![
                "--ip-masq".to_owned(),
                "--kube-subnet-mgr".to_owned(),
                // The default route of a node may lead nowhere; the node's own address is always right.
                "--iface=$(NODE_IP)".to_owned(),
            ],
        )
    }
}
