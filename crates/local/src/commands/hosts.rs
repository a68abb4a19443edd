//! `hcp local host add|list|exec|logs|stop|start|remove`.

use std::{
    ffi::OsString,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use serde::Serialize;

use super::Error;
use crate::{
    host::{self, Host, Role},
    instance::Instance,
    machine,
};

/// One line of `hcp local host list`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostState {
    /// Its name.
    pub name: String,
    /// `management` or `worker`.
    pub role: &'static str,
    /// Its address on the instance's switch.
    pub address: Ipv4Addr,
    /// `Running` or `Off`.
    pub state: &'static str,
    /// Its init, as the machine sees it, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
}

/// Makes and starts a plain host; one of that name must not exist.
pub fn add(instance: &Instance, name: &str) -> Result<HostState, Error> {
    machine::require_root()?;
    let _lock = instance.record().and(instance.lock())?;
    let host = Host::create(instance, name, Role::Worker, &machine::base_root(&machine::cache_dir()))?;
    if let Err(error) = host.start() {
        // Half a host helps nobody; the reason it did not start matters more than a failing removal.
        let _ = host.remove();
        return Err(error.into());
    }
    Ok(state(&host))
}

/// The hosts of an instance, the management nodes included.
pub fn list(instance: &Instance) -> Result<Vec<HostState>, Error> {
    instance.record()?;
    Ok(Host::list(instance)?.iter().map(state).collect())
}

/// Runs a command in a host with the caller's streams.
///
/// The status is the command's; its code is 125 when the host cannot be entered, 126 or 127 when
/// the command cannot be run.
pub fn exec(instance: &Instance, name: &str, command: &[OsString]) -> Result<ExitStatus, Error> {
    machine::require_root()?;
    instance.record()?;
    Ok(Host::load(instance, name)?.exec(command)?)
}

/// Files that hold what a host has to say, oldest layer first: its console, then its services.
///
/// - `unit`: only the service of that name.
pub fn logs(instance: &Instance, name: &str, unit: Option<&str>) -> Result<Vec<PathBuf>, Error> {
    instance.record()?;
    let host = Host::load(instance, name)?;
    let services = host.var().join("log/hoist");
    if let Some(unit) = unit {
        let path = services.join(format!("{unit}.log"));
        fs_err::metadata(&path).map_err(|source| Error::Io { action: "find the log of that service", source })?;
        return Ok(vec![path]);
    }
    let mut found: Vec<PathBuf> = fs_err::read_dir(&services)
        .map(|entries| entries.flatten().map(|entry| entry.path()).filter(|path| is_log(path)).collect())
        .unwrap_or_default();
    found.sort();
    found.insert(0, host.folder().join("console.log"));
    Ok(found)
}

/// Pulls a host's power and leaves it off, until [`start`] or the next `up`; says whether it was on.
pub fn stop(instance: &Instance, name: &str) -> Result<bool, Error> {
    machine::require_root()?;
    let _lock = instance.record().and(instance.lock())?;
    let host = Host::load(instance, name)?;
    let was_on = host.init().is_some();
    host.stop()?;
    Ok(was_on)
}

/// Switches a host on; says whether it was off.
pub fn start(instance: &Instance, name: &str) -> Result<(HostState, bool), Error> {
    machine::require_root()?;
    let _lock = instance.record().and(instance.lock())?;
    let host = Host::load(instance, name)?;
    let was_off = host.start()?;
    Ok((state(&host), was_off))
}

/// Pulls a host's power and erases it. Management nodes go only with the instance.
pub fn remove(instance: &Instance, name: &str) -> Result<(), Error> {
    machine::require_root()?;
    let _lock = instance.record().and(instance.lock())?;
    let host = Host::load(instance, name)?;
    if host.role() != Role::Worker {
        return Err(host::Error::Management { name: name.to_owned() }.into());
    }
    Ok(host.remove()?)
}

pub(super) fn state(host: &Host) -> HostState {
    let init = host.init();
    HostState {
        name: host.name().to_owned(),
        role: match host.role() {
            Role::Management { .. } => "management",
            Role::Worker => "worker",
        },
        address: host.address(),
        state: if init.is_some() { "Running" } else { "Off" },
        pid: init.map(|init| init.pid),
    }
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}
