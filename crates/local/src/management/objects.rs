//! Objects every management cluster has: kube-proxy, DNS, the default StorageClass.

use std::sync::Arc;

use hoist_api::{dynamic::dynamic, labels};
use hoist_guest::{
    coredns::{self, CoreDns, Upstream, coredns},
    daemon::ApiServer,
    kube_proxy::{self, KubeProxy, kube_proxy},
    metadata,
};
use k8s_openapi::api::{
    core::v1::Namespace,
    rbac::v1::{ClusterRoleBinding, RoleRef, Subject},
    storage::v1::StorageClass,
};
use kube::{
    Api, Client, ResourceExt,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    core::{GroupVersionKind, ObjectMeta},
};

use super::{Error, Payload, certificates::first_node};
use crate::address_plan as plan;

/// Who owns the fields.
const FIELD_MANAGER: &str = "hcp-local";
/// Name of the default StorageClass.
pub const STORAGE_CLASS: &str = "local";
/// Who makes its volumes: the instance's daemon.
pub const PROVISIONER: &str = "hoist.internal/local";

/// Applies all objects. Says whether any was different.
pub(super) async fn apply(client: &Client, payload: &Arc<Payload>) -> Result<bool, Error> {
    let mut changed = false;
    for object in all(payload)? {
        changed |= apply_one(client, &object).await?;
    }
    Ok(changed)
}

fn all(payload: &Payload) -> Result<Vec<DynamicObject>, Error> {
    let mut objects = vec![dynamic(&kubelet_access()), dynamic(&storage_class())];
    objects.extend(volume_access());
    let api_server = ApiServer { host: first_node().to_string(), port: plan::API_PORT };
    objects.extend(kube_proxy::access());
    objects.extend(kube_proxy(&KubeProxy {
        image: payload.image("kube-proxy")?,
        api_server: api_server.clone(),
        cluster_network: plan::MANAGEMENT_PODS.into(),
        pull_secret: None,
    }));
    objects.extend(coredns::access());
    objects.extend(coredns(&CoreDns {
        image: payload.image("coredns")?,
        api_server: Some(api_server),
        upstream: Upstream::Nobody,
        replicas: 1,
        service_ip: plan::DNS_SERVICE.into(),
        domain: "cluster.local".to_owned(),
        pull_secret: None,
    }));
    // Where HostedClusters are made unless the user says otherwise.
    objects.push(dynamic(&Namespace {
        metadata: ObjectMeta { name: Some("clusters".to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    }));
    for object in &mut objects {
        // They are the instance's own: `hypershift uninstall` removes what carries the operator's label.
        object.labels_mut().insert(labels::MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned());
    }
    Ok(objects)
}

async fn apply_one(client: &Client, object: &DynamicObject) -> Result<bool, Error> {
    let types = object.types.clone().unwrap_or_default();
    let name = object.name_any();
    let described = format!("{} {name}", types.kind);
    let failed = |action| {
        let object = described.clone();
        move |source| Error::Api { action, object, source: Box::new(source) }
    };
    let kind = GroupVersionKind::try_from(&types).map_err(|error| {
        failed("name")(kube::Error::Discovery(kube::error::DiscoveryError::InvalidGroupVersion(error.to_string())))
    })?;
    let resource = ApiResource::from_gvk(&kind);
    let api: Api<DynamicObject> = match object.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let before = api.get_metadata_opt(&name).await.map_err(failed("read"))?;
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    let after = api.patch(&name, &parameters, &Patch::Apply(object)).await.map_err(failed("apply"))?;
    // Controllers write status beside us; only objects with a generation tell that from a change.
    let state = |metadata: &ObjectMeta| match metadata.generation {
        Some(generation) => generation.to_string(),
        None => metadata.resource_version.clone().unwrap_or_default(),
    };
    let changed = before.is_none_or(|before| state(&before.metadata) != state(&after.metadata));
    if changed {
        tracing::debug!(object = described, "applied");
    }
    Ok(changed)
}

fn storage_class() -> StorageClass {
    let default = ("storageclass.kubernetes.io/is-default-class".to_owned(), "true".to_owned());
    StorageClass {
        metadata: ObjectMeta {
            name: Some(STORAGE_CLASS.to_owned()),
            annotations: Some([default].into()),
            ..ObjectMeta::default()
        },
        provisioner: PROVISIONER.to_owned(),
        reclaim_policy: Some("Delete".to_owned()),
        // A local volume lives on the node of the pod that first uses it.
        volume_binding_mode: Some("WaitForFirstConsumer".to_owned()),
        allow_volume_expansion: Some(false),
        ..StorageClass::default()
    }
}

/// Lets kubelets read claims and volumes. The node authorizer allows that, too, but learns of a pod a moment after its kubelet;
/// one that was refused waits a quarter of a minute before it asks again, and so does the control plane that is being made.
fn volume_access() -> [DynamicObject; 2] {
    const NAME: &str = "hoist:volumes-of-nodes";
    let rule = metadata::rule("", &["persistentvolumeclaims", "persistentvolumes"], &["get"]);
    [
        dynamic(&metadata::cluster_role(NAME, vec![rule])),
        dynamic(&metadata::cluster_role_binding(NAME, NAME, vec![metadata::group("system:nodes")])),
    ]
}

/// Lets the API server read logs and run commands through kubelets.
fn kubelet_access() -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: ObjectMeta { name: Some("hoist:kube-apiserver".to_owned()), ..ObjectMeta::default() },
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "ClusterRole".to_owned(),
            name: "system:kubelet-api-admin".to_owned(),
        },
        subjects: Some(vec![Subject {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "User".to_owned(),
            name: "system:kube-apiserver".to_owned(),
            ..Subject::default()
        }]),
    }
}
