//! Settings of platform KubeVirt: nodes are virtual machines of the management cluster, or of another one.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::KubeconfigSecretRef;
use crate::schema::rules::{immutable, not_removed};

/// Settings of platform KubeVirt.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = not_removed("generateID", "Kubevirt GenerateID is required once set"))]
pub struct KubevirtPlatformSpec {
    /// The cluster's names lie below those of the management cluster's own ingress.
    #[x_kube(validation = immutable("baseDomainPassthrough is immutable"))]
    pub base_domain_passthrough: Option<bool>,
    /// Makes names of objects in the management cluster unique; generated when empty.
    #[serde(rename = "generateID")]
    #[schemars(length(max = 11))]
    #[x_kube(validation = immutable("Kubevirt GenerateID is immutable once set"))]
    pub generate_id: Option<String>,
    /// The cluster that runs the virtual machines, when it is another one.
    pub credentials: Option<KubevirtPlatformCredentials>,
    /// How volumes of the hosted cluster become volumes of the cluster that runs the machines.
    #[x_kube(validation = immutable("storageDriver is immutable"))]
    pub storage_driver: Option<KubevirtStorageDriverSpec>,
}

/// Access to the cluster that runs the virtual machines.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtPlatformCredentials {
    /// Secret with a kubeconfig, and the key in it.
    #[schemars(extend("x-hoist-undefaulted" = true))]
    #[serde(default)]
    #[x_kube(validation = immutable("infraKubeConfigSecret is immutable"))]
    pub infra_kube_config_secret: KubeconfigSecretRef,
    /// Namespace there for the machines.
    #[schemars(length(max = 255))]
    #[x_kube(validation = immutable("infraNamespace is immutable"))]
    pub infra_namespace: String,
}

/// How volumes are passed through.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtStorageDriverSpec {
    /// All classes, none, or those that `manual` lists.
    #[serde(rename = "type", default)]
    #[x_kube(validation = immutable("storageDriver.Type is immutable"))]
    pub type_: KubevirtStorageDriverConfigType,
    /// For `Manual`.
    #[x_kube(validation = immutable("storageDriver.Manual is immutable"))]
    pub manual: Option<KubevirtManualStorageDriverConfig>,
}

/// Which classes are passed through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KubevirtStorageDriverConfigType {
    /// No volumes.
    None,
    /// The default class.
    #[default]
    Default,
    /// Those of a mapping.
    Manual,
}

/// Which classes of the hosted cluster stand for which of the cluster that runs the machines.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtManualStorageDriverConfig {
    /// StorageClasses.
    #[schemars(length(max = 50))]
    #[x_kube(validation = immutable("storageClassMapping is immutable"))]
    pub storage_class_mapping: Option<Vec<KubevirtStorageClassMapping>>,
    /// VolumeSnapshotClasses.
    #[schemars(length(max = 50))]
    #[x_kube(validation = immutable("volumeSnapshotClassMapping is immutable"))]
    pub volume_snapshot_class_mapping: Option<Vec<KubevirtVolumeSnapshotClassMapping>>,
}

/// One StorageClass.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtStorageClassMapping {
    /// Classes of one group can be snapshot together.
    #[schemars(length(max = 255))]
    pub group: Option<String>,
    /// Its name where the machines run.
    #[schemars(length(max = 255))]
    pub infra_storage_class_name: String,
    /// Its name in the hosted cluster.
    #[schemars(length(max = 255))]
    pub guest_storage_class_name: String,
}

/// One VolumeSnapshotClass.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtVolumeSnapshotClassMapping {
    /// The group of StorageClasses that it serves.
    #[schemars(length(max = 255))]
    pub group: Option<String>,
    /// Its name where the machines run.
    #[schemars(length(max = 255))]
    pub infra_volume_snapshot_class_name: String,
    /// Its name in the hosted cluster.
    #[schemars(length(max = 255))]
    pub guest_volume_snapshot_class_name: String,
}
