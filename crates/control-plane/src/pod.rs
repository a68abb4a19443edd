//! A pod before it is wrapped: what a component needs, and nothing about where or how often it runs.

use k8s_openapi::api::core::v1::{Container, EmptyDirVolumeSource, Volume, VolumeMount};

use crate::ComponentName;
use crate::files::Need;

/// One container and the files that it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The container, without the mount of its files.
    pub container: Container,
    /// Its files.
    pub needs: Vec<Need>,
}

/// A component's pod.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    /// Whose it is.
    pub component: ComponentName,
    /// Runs to its end before [`Self::parts`] start.
    pub before: Vec<Container>,
    /// Containers, the main one first.
    pub parts: Vec<Part>,
    /// Volumes besides those of files and of `/tmp`.
    pub volumes: Vec<Volume>,
    /// Seconds that the pod has for its end.
    pub termination_grace_period: i64,
}

impl Pod {
    /// Everything that any container reads.
    pub fn needs(&self) -> Vec<Need> {
        self.parts.iter().flat_map(|part| part.needs.iter().cloned()).collect()
    }
}

/// An empty folder that lives as long as the pod.
pub fn empty_dir(name: &str) -> Volume {
    Volume { name: name.to_owned(), empty_dir: Some(EmptyDirVolumeSource::default()), ..Volume::default() }
}

/// A writable mount.
pub fn mount(volume: &str, path: &str) -> VolumeMount {
    VolumeMount { name: volume.to_owned(), mount_path: path.to_owned(), ..VolumeMount::default() }
}
