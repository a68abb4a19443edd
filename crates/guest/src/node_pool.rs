//! What hosts of one NodePool read when they join.

use std::collections::BTreeMap;

use hoist_api::dynamic::dynamic;
use hoist_api::names;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role};
use kube::core::DynamicObject;

use crate::access::{bind_joining_hosts, named_rule};
use crate::metadata::in_kube_system;

/// ConfigMap with the node configuration (JSON, key `config.json`) and the right of joining hosts and nodes to read it.
pub fn objects(node_pool: &str, configuration: &str) -> Vec<DynamicObject> {
    let name = names::node_config_map(node_pool);
    let config_map = ConfigMap {
        metadata: in_kube_system(&name),
        data: Some(BTreeMap::from([("config.json".to_owned(), configuration.to_owned())])),
        ..ConfigMap::default()
    };
    let rules: Vec<PolicyRule> = vec![named_rule("", "configmaps", &name, &["get"])];
    let role = Role { metadata: in_kube_system(&name), rules: Some(rules) };
    vec![dynamic(&config_map), dynamic(&role), bind_joining_hosts(&name, &name)]
}
