//! What the ConfigMaps of a NodePool say about its hosts: read, checked, and put together.
//!
//! `spec.config` names ConfigMaps with OpenShift's documents about machines, `spec.tuningConfig` such with tuning profiles. Each
//! document is either taken over whole, or everything in it that cannot be is named: nothing is left out in silence.

mod container_runtime_config;
mod data_url;
mod documents;
mod guarded_paths;
mod ignition;
mod kubelet_config;
mod kubelet_fields;
mod machine_config;
mod mirror_sets;
mod quantity;
mod storage;
mod systemd;
mod tuned;
mod values;

use serde_json::{Map, Value};

pub use guarded_paths::guard;
pub use tuned::Tuning;

use crate::{HostConfiguration, RegistryMirror};

/// Key of a ConfigMap of `spec.config`.
pub const CONFIG_KEY: &str = "config";
/// Key of a ConfigMap of `spec.tuningConfig`.
pub const TUNING_KEY: &str = "tuning";

/// A ConfigMap that a pool names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// Its data; absent when it does not exist.
    pub data: Option<std::collections::BTreeMap<String, String>>,
}

/// What all documents of a pool come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PoolConfiguration {
    /// Fields of KubeletConfiguration.
    pub kubelet: Map<String, Value>,
    /// Log level of the container runtime.
    pub container_runtime_log_level: Option<String>,
    /// Mirrors.
    pub mirrors: Vec<RegistryMirror>,
    /// The rest of the host.
    pub host: HostConfiguration,
    /// True statements that belong into the condition although all is well.
    pub notes: Vec<String>,
}

/// Reads `spec.config`. `Err` says everything that is wrong.
pub fn machine_configuration(sources: &[Source]) -> Result<PoolConfiguration, Vec<String>> {
    let mut faults = Vec::new();
    let documents = documents::read(sources, CONFIG_KEY, "spec.config", &mut faults);
    let mut configuration = PoolConfiguration::default();
    let mut machine_configs = Vec::new();
    for document in &documents {
        let faults = &mut document.faults(&mut faults);
        match document.kind.as_str() {
            "KubeletConfig" => kubelet_config::read(document, &mut configuration, faults),
            "ContainerRuntimeConfig" => container_runtime_config::read(document, &mut configuration, faults),
            "ImageDigestMirrorSet" | "ImageTagMirrorSet" | "ImageContentSourcePolicy" => {
                mirror_sets::read(document, &mut configuration, faults);
            }
            "MachineConfig" => machine_configs.extend(machine_config::read(document, faults)),
            "ClusterImagePolicy" | "ImagePolicy" => faults.add(format!(
                "{} is not served: containerd checks no signatures of images; remove it",
                document.kind
            )),
            other => faults.add(format!(
                "{other} is not served: expected KubeletConfig, ContainerRuntimeConfig, MachineConfig, ImageDigestMirrorSet, \
                 ImageTagMirrorSet or ImageContentSourcePolicy"
            )),
        }
    }
    configuration.host = machine_config::merged(machine_configs, &mut faults);
    if faults.is_empty() { Ok(configuration) } else { Err(faults) }
}

/// Reads `spec.tuningConfig`: kernel settings and what a person should know. `Err` says everything that is wrong.
pub fn tuning(sources: &[Source]) -> Result<Tuning, Vec<String>> {
    let mut faults = Vec::new();
    let documents = documents::read(sources, TUNING_KEY, "spec.tuningConfig", &mut faults);
    let tuning = tuned::read(&documents, &mut faults);
    if faults.is_empty() { Ok(tuning) } else { Err(faults) }
}

#[cfg(test)]
mod tests;
