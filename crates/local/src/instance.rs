//! An instance: its name and the one folder that holds everything of it.
//!
//! An [`Instance`] is only a pair of names until something is made in it; whether the instance
//! exists is told by its [`Record`].

mod lock;
mod record;

use std::{
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

pub use lock::Lock;
pub use record::{Record, Setting};

/// The instance that commands mean when none is named.
pub const DEFAULT_NAME: &str = "local";
/// Folder of instances without a `--state-dir`.
pub(crate) const DEFAULT_PARENT: &str = "/var/lib/hoist";
/// Names become parts of host names, cgroup folders and unit names, which allow 63 characters
/// and more; 20 leaves room for what is put before and after.
const MAX_NAME_LENGTH: usize = 20;

/// Why an instance cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name does not have the form of a DNS label.
    #[error(
        "instance name `{name}` is not usable: expected 1 to {MAX_NAME_LENGTH} lower-case letters, digits and `-`, \
         starting and ending with a letter or digit; choose another --instance"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// The state folder's path cannot be handed to overlayfs.
    #[error(
        "state folder `{path}` is not usable: expected an absolute path without `:`, `,` and `\\`; choose another --state-dir"
    )]
    StateDirPath {
        /// What was given.
        path: PathBuf,
    },
    /// Another command works on the instance.
    #[error("instance `{instance}` is in use by process {pid} (`{command}`); wait until it is done, or end it")]
    Locked {
        /// Name of the instance.
        instance: String,
        /// Holder's process id, or `unknown`.
        pid: String,
        /// Holder's command line.
        command: String,
    },
    /// The instance was never brought up, or was taken down.
    #[error("instance `{instance}` does not exist in {path}; run `hcp local up` first")]
    Absent {
        /// Name of the instance.
        instance: String,
        /// Its state folder.
        path: PathBuf,
    },
    /// Its folder is closed to everyone but root.
    #[error(
        "instance `{instance}` in {path} cannot be read: this needs root, because its keys lie there; run it with sudo"
    )]
    NotPermitted {
        /// Name of the instance.
        instance: String,
        /// Its state folder.
        path: PathBuf,
    },
    /// The record was written by something else.
    #[error(
        "the instance's record {path} cannot be read: expected JSON of this version of hcp; run `hcp local down` and `hcp local up`"
    )]
    Record {
        /// The record's file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file system refused.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said; it names the path.
        source: io::Error,
    },
}

/// Name and place of an instance.
#[derive(Clone, Debug)]
pub struct Instance {
    name: String,
    state_dir: PathBuf,
    program: PathBuf,
}

impl Instance {
    /// Checks the name and the folder; touches nothing.
    ///
    /// - `state_dir`: absolute; `/var/lib/hoist/<name>` when none is given.
    pub fn new(name: &str, state_dir: Option<&Path>) -> Result<Self, Error> {
        if !is_label(name) || name.len() > MAX_NAME_LENGTH {
            return Err(Error::Name { name: name.to_owned() });
        }
        let state_dir = state_dir.map_or_else(|| Path::new(DEFAULT_PARENT).join(name), Path::to_owned);
        // The path becomes part of overlayfs options, where these characters separate.
        let text = state_dir.to_str().unwrap_or(":");
        if !state_dir.is_absolute() || text.contains([':', ',', '\\']) {
            return Err(Error::StateDirPath { path: state_dir });
        }
        Ok(Self { name: name.to_owned(), state_dir, program: PathBuf::from("/proc/self/exe") })
    }

    /// Uses another program for the hidden subcommands `local-init` and `local-daemon` than the
    /// running one; tests need it because they are not `hcp`.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// The instance's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder that holds everything of the instance.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// The program that knows the hidden subcommands.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Name of the instance's cgroup below `hoist`: the instance's name and a hash of its folder,
    /// so that two instances of one name in different folders stay apart.
    pub fn cgroup_name(&self) -> String {
        let hash = Sha256::digest(self.state_dir.as_os_str().as_encoded_bytes());
        format!("{}-{}", self.name, HEXLOWER.encode(&hash[..3]))
    }

    /// A file or folder of the instance.
    pub fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.state_dir.join(name.as_ref())
    }

    /// Folder of pins and process records, valid until the machine restarts.
    pub fn run_dir(&self) -> PathBuf {
        self.path("run")
    }

    /// Folder of the hosts, one folder each.
    pub fn hosts_dir(&self) -> PathBuf {
        self.path("hosts")
    }

    /// The release's `kubectl`.
    pub fn kubectl(&self) -> PathBuf {
        self.path("kubectl")
    }

    /// The administrator's kubeconfig of the management cluster.
    pub fn kubeconfig(&self) -> PathBuf {
        self.path("kubeconfig")
    }

    /// The pull secret (`.dockerconfigjson`) of the instance's registry.
    pub fn pull_secret(&self) -> PathBuf {
        self.path("pull-secret.json")
    }

    /// The certificate authority of the instance's registry, PEM.
    pub fn registry_trust_bundle(&self) -> PathBuf {
        self.path("registry-ca.crt")
    }

    /// Folder of the management cluster's keys and certificates.
    pub fn pki_dir(&self) -> PathBuf {
        self.path("pki")
    }

    /// Log of the daemon on the machine.
    pub fn daemon_log(&self) -> PathBuf {
        self.path("daemon.log")
    }

    /// Takes the instance for one command; a second one is told who holds it.
    pub fn lock(&self) -> Result<Lock, Error> {
        Lock::take(self)
    }

    /// Reads the instance's record.
    pub fn record(&self) -> Result<Record, Error> {
        Record::read(self)
    }

    /// Whether the instance was ever brought up and not taken down since.
    pub fn exists(&self) -> bool {
        Record::path(self).exists()
    }
}

/// Whether `text` is a DNS label of at most 63 characters.
pub fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    bytes.len() <= 63 && inner(first) && inner(last) && bytes.iter().all(|&byte| inner(byte) || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_folder_carries_the_name() {
        let instance = Instance::new("local", None).unwrap();
        assert_eq!(instance.state_dir(), Path::new("/var/lib/hoist/local"));
    }

    #[test]
    fn names_that_are_no_label_are_refused() {
        for name in ["", "Upper", "-a", "a-", "a.b", "a/b", "a-name-of-more-than-twenty"] {
            let error = Instance::new(name, None).unwrap_err();
            assert!(matches!(error, Error::Name { .. }), "{name}");
        }
    }

    #[test]
    fn folders_that_overlayfs_cannot_take_are_refused() {
        for path in ["relative", "/a:b", "/a,b", "/a\\b"] {
            let error = Instance::new("local", Some(Path::new(path))).unwrap_err();
            assert!(matches!(error, Error::StateDirPath { .. }), "{path}");
        }
    }

    #[test]
    fn equal_names_in_different_folders_have_different_cgroups() {
        let one = Instance::new("local", Some(Path::new("/srv/one"))).unwrap();
        let two = Instance::new("local", Some(Path::new("/srv/two"))).unwrap();
        assert_ne!(one.cgroup_name(), two.cgroup_name());
        assert!(one.cgroup_name().starts_with("local-"));
    }
}
