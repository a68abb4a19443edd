//! What joining hosts and nodes may read and ask for: certificates for themselves, their configuration, the pull secret.
//!
//! Nothing here approves a certificate request: the operator does, host by host.

use hoist_api::dynamic::dynamic;
use std::collections::BTreeMap;

use hoist_api::names::{
    HOST_GROUP, NODE_PULL_SECRET, host_configuration_secret, node_config_map, node_pool_host_group,
};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::rbac::v1::Subject;
use kube::core::DynamicObject;

use crate::metadata::{cluster_role_binding, group, namespaced, role, role_binding, rule_on, user};

/// Group of all nodes.
const NODES: &str = "system:nodes";
/// Prefix of the user name of a node.
const NODE_USER_PREFIX: &str = "system:node:";
/// Common name of the certificate that kube-apiserver presents to kubelets.
const API_SERVER_USER: &str = "system:kube-apiserver";
/// Key of the configuration in its ConfigMap.
const CONFIGURATION_KEY: &str = "config.json";
/// Names of our roles and bindings.
const BOOTSTRAP_BINDING: &str = "hoist:node-bootstrapper";
const KUBELET_BINDING: &str = "hoist:kube-apiserver-kubelet";
const PULL_SECRET_ROLE: &str = "hoist:pull-secret";

/// Rights of hosts, and of kube-apiserver towards kubelets; to be applied by an administrator.
pub fn access() -> Vec<DynamicObject> {
    vec![
        // Create, get, list and watch certificate requests, by a role that kube-apiserver makes itself.
        dynamic(&cluster_role_binding(BOOTSTRAP_BINDING, "system:node-bootstrapper", vec![group(HOST_GROUP)])),
        dynamic(&cluster_role_binding(KUBELET_BINDING, "system:kubelet-api-admin", vec![user(API_SERVER_USER)])),
        dynamic(&role(PULL_SECRET_ROLE, vec![rule_on("", &["secrets"], &[NODE_PULL_SECRET], &["get"])])),
        dynamic(&role_binding(PULL_SECRET_ROLE, readers())),
    ]
}

/// The configuration of a NodePool, and the right of hosts and nodes to read it. It holds no secret, so hosts of one pool may
/// read that of another.
///
/// `configuration` is the JSON of a `NodeConfig`.
pub fn node_pool(node_pool: &str, configuration: &str) -> Vec<DynamicObject> {
    let config_map = node_config_map(node_pool);
    let role_name = format!("hoist:node-pool:{node_pool}");
    vec![
        dynamic(&role(
            &role_name,
            vec![rule_on("", &["configmaps"], &[config_map.as_str()], &["get", "list", "watch"])],
        )),
        dynamic(&role_binding(&role_name, readers())),
        dynamic(&ConfigMap {
            metadata: namespaced(&config_map),
            data: Some(BTreeMap::from([(CONFIGURATION_KEY.to_owned(), configuration.to_owned())])),
            ..ConfigMap::default()
        }),
    ]
}

/// What users configure on the hosts of a NodePool, which may hold secrets: hosts that join this pool may read it, and its nodes
/// by their names; no other node.
///
/// `configuration` is the JSON of a `HostConfiguration`, `key` its place in the Secret.
pub fn host_configuration(node_pool: &str, key: &str, configuration: &[u8], nodes: &[String]) -> Vec<DynamicObject> {
    let secret = host_configuration_secret(node_pool);
    let role_name = format!("hoist:host-configuration:{node_pool}");
    let mut readers = vec![group(&node_pool_host_group(node_pool))];
    readers.extend(nodes.iter().map(|node| user(&format!("{NODE_USER_PREFIX}{node}"))));
    vec![
        dynamic(&role(&role_name, vec![rule_on("", &["secrets"], &[secret.as_str()], &["get"])])),
        dynamic(&role_binding(&role_name, readers)),
        dynamic(&Secret {
            metadata: namespaced(&secret),
            type_: Some("Opaque".to_owned()),
            data: Some(BTreeMap::from([(key.to_owned(), ByteString(configuration.to_vec()))])),
            ..Secret::default()
        }),
    ]
}

fn readers() -> Vec<Subject> {
    vec![group(HOST_GROUP), group(NODES)]
}

/// The pull secret of the nodes.
pub fn pull_secret(docker_configuration: &[u8]) -> DynamicObject {
    dynamic(&Secret {
        metadata: namespaced(NODE_PULL_SECRET),
        type_: Some("kubernetes.io/dockerconfigjson".to_owned()),
        data: Some(BTreeMap::from([(".dockerconfigjson".to_owned(), ByteString(docker_configuration.to_vec()))])),
        ..Secret::default()
    })
}
