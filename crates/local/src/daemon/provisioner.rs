//! Makes local volumes for claims of the StorageClass `local`, and erases them.
//!
//! A volume is a folder in the /var of the node that the scheduler chose, or of the only one, which this machine
//! reaches directly: no helper pod is needed. The folder belongs to root; a pod that does not run
//! as root gets at it by its `fsGroup`, which kubelet applies to local volumes as to any other.

use std::{
    collections::BTreeMap,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt;
use k8s_openapi::api::{
    core::v1::{
        LocalVolumeSource, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, ObjectReference, PersistentVolume,
        PersistentVolumeClaim, PersistentVolumeSpec, VolumeNodeAffinity,
    },
    storage::v1::StorageClass,
};
use kube::{
    Api, Client, Resource, ResourceExt,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams},
    runtime::{
        Controller,
        controller::Action,
        events::{Event, EventType, Recorder, Reporter},
        watcher,
    },
};
use serde_json::json;

use crate::{
    files,
    host::{self, Host},
    instance::Instance,
    management::{self, api, objects::PROVISIONER},
};

/// Folder of volumes on a node.
const FOLDER: &str = "/var/lib/hoist/volumes";
/// Holds a volume's object until its data is erased.
const FINALIZER: &str = "hoist.internal/local-volume";
/// Who owns the fields.
const FIELD_MANAGER: &str = "hoist-local-provisioner";
/// Set on claims by the scheduler, on volumes by provisioners.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Access that one node can give.
const ACCESS_MODES: [&str; 2] = ["ReadWriteOnce", "ReadWriteOncePod"];
/// Pause after a failure.
const RETRY: Duration = Duration::from_secs(5);
/// Pause before the kubeconfig is tried again.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the API refuses to {action} {object}")]
    Api { action: &'static str, object: String, source: Box<kube::Error> },
    #[error("cannot {action} volume {path}")]
    Folder { action: &'static str, path: PathBuf, source: io::Error },
    #[error(transparent)]
    Host(#[from] host::Error),
    #[error(transparent)]
    Task(#[from] tokio::task::JoinError),
    /// What the claim asks for cannot be had; told in an Event.
    #[error("{0}")]
    Refused(String),
}

struct Context {
    client: Client,
    instance: Arc<Instance>,
    recorder: Recorder,
}

/// Runs until the daemon ends. An API that is away is waited for.
pub(super) async fn run(instance: Arc<Instance>) {
    let client = loop {
        match api::client_inside(&instance) {
            Ok(client) => break client,
            Err(error) => tracing::warn!(error = crate::error_chain(&error), "the kubeconfig cannot be used yet"),
        }
        tokio::time::sleep(CONNECT_PAUSE).await;
    };
    let reporter = Reporter { controller: PROVISIONER.to_owned(), instance: Some(instance.name().to_owned()) };
    let recorder = Recorder::new(client.clone(), reporter);
    let context = Arc::new(Context { client: client.clone(), instance, recorder });
    let claims = Controller::new(Api::<PersistentVolumeClaim>::all(client.clone()), watcher::Config::default())
        .run(provision, |_, error, _| retry(error), Arc::clone(&context))
        .for_each(|outcome| async move { log(outcome.err()) });
    let volumes = Controller::new(Api::<PersistentVolume>::all(client), watcher::Config::default())
        .run(release, |_, error, _| retry(error), context)
        .for_each(|outcome| async move { log(outcome.err()) });
    futures::join!(claims, volumes);
}

fn retry(error: &Error) -> Action {
    match error {
        // Nothing changes until the claim does.
        Error::Refused(_) => Action::await_change(),
        _ => Action::requeue(RETRY),
    }
}

fn log<E: std::error::Error>(error: Option<E>) {
    if let Some(error) = error {
        tracing::warn!(error = crate::error_chain(&error), "a volume is not as it should be");
    }
}

async fn provision(claim: Arc<PersistentVolumeClaim>, context: Arc<Context>) -> Result<Action, Error> {
    let spec = claim.spec.clone().unwrap_or_default();
    if spec.volume_name.is_some_and(|name| !name.is_empty()) || claim.metadata.deletion_timestamp.is_some() {
        return Ok(Action::await_change());
    }
    let Some(class) = spec.storage_class_name.filter(|name| !name.is_empty()) else {
        return Ok(Action::await_change());
    };
    let Some(class) = our_class(&class, &context).await? else { return Ok(Action::await_change()) };
    let node = match claim.annotations().get(SELECTED_NODE) {
        Some(node) => Some(node.clone()),
        None => only_node(&context.instance).await?,
    };
    let Some(node) = node else { return Ok(Action::await_change()) };
    let outcome = provision_on(&claim, &node, class, &context).await;
    if let Err(error) = &outcome {
        let event = Event {
            type_: EventType::Warning,
            reason: "ProvisioningFailed".to_owned(),
            note: Some(crate::error_chain(error)),
            action: "Provisioning".to_owned(),
            secondary: None,
        };
        if let Err(error) = context.recorder.publish(&event, &claim.object_ref(&())).await {
            tracing::warn!(%error, "an event cannot be written");
        }
    }
    outcome.map(|()| Action::await_change())
}

/// The StorageClass, when its volumes are ours to make.
async fn our_class(name: &str, context: &Context) -> Result<Option<StorageClass>, Error> {
    let class = Api::<StorageClass>::all(context.client.clone()).get_opt(name).await.map_err(|source| Error::Api {
        action: "read",
        object: format!("StorageClass {name}"),
        source: Box::new(source),
    })?;
    Ok(class.filter(|class| class.provisioner == PROVISIONER))
}

/// The management node, when there is only one: then it is known before the first pod comes where that will run.
async fn only_node(instance: &Arc<Instance>) -> Result<Option<String>, Error> {
    let instance = Arc::clone(instance);
    tokio::task::spawn_blocking(move || match management::nodes(&instance)?.as_slice() {
        [node] => Ok(Some(node.name().to_owned())),
        _ => Ok(None),
    })
    .await?
}

async fn provision_on(
    claim: &PersistentVolumeClaim,
    node: &str,
    class: StorageClass,
    context: &Context,
) -> Result<(), Error> {
    let spec = claim.spec.clone().unwrap_or_default();
    if let Some(mode) = spec.access_modes.iter().flatten().find(|mode| !ACCESS_MODES.contains(&mode.as_str())) {
        return Err(Error::Refused(format!(
            "access mode {mode} is not possible with a volume on one node: expected {}; change the claim",
            ACCESS_MODES.join(" or ")
        )));
    }
    if spec.volume_mode.as_deref().is_some_and(|mode| mode != "Filesystem") {
        return Err(Error::Refused(
            "volume mode Block is not offered: expected Filesystem; change the claim".to_owned(),
        ));
    }
    // The claim's unique id, so that the same claim never gets two volumes.
    let name = format!("pvc-{}", claim.uid().unwrap_or_default());
    make_folder(&context.instance, node, &name).await?;
    let volume = volume(claim, &name, node, class.reclaim_policy);
    let api = Api::<PersistentVolume>::all(context.client.clone());
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &parameters, &Patch::Apply(&volume)).await.map_err(|source| Error::Api {
        action: "make",
        object: format!("PersistentVolume {name}"),
        source: Box::new(source),
    })?;
    tracing::info!(volume = name, node, claim = claim.name_any(), namespace = claim.namespace(), "volume made");
    Ok(())
}

fn volume(claim: &PersistentVolumeClaim, name: &str, node: &str, reclaim_policy: Option<String>) -> PersistentVolume {
    let spec = claim.spec.clone().unwrap_or_default();
    let requested = spec.resources.and_then(|resources| resources.requests).unwrap_or_default();
    let capacity: BTreeMap<_, _> = requested.into_iter().filter(|(name, _)| name == "storage").collect();
    let on_node = NodeSelectorTerm {
        match_expressions: Some(vec![NodeSelectorRequirement {
            key: "kubernetes.io/hostname".to_owned(),
            operator: "In".to_owned(),
            values: Some(vec![node.to_owned()]),
        }]),
        ..NodeSelectorTerm::default()
    };
    PersistentVolume {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            annotations: Some([(PROVISIONED_BY.to_owned(), PROVISIONER.to_owned())].into()),
            finalizers: Some(vec![FINALIZER.to_owned()]),
            ..ObjectMeta::default()
        },
        spec: Some(PersistentVolumeSpec {
            access_modes: spec.access_modes,
            capacity: Some(capacity),
            claim_ref: Some(ObjectReference {
                api_version: Some("v1".to_owned()),
                kind: Some("PersistentVolumeClaim".to_owned()),
                namespace: claim.namespace(),
                name: Some(claim.name_any()),
                uid: claim.uid(),
                ..ObjectReference::default()
            }),
            local: Some(LocalVolumeSource { path: format!("{FOLDER}/{name}"), ..LocalVolumeSource::default() }),
            node_affinity: Some(VolumeNodeAffinity {
                required: Some(NodeSelector { node_selector_terms: vec![on_node] }),
            }),
            persistent_volume_reclaim_policy: Some(reclaim_policy.unwrap_or_else(|| "Delete".to_owned())),
            storage_class_name: spec.storage_class_name,
            volume_mode: Some("Filesystem".to_owned()),
            ..PersistentVolumeSpec::default()
        }),
        ..PersistentVolume::default()
    }
}

/// Deletes volumes that were released, and erases the data of those that are being deleted.
async fn release(volume: Arc<PersistentVolume>, context: Arc<Context>) -> Result<Action, Error> {
    if volume.annotations().get(PROVISIONED_BY).map(String::as_str) != Some(PROVISIONER) {
        return Ok(Action::await_change());
    }
    let name = volume.name_any();
    let api = Api::<PersistentVolume>::all(context.client.clone());
    let failed = |action| {
        let object = format!("PersistentVolume {name}");
        move |source| Error::Api { action, object, source: Box::new(source) }
    };
    let spec = volume.spec.clone().unwrap_or_default();
    let erases = spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete");
    let phase = volume.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default();
    if volume.metadata.deletion_timestamp.is_none() {
        if erases && phase == "Released" {
            api.delete(&name, &DeleteParams::default()).await.map_err(failed("delete"))?;
        }
        return Ok(Action::await_change());
    }
    let others: Vec<String> = volume.finalizers().iter().filter(|name| *name != FINALIZER).cloned().collect();
    if others.len() == volume.finalizers().len() {
        return Ok(Action::await_change());
    }
    // A pod still uses it: the volume controller lifts its own finalizer when that has ended.
    if phase == "Bound" {
        return Ok(Action::await_change());
    }
    if erases && let Some(node) = node_of(&spec) {
        erase_folder(&context.instance, &node, &name).await?;
        tracing::info!(volume = name, node, "volume erased");
    }
    let patch = json!({"metadata": {"finalizers": others, "resourceVersion": volume.resource_version()}});
    api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await.map_err(failed("let go of"))?;
    Ok(Action::await_change())
}

fn node_of(spec: &PersistentVolumeSpec) -> Option<String> {
    let terms = &spec.node_affinity.as_ref()?.required.as_ref()?.node_selector_terms;
    terms.first()?.match_expressions.as_ref()?.first()?.values.as_ref()?.first().cloned()
}

async fn make_folder(instance: &Arc<Instance>, node: &str, name: &str) -> Result<(), Error> {
    let (instance, node, name) = (Arc::clone(instance), node.to_owned(), name.to_owned());
    tokio::task::spawn_blocking(move || {
        let path = folder(&instance, &node)?.join(name);
        let parent = path.parent().unwrap_or(&path);
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o711).create(parent).and_then(|()| {
            match std::fs::DirBuilder::new().mode(0o770).create(&path) {
                // A second attempt at the same claim.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                made => made,
            }
        });
        made.map_err(|source| Error::Folder { action: "make", path: path.clone(), source })
    })
    .await?
}

async fn erase_folder(instance: &Arc<Instance>, node: &str, name: &str) -> Result<(), Error> {
    let (instance, node, name) = (Arc::clone(instance), node.to_owned(), name.to_owned());
    tokio::task::spawn_blocking(move || match folder(&instance, &node) {
        Ok(folder) => {
            let path = folder.join(name);
            files::remove_folder(&path).map_err(|source| Error::Folder { action: "erase", path, source })
        }
        // The node is gone, and its data with it.
        Err(Error::Host(host::Error::Absent { .. })) => Ok(()),
        Err(error) => Err(error),
    })
    .await?
}

fn folder(instance: &Instance, node: &str) -> Result<PathBuf, Error> {
    let host = Host::load(instance, node)?;
    let below_var = Path::new(FOLDER).strip_prefix("/var").unwrap_or(Path::new(FOLDER));
    Ok(host.var().join(below_var))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifest_of_a_volume() {
        let claim: PersistentVolumeClaim = serde_json::from_value(json!({
            "metadata": {"name": "data-etcd-0", "namespace": "clusters-demo", "uid": "u1"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "local",
                "resources": {"requests": {"storage": "8Gi"}},
            },
        }))
        .unwrap();
        let volume = volume(&claim, "pvc-u1", "management-0", Some("Delete".to_owned()));
        assert_eq!(node_of(volume.spec.as_ref().unwrap()).as_deref(), Some("management-0"));
        insta::assert_json_snapshot!(volume);
    }
}
