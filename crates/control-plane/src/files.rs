//! Files that components read: keys of Secrets and ConfigMaps, at the same path whether they come from objects or from a
//! host's folder, so that command lines do not differ.

use std::borrow::Cow;
use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapProjection, HostPathVolumeSource, KeyToPath, ProjectedVolumeSource, Secret, SecretProjection,
    Volume, VolumeMount, VolumeProjection,
};
use sha2::{Digest as _, Sha256};

/// Where files are inside containers.
const ROOT: &str = "/etc/kubernetes/files";
/// HyperShift's mode of mounted Secrets, 0640: readable through the pod's fsGroup.
const MODE: i32 = 0o640;

/// Kinds of objects that hold files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Secret.
    Secret,
    /// ConfigMap.
    ConfigMap,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
        }
    }
}

/// Some keys of one object that a container reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Kind of the object.
    pub kind: Kind,
    /// Its name.
    pub name: Cow<'static, str>,
    /// The keys. Nothing else of the object reaches the container.
    pub keys: &'static [&'static str],
    /// Whether the component takes up a changed file by itself. Otherwise a change restarts its pods.
    pub is_reloaded: bool,
}

impl Need {
    /// Keys of a Secret.
    pub const fn secret(name: &'static str, keys: &'static [&'static str]) -> Self {
        Self { kind: Kind::Secret, name: Cow::Borrowed(name), keys, is_reloaded: false }
    }

    /// Keys of a ConfigMap.
    pub const fn config_map(name: &'static str, keys: &'static [&'static str]) -> Self {
        Self { kind: Kind::ConfigMap, name: Cow::Borrowed(name), keys, is_reloaded: false }
    }

    /// Keys of a Secret whose name is the user's choice.
    pub fn named_secret(name: String, keys: &'static [&'static str]) -> Self {
        Self { kind: Kind::Secret, name: Cow::Owned(name), keys, is_reloaded: false }
    }

    /// The same, for a file that the component watches.
    #[must_use]
    pub fn reloaded(mut self) -> Self {
        self.is_reloaded = true;
        self
    }
}

/// Path inside the container of a key of a Secret.
pub fn secret(name: &str, key: &str) -> String {
    format!("{ROOT}/{}", relative(Kind::Secret, name, key))
}

/// Path inside the container of a key of a ConfigMap.
pub fn config_map(name: &str, key: &str) -> String {
    format!("{ROOT}/{}", relative(Kind::ConfigMap, name, key))
}

/// Path below the root, also that below a host's folder of files.
pub fn relative(kind: Kind, name: &str, key: &str) -> String {
    format!("{}/{name}/{key}", kind.folder())
}

/// Where the files of a pod come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Secrets and ConfigMaps in the pod's namespace.
    Objects,
    /// A folder on the host, laid out as [`relative`] says.
    HostFiles {
        /// Absolute path.
        directory: String,
    },
}

impl Source {
    /// The volume that holds what `needs` lists, named `volume`.
    pub fn volume(&self, volume: &str, needs: &[Need]) -> Volume {
        let base = Volume { name: volume.to_owned(), ..Volume::default() };
        match self {
            Self::Objects => Volume {
                projected: Some(ProjectedVolumeSource {
                    default_mode: Some(MODE),
                    sources: Some(needs.iter().map(projection).collect()),
                }),
                ..base
            },
            Self::HostFiles { directory } => Volume {
                host_path: Some(HostPathVolumeSource { path: directory.clone(), type_: Some("Directory".to_owned()) }),
                ..base
            },
        }
    }

    /// The mount of such a volume.
    pub fn mount(volume: &str) -> VolumeMount {
        VolumeMount {
            name: volume.to_owned(),
            mount_path: ROOT.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        }
    }
}

fn projection(need: &Need) -> VolumeProjection {
    let items = need
        .keys
        .iter()
        .map(|key| KeyToPath { key: (*key).to_owned(), path: relative(need.kind, &need.name, key), mode: None })
        .collect();
    match need.kind {
        Kind::Secret => VolumeProjection {
            secret: Some(SecretProjection { name: need.name.to_string(), items: Some(items), optional: None }),
            ..VolumeProjection::default()
        },
        Kind::ConfigMap => VolumeProjection {
            config_map: Some(ConfigMapProjection { name: need.name.to_string(), items: Some(items), optional: None }),
            ..VolumeProjection::default()
        },
    }
}

/// Hashes of what pods read, so that a change that a component does not take up by itself restarts it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents(BTreeMap<String, Vec<u8>>);

impl Contents {
    /// Hashes of everything in `secrets` and `config_maps`.
    pub fn of<'a>(
        secrets: impl IntoIterator<Item = &'a Secret>,
        config_maps: impl IntoIterator<Item = &'a ConfigMap>,
    ) -> Self {
        let mut hashes = BTreeMap::new();
        for secret in secrets {
            let name = secret.metadata.name.as_deref().unwrap_or_default();
            for (key, value) in secret.data.iter().flatten() {
                hashes.insert(relative(Kind::Secret, name, key), Sha256::digest(&value.0).to_vec());
            }
        }
        for config_map in config_maps {
            let name = config_map.metadata.name.as_deref().unwrap_or_default();
            for (key, value) in config_map.data.iter().flatten() {
                hashes.insert(relative(Kind::ConfigMap, name, key), Sha256::digest(value).to_vec());
            }
        }
        Self(hashes)
    }

    /// One hash over those of `needs` that are not reloaded, as 16 hexadecimal digits. Missing files count as empty.
    pub fn hash(&self, needs: &[Need]) -> String {
        let mut hasher = Sha256::new();
        for need in needs.iter().filter(|need| !need.is_reloaded) {
            for key in need.keys {
                let path = relative(need.kind, &need.name, key);
                hasher.update(&path);
                hasher.update(self.0.get(&path).map(Vec::as_slice).unwrap_or_default());
            }
        }
        HEXLOWER.encode(&hasher.finalize()[..8])
    }
}
