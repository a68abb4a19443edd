//! Keeps the services of a host running where no systemd does.
//!
//! It never ends what it did not start in this life or, by record, in an earlier one; and it is not the parent of
//! containers, so stopping it leaves pods alone.

mod log;
mod readiness;
mod record;
mod service;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use fs_err as fs;
use hoist_node_config::{Unit, paths};
use nix::{
    fcntl::{Flock, FlockArg},
    sys::signal::Signal,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};
use tracing::{error, info, warn};

use crate::{HostRoot, processes::Process};

/// Where a supervisor finds and leaves things.
#[derive(Debug, Clone)]
pub struct Folders {
    /// One `<name>.json` per unit.
    pub units: PathBuf,
    /// One `<name>.log` per unit.
    pub logs: PathBuf,
    /// Process records; must not outlive a reboot.
    pub run: PathBuf,
}

impl Folders {
    /// The usual ones of a host.
    pub fn of(root: &HostRoot) -> Self {
        Self { units: root.path(paths::UNITS), logs: root.path(paths::LOGS), run: root.path("/run/hoist/units") }
    }
}

/// Why supervision could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or the lock.
    #[error("the supervisor cannot use {}", path.display())]
    Prepare {
        /// What.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The kernel refused a signal handler.
    #[error("the supervisor cannot listen for signals")]
    Signals {
        /// What the system said.
        source: io::Error,
    },
}

/// What a supervisor can be told while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Read the units again: start new ones, stop missing ones, restart changed ones.
    Reload,
    /// Stop everything in reverse order and return.
    Stop,
}

/// Runs until SIGTERM or SIGINT; SIGHUP reads the units again.
///
/// A second supervisor of the same folders waits here for the first to end, and then takes its place.
pub async fn run(folders: &Folders) -> Result<(), Error> {
    let _lock = lock(folders)?;
    let (sender, receiver) = mpsc::channel(4);
    let mut signals = Vec::new();
    for (kind, command) in [
        (SignalKind::hangup(), Command::Reload),
        (SignalKind::terminate(), Command::Stop),
        (SignalKind::interrupt(), Command::Stop),
    ] {
        signals.push((signal(kind).map_err(|source| Error::Signals { source })?, command));
    }
    for (mut signal, command) in signals {
        let sender = sender.clone();
        tokio::spawn(async move { while signal.recv().await.is_some() && sender.send(command).await.is_ok() {} });
    }
    supervise(folders, receiver).await
}

/// Whether the process of `unit` is alive, by the supervisor's record.
pub fn runs(folders: &Folders, unit: &str) -> bool {
    process(folders, unit).is_some()
}

/// Number of the living process of `unit`.
pub fn process(folders: &Folders, unit: &str) -> Option<i32> {
    let process = record::read(&record::path(&folders.run, unit))?;
    process.is_alive().then_some(process.pid)
}

fn lock(folders: &Folders) -> Result<Flock<std::fs::File>, Error> {
    let path = folders.run.join("supervisor.pid");
    let prepare = |source| Error::Prepare { path: path.clone(), source };
    fs::create_dir_all(&folders.run).map_err(prepare)?;
    let file = std::fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(prepare)?;
    let lock = Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, error)| Error::Prepare { path: path.clone(), source: error.into() })?;
    record::write(&path, std::process::id()).map_err(prepare)?;
    Ok(lock)
}

/// Runs until told to stop by [`Command::Stop`] or until all senders are gone.
pub async fn supervise(folders: &Folders, mut commands: mpsc::Receiver<Command>) -> Result<(), Error> {
    for folder in [&folders.units, &folders.logs, &folders.run] {
        fs::create_dir_all(folder).map_err(|source| Error::Prepare { path: folder.clone(), source })?;
    }
    let mut services = Services { folders: folders.clone(), running: BTreeMap::new(), readiness: HashMap::new() };
    services.reload().await;
    let mut logs = tokio::time::interval(log::CHECK_INTERVAL);
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(Command::Reload) => services.reload().await,
                Some(Command::Stop) | None => break,
            },
            _ = logs.tick() => log::cut_all(&folders.logs),
        }
    }
    services.stop_all().await;
    Ok(())
}

struct Running {
    unit: Unit,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

struct Services {
    folders: Folders,
    running: BTreeMap<String, Running>,
    /// Kept for units that are gone too: those that wait for one of that name see the next one.
    readiness: HashMap<String, Arc<watch::Sender<bool>>>,
}

impl Services {
    async fn reload(&mut self) {
        let wanted = read_units(&self.folders.units);
        let outdated: Vec<String> = self
            .running
            .iter()
            .filter(|(name, running)| wanted.get(*name) != Some(&running.unit))
            .map(|(name, _)| name.clone())
            .collect();
        self.stop(&outdated).await;
        for unit in wanted.values() {
            if !self.running.contains_key(&unit.name) {
                self.start(unit.clone(), &wanted);
            }
        }
        info!(units = self.running.len(), "units read");
    }

    fn start(&mut self, unit: Unit, all: &BTreeMap<String, Unit>) {
        let ready = self.readiness(&unit.name);
        let dependencies = unit
            .after
            .iter()
            .filter(|name| all.contains_key(*name))
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .map(|name| self.readiness(name).subscribe())
            .collect();
        let (stop, stopped) = watch::channel(false);
        let task =
            tokio::spawn(service::keep_running(unit.clone(), self.folders.clone(), dependencies, ready, stopped));
        self.running.insert(unit.name.clone(), Running { unit, stop, task });
    }

    fn readiness(&mut self, name: &str) -> Arc<watch::Sender<bool>> {
        Arc::clone(self.readiness.entry(name.to_owned()).or_insert_with(|| Arc::new(watch::Sender::new(false))))
    }

    async fn stop_all(&mut self) {
        let names: Vec<String> = self.running.keys().cloned().collect();
        self.stop(&names).await;
    }

    /// Stops these units, dependents before what they depend on.
    async fn stop(&mut self, names: &[String]) {
        let mut left: Vec<String> = names.to_vec();
        while !left.is_empty() {
            let is_needed = |name: &String| {
                left.iter().any(|other| self.running.get(other).is_some_and(|unit| unit.unit.after.contains(name)))
            };
            let (mut needed, mut free): (Vec<_>, Vec<_>) = left.iter().cloned().partition(is_needed);
            if free.is_empty() {
                // Units that wait for each other never ran; any order will do.
                std::mem::swap(&mut needed, &mut free);
            }
            let stopping: Vec<Running> = free.iter().filter_map(|name| self.running.remove(name)).collect();
            for running in &stopping {
                running.stop.send_replace(true);
            }
            for running in stopping {
                if let Err(cause) = running.task.await {
                    error!(unit = running.unit.name, %cause, "the unit's keeper ended abnormally");
                }
            }
            left = needed;
        }
    }
}

fn read_units(folder: &Path) -> BTreeMap<String, Unit> {
    let mut units = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(cause) => {
            error!(%cause, "units cannot be read");
            return units;
        }
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        match read_unit(&path) {
            Ok(unit) => {
                units.insert(unit.name.clone(), unit);
            }
            Err(cause) => warn!(file = %path.display(), %cause, "unit ignored: it must be JSON with name and argv"),
        }
    }
    units
}

fn read_unit(path: &Path) -> io::Result<Unit> {
    let unit: Unit = serde_json::from_slice(&fs::read(path)?)?;
    if unit.argv.is_empty() || unit.name.is_empty() || unit.name.contains('/') {
        return Err(io::Error::other("argv or name is empty, or the name holds a slash"));
    }
    Ok(unit)
}

/// The running supervisor of this host, if any, as a handle for signals.
fn running(folders: &Folders) -> Option<Process> {
    record::read(&folders.run.join("supervisor.pid")).filter(|process| process.is_alive())
}

/// Whether a supervisor of these folders runs.
pub fn is_running(folders: &Folders) -> bool {
    running(folders).is_some()
}

/// Tells the running supervisor to read its units again; `false` when none runs.
pub fn reload(folders: &Folders) -> io::Result<bool> {
    match running(folders) {
        Some(process) => process.signal(Signal::SIGHUP).map(|()| true),
        None => Ok(false),
    }
}

/// Stops the running supervisor and with it every service; returns when they are gone.
///
/// Services left by a supervisor that was killed are ended as well.
pub fn stop(folders: &Folders) -> io::Result<()> {
    if let Some(process) = running(folders) {
        process.signal(Signal::SIGTERM)?;
        if !process.wait(Duration::from_secs(30)) {
            process.end(Duration::ZERO)?;
        }
    }
    for leftover in record::leftovers(&folders.run) {
        leftover.end(service::GRACE)?;
    }
    Ok(())
}

/// Ends one service so that the supervisor starts it anew, for example with a new program.
pub fn restart(folders: &Folders, unit: &str) -> io::Result<()> {
    match record::read(&record::path(&folders.run, unit)) {
        Some(process) => process.signal(Signal::SIGTERM),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
