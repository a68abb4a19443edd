//! `hcp local down`: nothing of the instance is left.

use std::path::{Path, PathBuf};

use super::{Error, service};
use crate::{
    cgroup::Cgroups,
    files,
    host::Host,
    instance::{self, Instance},
    machine,
    network::switch,
    progress::Progress,
};

/// Takes the instance down and erases it. It works whatever is left of the instance: after a
/// restart of the machine, after everything was killed, after half an `up`. An instance that does
/// not exist is fine; the result says whether there was one.
pub fn down(instance: &Instance, progress: &dyn Progress) -> Result<bool, Error> {
    machine::require_root()?;
    if !instance.state_dir().exists() {
        return Ok(false);
    }
    let _lock = instance.lock()?;
    let record = match instance.record() {
        Ok(record) => Some(record),
        Err(instance::Error::Absent { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let time = std::time::Instant::now();
    progress.started("hosts");
    // All processes first: the daemon, and hosts that an interrupted start left without a record.
    Cgroups::detect()?.instance(&instance.cgroup_name()).destroy()?;
    for host in Host::list(instance)? {
        host.stop()?;
    }
    progress.finished("hosts", time.elapsed(), true);

    let time = std::time::Instant::now();
    progress.started("network and settings");
    switch::remove(instance)?;
    if let Some(record) = &record {
        machine::restore(instance, &record.settings)?;
    }
    progress.finished("network and settings", time.elapsed(), true);

    service::remove(instance)?;

    let time = std::time::Instant::now();
    progress.started("files");
    erase(instance.state_dir())?;
    // The default parent was made by the first of several instances, which need not be the last to go.
    let parent = Path::new(instance::DEFAULT_PARENT);
    for folder in
        record.iter().flat_map(|record| record.folders_made.iter().rev().map(PathBuf::as_path)).chain([parent])
    {
        // Another instance may have moved in since.
        let _ = std::fs::remove_dir(folder);
    }
    progress.finished("files", time.elapsed(), true);
    Ok(true)
}

/// Erases the state folder; the record goes last, so that an interrupted `down` can be repeated.
fn erase(state_dir: &Path) -> Result<(), Error> {
    let failed = |source| Error::Io { action: "erase the instance's folder", source };
    for entry in fs_err::read_dir(state_dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name() == "instance.json" || entry.file_name() == "lock" {
            continue;
        }
        if entry.file_type().map_err(failed)?.is_dir() {
            files::remove_folder(&entry.path()).map_err(failed)?;
        } else {
            files::remove(&entry.path()).map_err(failed)?;
        }
    }
    files::remove_folder(state_dir).map_err(failed)
}
