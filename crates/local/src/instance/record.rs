//! What an instance must remember over the death of everything in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, Instance};
use crate::files;

/// The instance's record, `instance.json` in its folder.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Name of the instance.
    pub name: String,
    /// Port of the loopback proxy on 127.0.0.1, chosen once so that kubeconfigs stay valid.
    pub proxy_port: u16,
    /// The machine's boot in which `settings` were changed: a restart undoes them by itself.
    #[serde(default)]
    pub boot: String,
    /// Machine-wide settings that were changed, in the order of change.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// Folders above the state folder that `up` had to make, outermost first.
    #[serde(default)]
    pub folders_made: Vec<PathBuf>,
}

/// One machine-wide setting and what it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Setting {
    /// File below /proc/sys.
    pub path: PathBuf,
    /// What it held before `up`.
    pub before: String,
}

impl Record {
    pub(super) fn path(instance: &Instance) -> PathBuf {
        instance.path("instance.json")
    }

    pub(super) fn read(instance: &Instance) -> Result<Self, Error> {
        let path = Self::path(instance);
        let text = match fs_err::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::Absent {
                    instance: instance.name().to_owned(),
                    path: instance.state_dir().to_owned(),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                return Err(Error::NotPermitted {
                    instance: instance.name().to_owned(),
                    path: instance.state_dir().to_owned(),
                });
            }
            Err(source) => return Err(Error::Io { action: "read the instance's record", source }),
        };
        serde_json::from_str(&text).map_err(|source| Error::Record { path, source })
    }

    /// Writes the record so that a crash leaves either the old or the new one.
    pub fn write(&self, instance: &Instance) -> Result<(), Error> {
        files::write_json(&Self::path(instance), self, 0o600)
            .map_err(|source| Error::Io { action: "write the instance's record", source })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_record_reads_back_as_written() {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::new("test", Some(folder.path())).unwrap();
        let record = Record {
            name: "test".to_owned(),
            proxy_port: 4711,
            boot: "b".to_owned(),
            settings: vec![Setting { path: PathBuf::from("/proc/sys/kernel/panic"), before: "1".to_owned() }],
            folders_made: vec![PathBuf::from("/srv/hoist")],
        };
        record.write(&instance).unwrap();
        assert_eq!(instance.record().unwrap(), record);
    }

    #[test]
    fn an_instance_without_a_record_does_not_exist() {
        let instance = Instance::new("test", Some(Path::new("/nonexistent/hoist"))).unwrap();
        assert!(matches!(instance.record(), Err(Error::Absent { .. })));
    }
}
