//! Typed objects as [`DynamicObject`]s, the form in which pure builders hand a mixed list to whoever applies it.

use kube::Resource;
use kube::core::{DynamicObject, TypeMeta};
use serde::Serialize;

/// The object with its `apiVersion` and `kind`, which typed objects of k8s-openapi do not carry as fields.
///
/// Source: the fields are those that the type serializes; nothing is added or dropped.
#[allow(clippy::expect_used, reason = "objects of k8s-openapi and kube-derive always serialize to JSON objects")]
pub fn dynamic<K: Resource<DynamicType = ()> + Serialize>(object: &K) -> DynamicObject {
    let mut value = serde_json::to_value(object).expect("a Kubernetes object serializes");
    if let Some(fields) = value.as_object_mut() {
        fields.remove("apiVersion");
        fields.remove("kind");
        fields.remove("metadata");
    }
    DynamicObject {
        types: Some(TypeMeta { api_version: K::api_version(&()).into_owned(), kind: K::kind(&()).into_owned() }),
        metadata: object.meta().clone(),
        data: value,
    }
}
