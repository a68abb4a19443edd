//! What a host must be given back when it stops being a node.
//!
//! A step is on disk before the change it undoes is made, so that a power cut in between leaves nothing behind. Undoing
//! something that was never done is no error.

mod restore;
mod unit;

use std::{io, net::IpAddr, path::Path};

use fs_err as fs;
use hoist_node_config::paths;
use serde::{Deserialize, Serialize};

use crate::{
    HostRoot,
    init_system::InitSystem,
    netlink::{self, TableFamily},
    sysctl,
};

pub use restore::Attributes;
pub(crate) use restore::beside;
pub use unit::UnitState;

/// One change, and how it is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "do")]
pub enum Step {
    /// A file that was not there.
    RemoveFile {
        /// Path on the host.
        path: String,
    },
    /// A folder that was not there, with all that is in it now.
    RemoveTree {
        /// Path on the host.
        path: String,
    },
    /// A folder that was there, empty.
    EmptyFolder {
        /// Path on the host.
        path: String,
    },
    /// A kernel setting that had another value.
    RestoreSysctl {
        /// Dotted name.
        name: String,
        /// Value before.
        value: String,
    },
    /// A file that was there, of which there is a copy.
    RestoreFile {
        /// Path on the host.
        path: String,
        /// Path of the copy.
        backup: String,
        /// Attributes before.
        attributes: Attributes,
    },
    /// A symbolic link that was there.
    RestoreLink {
        /// Path on the host.
        path: String,
        /// Where it led.
        target: String,
        /// Attributes before.
        attributes: Attributes,
    },
    /// A folder that had other attributes.
    RestoreAttributes {
        /// Path on the host.
        path: String,
        /// Attributes before.
        attributes: Attributes,
    },
    /// A systemd unit that was in another state; undone once its files are as before.
    RestoreUnit {
        /// Its name.
        name: String,
        /// State before.
        state: UnitState,
    },
    /// A systemd unit that was not there; undone while its file still is.
    EndUnit {
        /// Its name.
        name: String,
    },
    /// An address that an interface did not have.
    RemoveAddress {
        /// Interface.
        interface: String,
        /// Address.
        address: IpAddr,
    },
    /// An interface that was not there.
    RemoveLink {
        /// Interface.
        name: String,
    },
    /// An nftables table that was not there.
    RemoveTable {
        /// Family.
        family: TableFamily,
        /// Table.
        name: String,
    },
    /// Services that were not there.
    RemoveServices {
        /// Who runs them.
        init: InitSystem,
        /// Their names.
        units: Vec<String>,
    },
}

/// Why the journal could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Reading or writing it.
    #[error("failed to {action} the undo journal {}", paths::UNDO_JOURNAL)]
    Journal {
        /// `read` or `write`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// Why [`Journal::undo_some`] ended early.
#[derive(Debug, thiserror::Error)]
pub enum UndoSome {
    /// A step.
    #[error("failed to undo {:?}: {}", .0.step, .0.cause)]
    Step(Failed),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] Error),
}

/// A step that failed, and stays in the journal.
#[derive(Debug)]
pub struct Failed {
    /// The step.
    pub step: Step,
    /// Why.
    pub cause: String,
}

/// The steps of one host, oldest first.
#[derive(Debug)]
pub struct Journal {
    root: HostRoot,
    steps: Vec<Step>,
    is_batch: bool,
}

impl Journal {
    /// The journal of the host at `root`; empty when there is none yet.
    pub fn open(root: &HostRoot) -> Result<Self, Error> {
        let read = |source| Error::Journal { action: "read", source };
        let steps = match root.read(paths::UNDO_JOURNAL).map_err(read)? {
            Some(text) => serde_json::from_str(&text).map_err(|source| read(source.into()))?,
            None => Vec::new(),
        };
        Ok(Self { root: root.clone(), steps, is_batch: false })
    }

    /// The recorded steps, oldest first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Records a step before its change is made; one that is recorded already is not recorded twice.
    pub fn record(&mut self, step: Step) -> Result<(), Error> {
        if self.steps.contains(&step) {
            return Ok(());
        }
        self.steps.push(step);
        if self.is_batch { Ok(()) } else { self.save() }
    }

    /// Records many steps with one write: after a power cut there are all of them or none.
    pub fn batch<E: From<Error>>(&mut self, steps: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        self.is_batch = true;
        let recorded = steps(self);
        self.is_batch = false;
        recorded?;
        Ok(self.save()?)
    }

    /// Records that `path`, if it is missing now, is to be removed as a file later.
    pub fn record_file(&mut self, path: &str) -> Result<(), Error> {
        if self.root.path(path).exists() { Ok(()) } else { self.record(Step::RemoveFile { path: path.to_owned() }) }
    }

    /// Undoes those steps, newest first, that `concerns`. One that fails stays recorded, and ends it.
    pub fn undo_some(&mut self, concerns: impl Fn(&Step) -> bool) -> Result<(), UndoSome> {
        while let Some(place) = self.steps.iter().rposition(&concerns) {
            if let Err(cause) = self.undo_step(&self.steps[place]) {
                return Err(UndoSome::Step(Failed { step: self.steps[place].clone(), cause }));
            }
            self.steps.remove(place);
            self.save()?;
        }
        Ok(())
    }

    /// Records a folder that will be filled: removed later if it is missing now, emptied if it is empty now. One that
    /// holds something is somebody else's and is left alone.
    pub fn record_folder(&mut self, path: &str) -> Result<(), Error> {
        let path = path.to_owned();
        match fs::read_dir(self.root.path(&path)) {
            Err(_) => self.record(Step::RemoveTree { path }),
            Ok(mut entries) => match entries.next() {
                None => self.record(Step::EmptyFolder { path }),
                Some(_) => Ok(()),
            },
        }
    }

    /// Records the value of a kernel setting, unless an older one is recorded or the kernel does not have it.
    pub fn record_sysctl(&mut self, name: &str) -> Result<(), Error> {
        let is_known = self.steps.iter().any(|step| matches!(step, Step::RestoreSysctl { name: n, .. } if n == name));
        match sysctl::get(name) {
            Some(value) if !is_known => self.record(Step::RestoreSysctl { name: name.to_owned(), value }),
            _ => Ok(()),
        }
    }

    /// Undoes everything, newest first. What fails stays recorded and is returned; the rest goes on, but for the folder in which
    /// that is recorded.
    pub fn undo(&mut self) -> Result<Vec<Failed>, Error> {
        let (own, others): (Vec<Step>, Vec<Step>) =
            std::mem::take(&mut self.steps).into_iter().partition(holds_journal);
        let mut failed = self.undo_all(others);
        if failed.is_empty() {
            failed = self.undo_all(own);
        } else {
            self.steps = own;
        }
        self.steps.extend(failed.iter().rev().map(|failed| failed.step.clone()));
        if self.steps.is_empty() {
            self.root.remove(paths::UNDO_JOURNAL).map_err(|source| Error::Journal { action: "remove", source })?;
        } else {
            self.save()?;
        }
        Ok(failed)
    }

    fn undo_all(&self, steps: Vec<Step>) -> Vec<Failed> {
        let undo = |step: Step| self.undo_step(&step).err().map(|cause| Failed { step, cause });
        steps.into_iter().rev().filter_map(undo).collect()
    }

    fn save(&self) -> Result<(), Error> {
        let write = |source| Error::Journal { action: "write", source };
        let text = serde_json::to_vec_pretty(&self.steps).map_err(|source| write(source.into()))?;
        self.root.write(paths::UNDO_JOURNAL, 0o600, &text).map_err(write)?;
        Ok(())
    }

    fn undo_step(&self, step: &Step) -> Result<(), String> {
        match step {
            Step::RemoveFile { path } => self.root.remove(path).map_err(|cause| cause.to_string()),
            Step::RemoveTree { path } => remove_tree(&self.root, path).map_err(|cause| cause.to_string()),
            Step::EmptyFolder { path } => empty_folder(&self.root, path).map_err(|cause| cause.to_string()),
            Step::RestoreFile { path, backup, attributes } => {
                restore::file(&self.root, path, backup, attributes).map_err(|cause| cause.to_string())
            }
            Step::RestoreLink { path, target, attributes } => {
                restore::link(&self.root, path, target, attributes).map_err(|cause| cause.to_string())
            }
            Step::RestoreAttributes { path, attributes } => {
                restore::attributes(&self.root, path, attributes).map_err(|cause| cause.to_string())
            }
            Step::RestoreUnit { name, state } => unit::restore(&self.root, name, *state).map_err(|cause| chain(&cause)),
            Step::EndUnit { name } => unit::end(&self.root, name).map_err(|cause| chain(&cause)),
            Step::RestoreSysctl { name, value } => sysctl::set(name, value).map_err(|cause| cause.to_string()),
            Step::RemoveAddress { interface, address } => {
                netlink::remove_address(interface, *address).map_err(|cause| chain(&cause))
            }
            Step::RemoveLink { name } => netlink::remove_link(name).map_err(|cause| chain(&cause)),
            Step::RemoveTable { family, name } => netlink::remove_table(*family, name).map_err(|cause| chain(&cause)),
            Step::RemoveServices { init, units } => init.remove(&self.root, units).map_err(|cause| chain(&cause)),
        }
    }
}

fn holds_journal(step: &Step) -> bool {
    match step {
        Step::RemoveTree { path } | Step::EmptyFolder { path } => Path::new(paths::UNDO_JOURNAL).starts_with(path),
        _ => false,
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn remove_tree(root: &HostRoot, path: &str) -> io::Result<()> {
    let path = root.path(path);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if !found.is_dir() => fs::remove_file(&path),
        _ => fs::remove_dir_all(&path),
    }
}

fn empty_folder(root: &HostRoot, path: &str) -> io::Result<()> {
    let entries = match fs::read_dir(root.path(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undo_restores_what_was_there_and_removes_what_was_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        root.write("/etc/kept/theirs", 0o644, b"x").expect("written");
        fs::create_dir_all(root.path("/var/lib/empty")).expect("a folder");

        let mut journal = Journal::open(&root).expect("a journal");
        for path in ["/etc/kept", "/var/lib/empty", "/opt/ours"] {
            journal.record_folder(path).expect("recorded");
        }
        journal.record_file("/etc/kept/ours").expect("recorded");
        journal.record_file("/etc/kept/theirs").expect("recorded");
        for path in ["/etc/kept/ours", "/var/lib/empty/a/b", "/opt/ours/bin/x"] {
            root.write(path, 0o644, b"y").expect("written");
        }

        // As after a crash: the journal is read again from disk.
        let failed = Journal::open(&root).expect("a journal").undo().expect("undone");
        assert!(failed.is_empty(), "{failed:?}");
        let exists = |path: &str| root.path(path).exists();
        assert!(exists("/etc/kept/theirs") && exists("/var/lib/empty"));
        assert!(!exists("/etc/kept/ours") && !exists("/var/lib/empty/a") && !exists("/opt/ours"));
        assert!(!exists(paths::UNDO_JOURNAL));
    }

    #[test]
    fn a_step_that_fails_stays_recorded_and_the_others_go_on() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        let mut journal = Journal::open(&root).expect("a journal");
        journal.record(Step::RemoveFile { path: "/a".into() }).expect("recorded");
        // Removing a folder as if it were a file fails.
        journal.record(Step::RemoveFile { path: "/b".into() }).expect("recorded");
        root.write("/a", 0o644, b"").expect("written");
        root.write("/b/c", 0o644, b"").expect("written");
        let failed = journal.undo().expect("a journal");
        assert_eq!(failed.len(), 1);
        assert_eq!(Journal::open(&root).expect("a journal").steps(), [Step::RemoveFile { path: "/b".into() }]);
        assert!(!root.path("/a").exists());
    }

    #[test]
    fn the_folder_of_the_journal_stays_as_long_as_a_step_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        let mut journal = Journal::open(&root).expect("a journal");
        journal.record(Step::RemoveTree { path: paths::STATE.into() }).expect("recorded");
        journal.record(Step::RemoveFile { path: "/b".into() }).expect("recorded");
        root.write("/b/c", 0o644, b"").expect("written");
        root.write(&format!("{}/other", paths::STATE), 0o644, b"").expect("written");
        assert_eq!(journal.undo().expect("a journal").len(), 1);
        let mut journal = Journal::open(&root).expect("a journal");
        assert_eq!(journal.steps().len(), 2);
        assert!(root.path(&format!("{}/other", paths::STATE)).exists());

        fs::remove_dir_all(root.path("/b")).expect("removed");
        assert!(journal.undo().expect("a journal").is_empty());
        assert!(!root.path(paths::STATE).exists());
    }

    #[test]
    fn the_first_value_of_a_setting_is_the_one_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = Journal::open(&HostRoot::at(folder.path())).expect("a journal");
        journal.record_sysctl("kernel.pid_max").expect("recorded");
        journal.record_sysctl("kernel.pid_max").expect("recorded");
        journal.record_sysctl("kernel.hoist_has_no_such_setting").expect("nothing to record");
        assert_eq!(journal.steps().len(), 1);
    }
}
