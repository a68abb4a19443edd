//! Which process runs a unit, written down so that a supervisor that was killed is succeeded without duplicates.

use std::{
    io,
    path::{Path, PathBuf},
};

use fs_err as fs;

use crate::processes::Process;

/// Where the record of a unit lies.
pub(super) fn path(run: &Path, unit: &str) -> PathBuf {
    run.join(format!("{unit}.pid"))
}

/// Records the process of this number.
pub(super) fn write(path: &Path, pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).map_err(io::Error::other)?;
    // A process that has ended already needs no record.
    let Some(process) = Process::by_pid(pid) else { return Ok(()) };
    fs::write(path, serde_json::to_vec(&process)?)
}

/// The recorded process, alive or not.
pub(super) fn read(path: &Path) -> Option<Process> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Processes of units that still run.
pub(super) fn leftovers(run: &Path) -> Vec<Process> {
    let Ok(entries) = fs::read_dir(run) else { return Vec::new() };
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name != "supervisor.pid"))
        .filter_map(|path| read(&path))
        .filter(|process| process.is_alive())
        .collect()
}
