//! From an untyped object to the path it lives under, without asking the API server what it serves.

use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, Client};

use crate::{ApiError, ObjectId};

/// Kinds of what we apply that live outside namespaces. A kind that is missing here is refused by the API server at the first
/// apply, so the list cannot be wrong silently.
const CLUSTER_KINDS: &[&str] = &[
    "APIService",
    "CSIDriver",
    "CertificateSigningRequest",
    "ClusterOperator",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterVersion",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
];

/// Whether objects of this kind live in namespaces.
pub fn is_namespaced(kind: &str) -> bool {
    !CLUSTER_KINDS.contains(&kind)
}

/// The resource of `kind` in `api_version` (`v1`, `apps/v1`).
pub fn resource(api_version: &str, kind: &str) -> ApiResource {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let gvk = GroupVersionKind::gvk(group, version, kind);
    match kind {
        // Already plural; the general rule would make it "endpointses".
        "Endpoints" => ApiResource::from_gvk_with_plural(&gvk, "endpoints"),
        _ => ApiResource::from_gvk(&gvk),
    }
}

/// The resource that an object says it is.
pub fn resource_of(object: &DynamicObject) -> Result<ApiResource, ApiError> {
    let types = object
        .types
        .as_ref()
        .ok_or_else(|| ApiError::Incomplete { object: ObjectId::of_dynamic(object), missing: "apiVersion and kind" })?;
    Ok(resource(&types.api_version, &types.kind))
}

/// The API that an object lives in.
pub fn api_of(client: &Client, object: &DynamicObject) -> Result<Api<DynamicObject>, ApiError> {
    let resource = resource_of(object)?;
    if !is_namespaced(&resource.kind) {
        return Ok(Api::all_with(client.clone(), &resource));
    }
    let namespace = object
        .metadata
        .namespace
        .as_deref()
        .ok_or_else(|| ApiError::Incomplete { object: ObjectId::of_dynamic(object), missing: "namespace" })?;
    Ok(Api::namespaced_with(client.clone(), namespace, &resource))
}
