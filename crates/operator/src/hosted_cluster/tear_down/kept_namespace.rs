//! Emptying a control plane namespace that outlives its cluster: what is ours goes, what others put there stays.

use hoist_api::{HostedControlPlane, labels};
use hoist_controller::{ApiError, ObjectId, resources};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, ListParams};
use kube::core::DynamicObject;
use kube::{Api, ResourceExt};

use crate::context::Context;

/// Kinds that outlive the HostedControlPlane, or only go with it sooner or later.
const KINDS: [(&str, &str); 5] = [
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("policy/v1", "PodDisruptionBudget"),
    ("hypershift.openshift.io/v1beta1", "ControlPlaneComponent"),
];

/// Deletes what is left; `true` once nothing is.
pub async fn empty(ctx: &Context, namespace: &str, name: &str) -> Result<bool, ApiError> {
    let ours = ListParams::default().labels(labels::CLUSTER);
    let mut is_empty = true;
    for (version, kind) in KINDS {
        let resource = resources::resource(version, kind);
        let api: Api<DynamicObject> = Api::namespaced_with(ctx.client.clone(), namespace, &resource);
        let listed = ctx.calls.run("list", ObjectId::namespaced(kind, namespace, ""), api.list(&ours)).await?;
        for object in listed.items {
            is_empty = false;
            if object.metadata.deletion_timestamp.is_some() {
                continue;
            }
            let id = ObjectId::namespaced(kind, namespace, object.name_any());
            let deleted =
                ctx.calls.run("delete", id, api.delete(&object.name_any(), &DeleteParams::background())).await;
            if let Err(error) = deleted
                && !error.is_not_found()
            {
                return Err(error);
            }
        }
    }
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), namespace);
    let control_planes: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), namespace);
    let has_pods = !ctx.calls.list(&pods, &ours).await?.is_empty();
    let has_control_plane = ctx.calls.get(&control_planes, name).await?.is_some();
    Ok(is_empty && !has_pods && !has_control_plane)
}
