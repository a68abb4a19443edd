//! Nodes of platform KubeVirt: what their virtual machines are like.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::kubevirt::KubevirtPlatformCredentials;
use crate::schema::parts::Quantity;

/// What the virtual machines are like.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtNodePoolPlatform {
    /// The disk with the system.
    #[serde(default)]
    #[schemars(extend("x-hoist-required" = true))]
    pub root_volume: KubevirtRootVolume,
    /// Processors and memory.
    #[serde(default = "KubevirtCompute::of_a_pool")]
    pub compute: Option<KubevirtCompute>,
    /// Whether network traffic is spread over processors.
    #[serde(default = "enabled")]
    pub network_interface_multiqueue: Option<MultiQueueSetting>,
    /// Networks besides, as `namespace/name` of NetworkAttachmentDefinitions.
    #[schemars(length(max = 20))]
    pub additional_networks: Option<Vec<KubevirtNetwork>>,
    /// Whether machines are in the pod network.
    #[serde(default = "attached")]
    pub attach_default_network: Option<bool>,
    /// Labels of nodes that may run the machines.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// Devices of those nodes.
    #[schemars(length(max = 10))]
    pub host_devices: Option<Vec<KubevirtHostDevice>>,
}

impl Default for KubevirtNodePoolPlatform {
    fn default() -> Self {
        Self {
            root_volume: KubevirtRootVolume::default(),
            compute: KubevirtCompute::of_a_pool(),
            network_interface_multiqueue: enabled(),
            additional_networks: None,
            attach_default_network: attached(),
            node_selector: None,
            host_devices: None,
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn enabled() -> Option<MultiQueueSetting> {
    Some(MultiQueueSetting::Enable)
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn attached() -> Option<bool> {
    Some(true)
}

/// Processors and memory.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtCompute {
    /// Memory of the guest.
    #[serde(default = "default_memory")]
    pub memory: Option<Quantity>,
    /// Processors.
    #[schemars(range(min = 1))]
    pub cores: Option<i32>,
    /// Whether machines may use more than they ask for.
    #[serde(default = "burstable")]
    pub qos_class: Option<QosClass>,
}

impl KubevirtCompute {
    #[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
    fn of_a_pool() -> Option<Self> {
        Some(Self { memory: default_memory(), cores: Some(2), qos_class: None })
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn default_memory() -> Option<Quantity> {
    Some(Quantity::from("8Gi"))
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn burstable() -> Option<QosClass> {
    Some(QosClass::Burstable)
}

/// Kubernetes' classes of service that machines may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "Kubernetes' words")]
pub enum QosClass {
    Burstable,
    Guaranteed,
}

/// Whether network traffic is spread over processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum MultiQueueSetting {
    Enable,
    Disable,
}

/// The disk with the system.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtRootVolume {
    /// An image of one's own instead of the release's.
    pub disk_image: Option<KubevirtDiskImage>,
    /// What the disk is.
    #[serde(rename = "type", default = "persistent_type")]
    pub type_: Option<KubevirtVolumeType>,
    /// For `Persistent`.
    pub persistent: Option<KubevirtPersistentVolume>,
    /// Whether the image is kept in the management cluster.
    pub cache_strategy: Option<KubevirtCachingStrategy>,
}

impl Default for KubevirtRootVolume {
    fn default() -> Self {
        Self {
            disk_image: None,
            type_: persistent_type(),
            persistent: Some(KubevirtPersistentVolume { size: default_size(), ..Default::default() }),
            cache_strategy: None,
        }
    }
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn persistent_type() -> Option<KubevirtVolumeType> {
    Some(KubevirtVolumeType::Persistent)
}

/// Kinds of disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KubevirtVolumeType {
    /// A PersistentVolumeClaim.
    Persistent,
}

/// A PersistentVolumeClaim for a disk.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtPersistentVolume {
    /// Its size.
    #[serde(default = "default_size")]
    pub size: Option<Quantity>,
    /// The default class when absent.
    #[schemars(length(max = 255))]
    pub storage_class: Option<String>,
    /// Who may use it at once.
    #[schemars(length(max = 10))]
    pub access_modes: Option<Vec<PersistentVolumeAccessMode>>,
    /// A file system or a device.
    pub volume_mode: Option<PersistentVolumeMode>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn default_size() -> Option<Quantity> {
    Some(Quantity::from("32Gi"))
}

/// Who may use a volume at once, in HyperShift's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "HyperShift's words")]
pub enum PersistentVolumeAccessMode {
    ReadWriteOnce,
    ReadWriteMany,
    ReadOnly,
    ReadWriteOncePod,
}

/// A file system or a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "Kubernetes' words")]
pub enum PersistentVolumeMode {
    Filesystem,
    Block,
}

/// Whether the image is kept in the management cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KubevirtCachingStrategy {
    /// Where.
    #[serde(rename = "type", default)]
    #[schemars(extend("x-hoist-required" = true))]
    pub type_: KubevirtCachingStrategyType,
}

/// Where an image is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KubevirtCachingStrategyType {
    /// Nowhere.
    #[default]
    None,
    /// In a PersistentVolumeClaim that disks are copied from.
    PVC,
}

/// An image of one's own.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtDiskImage {
    /// A container image with the disk in it.
    #[schemars(length(max = 2048))]
    pub container_disk_image: Option<String>,
}

/// A network besides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KubevirtNetwork {
    /// `namespace/name` of a NetworkAttachmentDefinition.
    #[schemars(length(max = 255))]
    pub name: String,
}

/// A device of a node.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtHostDevice {
    /// Its name as a resource.
    #[schemars(length(max = 255))]
    pub device_name: String,
    /// How many.
    #[serde(default = "one")]
    #[schemars(schema_with = "any_count", extend("default" = 1))]
    pub count: Option<i32>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn one() -> Option<i32> {
    Some(1)
}

fn any_count(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": 2_147_483_647})
}

/// What became of the machines.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubevirtNodePoolStatus {
    /// Where the image is kept.
    #[schemars(length(max = 255))]
    pub cache_name: Option<String>,
    /// The cluster that runs the machines, when it is another one.
    pub credentials: Option<KubevirtPlatformCredentials>,
}
