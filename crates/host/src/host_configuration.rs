//! What users configure on a host, applied to it: files, folders, links, systemd units and kernel settings.
//!
//! It can be applied again and again, each time given another configuration: what is as it should be is left alone, what is no
//! longer wanted becomes what the host had before, and leaving restores the rest. A host that cannot have all of it is refused
//! before anything changes.

mod check;
mod files;
mod owners;
mod record;
mod units;

use std::io;

use hoist_node_config::HostConfiguration;

use crate::undo::{self, Journal, Step};
use crate::{HostRoot, init_system, sysctl};
use record::Record;

/// Why a configuration was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This host cannot have it. Nothing was changed.
    #[error("this host cannot be configured as its NodePool wants: {}", faults.join("; "))]
    Refused {
        /// Everything that is in the way.
        faults: Vec<String>,
    },
    /// A file, folder or link.
    #[error("failed to write {path} on this host")]
    Path {
        /// Path on the host.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A kernel setting.
    #[error("failed to set kernel setting {name} to {value:?}; does this kernel take that value?")]
    Sysctl {
        /// Dotted name.
        name: String,
        /// Wanted value.
        value: String,
        /// What the system said.
        source: io::Error,
    },
    /// A unit.
    #[error("failed to configure systemd unit {name}")]
    Unit {
        /// Its name.
        name: String,
        /// What failed.
        source: init_system::Error,
    },
    /// systemd itself.
    #[error("systemd did not take its changed units")]
    Systemd {
        /// What failed.
        #[from]
        source: init_system::Error,
    },
    /// The journal.
    #[error("failed to record how to restore this host")]
    Undo {
        /// What failed.
        #[from]
        source: undo::Error,
    },
    /// What was wanted before and no longer is.
    #[error("failed to take back what is no longer configured")]
    TakeBack {
        /// What failed.
        #[from]
        source: undo::UndoSome,
    },
}

/// What applying changed. Nothing of the node itself has to restart for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Paths that were written or taken back.
    pub paths: Vec<String>,
    /// Units whose files changed; those that are enabled were restarted.
    pub units: Vec<String>,
}

/// Looks whether this host can have `wanted`. Changes nothing.
pub fn check(root: &HostRoot, has_systemd: bool, wanted: &HostConfiguration) -> Result<(), Error> {
    let faults = check::faults(root, has_systemd, wanted, &Record::read(root)?);
    if faults.is_empty() { Ok(()) } else { Err(Error::Refused { faults }) }
}

/// Makes the host have `wanted`, and no longer what was applied before.
pub fn apply(
    root: &HostRoot,
    journal: &mut Journal,
    has_systemd: bool,
    wanted: &HostConfiguration,
) -> Result<Changes, Error> {
    let before = Record::read(root)?;
    check(root, has_systemd, wanted)?;
    let now = Record::of(wanted);
    if before == now && now == Record::default() {
        return Ok(Changes::default());
    }
    let mut changes = Changes::default();
    take_back(root, journal, &before, &now, &mut changes)?;
    // Whatever happens on the way, the next pass knows of all that may have been done.
    now.write(root)?;

    for unit in &wanted.units {
        units::record(root, journal, &unit.name)?;
    }
    for directory in &wanted.directories {
        files::directory(root, journal, directory, &mut changes)?;
    }
    for file in &wanted.files {
        files::file(root, journal, file, &mut changes)?;
    }
    for link in &wanted.links {
        files::link(root, journal, link, &mut changes)?;
    }
    units::apply(root, journal, &wanted.units, &mut changes)?;
    for (name, value) in &wanted.sysctls {
        journal.record_sysctl(name)?;
        set(name, value)?;
    }
    Ok(changes)
}

/// Sets the kernel settings that were applied last: they do not outlive a reboot.
pub fn kernel(root: &HostRoot) -> Result<(), Error> {
    for (name, value) in &Record::read(root)?.sysctls {
        set(name, value)?;
    }
    Ok(())
}

fn set(name: &str, value: &str) -> Result<(), Error> {
    sysctl::set(name, value).map_err(|source| Error::Sysctl { name: name.to_owned(), value: value.to_owned(), source })
}

fn take_back(
    root: &HostRoot,
    journal: &mut Journal,
    before: &Record,
    now: &Record,
    changes: &mut Changes,
) -> Result<(), Error> {
    let gone: Vec<&String> =
        before.paths.iter().filter(|(path, kind)| now.paths.get(*path) != Some(kind)).map(|(path, _)| path).collect();
    let units: Vec<&String> = before.units.iter().filter(|unit| !now.units.contains(*unit)).collect();
    let settings: Vec<&String> = before.sysctls.keys().filter(|name| !now.sysctls.contains_key(*name)).collect();
    changes.paths.extend(gone.iter().map(|path| (*path).clone()));
    journal.undo_some(|step| match step {
        Step::RemoveFile { path }
        | Step::RestoreFile { path, .. }
        | Step::RestoreLink { path, .. }
        | Step::RestoreAttributes { path, .. } => gone.contains(&path),
        // With what somebody else has put there since, a folder of ours stays until the host leaves.
        Step::RemoveTree { path } => gone.contains(&path) && files::is_empty_folder(root, path),
        Step::RestoreUnit { name, .. } | Step::EndUnit { name } => units.contains(&name),
        Step::RestoreSysctl { name, .. } => settings.contains(&name),
        _ => false,
    })?;
    Ok(())
}

#[cfg(test)]
mod tests;
