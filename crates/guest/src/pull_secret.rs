//! The pull secret of nodes, from which a joining host fetches its payload.

use std::collections::BTreeMap;

use hoist_api::dynamic::dynamic;
use hoist_api::names::NODE_PULL_SECRET;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::core::DynamicObject;

use crate::metadata::in_kube_system;

/// Secret `kube-system/hoist-pull-secret`.
pub fn secret(content: &[u8]) -> DynamicObject {
    dynamic(&Secret {
        metadata: in_kube_system(NODE_PULL_SECRET),
        type_: Some("kubernetes.io/dockerconfigjson".to_owned()),
        data: Some(BTreeMap::from([(".dockerconfigjson".to_owned(), ByteString(content.to_vec()))])),
        ..Secret::default()
    })
}
