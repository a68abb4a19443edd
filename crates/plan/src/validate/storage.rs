//! Where etcd's data goes.

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::etcd::{EtcdManagementType, PersistentVolumeEtcdStorageSpec};

use super::{Findings, Inputs, members};
use crate::resources::is_quantity;
use crate::{Etcd, Finding};

pub(super) fn etcd(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Etcd> {
    let spec = &inputs.spec.etcd;
    if spec.management_type == EtcdManagementType::Unmanaged {
        return findings.invalid(
            "spec.etcd.managementType Unmanaged is not served by this version of Hoist, which serves Managed: create the \
             cluster with it",
        );
    }
    let storage = spec.managed.clone().unwrap_or_default().storage;
    if storage.restore_snapshot_url.is_some_and(|addresses| !addresses.is_empty()) {
        findings.invalid::<()>(
            "spec.etcd.managed.storage.restoreSnapshotURL is not served by this version of Hoist: create the cluster without it",
        );
    }
    let PersistentVolumeEtcdStorageSpec { storage_class_name, size } = storage.persistent_volume.unwrap_or_default();
    let storage_class = storage_class_name.filter(|name| !name.is_empty());
    let has_class = has_class(inputs, storage_class.as_deref(), findings);
    if !is_quantity(&size.0) {
        return findings.invalid(format!(
            "spec.etcd.managed.storage.persistentVolume.size {:?} is no size: expected a Kubernetes quantity such as 8Gi",
            size.0
        ));
    }
    has_class.then(|| Etcd { replicas: members(inputs.spec), storage_class, size: size.0 })
}

/// Whether the class named exists, or there is a default one.
fn has_class(inputs: &Inputs<'_>, name: Option<&str>, findings: &mut Findings) -> bool {
    let classes = &inputs.observed.management.storage_classes;
    let list = || {
        if classes.is_empty() {
            return "it has none".to_owned();
        }
        let names: Vec<_> = classes.iter().map(|class| class.name.as_str()).collect();
        format!("it has {}", names.join(", "))
    };
    let missing = |message| Finding::refused(ConditionType::ValidConfiguration, Reason::StorageClassMissing, message);
    // Its volumes are there: what became of the class they were made with does not matter any more.
    if inputs.observed.running_version.is_some() {
        return true;
    }
    match name {
        Some(name) if classes.iter().any(|class| class.name == name) => true,
        Some(name) => {
            findings.refuse::<()>(missing(format!(
                "spec.etcd.managed.storage.persistentVolume.storageClassName {name:?} does not exist in the management cluster \
                 ({}): create it, or create the cluster with another one",
                list()
            )));
            false
        }
        None if classes.iter().any(|class| class.is_default) => true,
        None => {
            findings.refuse::<()>(missing(format!(
                "the management cluster has no default StorageClass ({}), and etcd needs a volume: mark one with the \
                 annotation storageclass.kubernetes.io/is-default-class=true, or name one in \
                 spec.etcd.managed.storage.persistentVolume.storageClassName",
                list()
            )));
            false
        }
    }
}
