//! Names and labels of objects inside a hosted cluster.

use std::collections::BTreeMap;

use hoist_api::labels;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Namespace of nearly everything here.
pub const KUBE_SYSTEM: &str = "kube-system";

/// Metadata of an object in `kube-system`.
pub fn in_kube_system(name: &str) -> ObjectMeta {
    in_namespace(KUBE_SYSTEM, name)
}

/// Metadata of an object in `namespace`.
pub fn in_namespace(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(namespace.to_owned()), ..cluster_wide(name) }
}

/// Metadata of an object without a namespace.
pub fn cluster_wide(name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        labels: Some(BTreeMap::from([(labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_HOIST.to_owned())])),
        ..ObjectMeta::default()
    }
}

/// Labels by which a workload finds its pods.
pub fn app(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("k8s-app".to_owned(), name.to_owned())])
}
