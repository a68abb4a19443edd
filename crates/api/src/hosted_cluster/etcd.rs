//! The datastore of a hosted cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::parts::{Quantity, snapshot_addresses};
use crate::schema::rules::immutable;

/// Who runs etcd, and how.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.managementType == 'Managed' ? has(self.managed) : !has(self.managed)").message("Only managed configuration must be set when managementType is Managed"),
    validation = Rule::new("self.managementType == 'Unmanaged' ? has(self.unmanaged) : !has(self.unmanaged)").message("Only unmanaged configuration must be set when managementType is Unmanaged")
)]
pub struct EtcdSpec {
    /// Hoist or the user.
    #[x_kube(validation = immutable("managementType is immutable"))]
    pub management_type: EtcdManagementType,
    /// For `Managed`.
    pub managed: Option<ManagedEtcdSpec>,
    /// For `Unmanaged`.
    pub unmanaged: Option<UnmanagedEtcdSpec>,
}

impl Default for EtcdSpec {
    fn default() -> Self {
        Self {
            management_type: EtcdManagementType::Managed,
            managed: Some(ManagedEtcdSpec::default()),
            unmanaged: None,
        }
    }
}

/// Who runs etcd.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EtcdManagementType {
    /// Hoist.
    #[default]
    Managed,
    /// The user.
    Unmanaged,
}

/// An etcd that Hoist runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManagedEtcdSpec {
    /// Where its data lies.
    pub storage: ManagedEtcdStorageSpec,
}

/// Where etcd's data lies.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.restoreSnapshotURL) == has(oldSelf.restoreSnapshotURL)").message("restoreSnapshotURL cannot be added or removed after creation"))]
pub struct ManagedEtcdStorageSpec {
    /// `PersistentVolume`.
    #[serde(rename = "type")]
    pub type_: ManagedEtcdStorageType,
    /// Its volume.
    pub persistent_volume: Option<PersistentVolumeEtcdStorageSpec>,
    /// At most one address of a snapshot to start from.
    #[serde(rename = "restoreSnapshotURL")]
    #[serde(default)]
    #[schemars(schema_with = "snapshot_addresses")]
    #[x_kube(
        validation = Rule::new("self.size() <= 1").message("RestoreSnapshotURL shouldn't contain more than 1 entry"),
        validation = immutable("restoreSnapshotURL is immutable"),
        validation = Rule::new("self.all(address, address.matches('^(https|s3)://'))").message("restoreSnapshotURL must be a valid URL with scheme https or s3")
    )]
    pub restore_snapshot_url: Option<Vec<String>>,
}

impl Default for ManagedEtcdStorageSpec {
    fn default() -> Self {
        Self {
            type_: ManagedEtcdStorageType::PersistentVolume,
            persistent_volume: Some(PersistentVolumeEtcdStorageSpec::default()),
            restore_snapshot_url: None,
        }
    }
}

/// Kinds of storage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ManagedEtcdStorageType {
    /// A PersistentVolumeClaim a member.
    #[default]
    PersistentVolume,
}

/// A volume for etcd.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersistentVolumeEtcdStorageSpec {
    /// The default class when absent.
    #[schemars(length(max = 255))]
    #[x_kube(validation = immutable("storageClassName is immutable"))]
    pub storage_class_name: Option<String>,
    /// A Kubernetes quantity.
    #[serde(default = "default_size")]
    #[x_kube(validation = immutable("Etcd PV storage size is immutable"))]
    pub size: Quantity,
}

impl Default for PersistentVolumeEtcdStorageSpec {
    fn default() -> Self {
        Self { storage_class_name: None, size: default_size() }
    }
}

fn default_size() -> Quantity {
    Quantity::from("8Gi")
}

/// An etcd that the user runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnmanagedEtcdSpec {
    /// `https://` address of a client endpoint.
    #[schemars(length(max = 255), regex(pattern = "^https://"))]
    pub endpoint: String,
    /// Client certificate.
    pub tls: EtcdTlsConfig,
}

/// Client certificate for etcd.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EtcdTlsConfig {
    /// Secret with keys `etcd-client-ca.crt`, `etcd-client.crt` and `etcd-client.key`.
    pub client_secret: super::references::LocalObjectReference,
}
