//! systemd units that users configure.

use std::process::Stdio;

use hoist_node_config::host_configuration::SystemdUnit;
use serde::{Deserialize, Serialize};

use super::{Changes, Error, files};
use crate::HostRoot;
use crate::init_system::{self, systemctl};
use crate::undo::{Attributes, Journal, Step};

const FOLDER: &str = "/etc/systemd/system";

/// How a unit was before it was configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a state of its own in systemd")]
pub struct UnitState {
    /// Whether there was one of this name.
    pub exists: bool,
    /// Started at boot.
    pub enabled: bool,
    /// Could not be started.
    pub masked: bool,
    /// Ran.
    pub active: bool,
}

impl UnitState {
    fn of(name: &str) -> Self {
        let enabled = says(&["is-enabled", name]);
        Self {
            exists: !matches!(enabled.as_str(), "" | "not-found"),
            enabled: enabled.starts_with("enabled"),
            masked: enabled.starts_with("masked"),
            active: matches!(says(&["is-active", name]).as_str(), "active" | "activating" | "reloading"),
        }
    }
}

/// Files that belong to units: path and contents.
pub(super) fn files(units: &[SystemdUnit]) -> impl Iterator<Item = (String, &str)> {
    units.iter().flat_map(|unit| {
        let own = unit.contents.as_deref().map(|contents| (format!("{FOLDER}/{}", unit.name), contents));
        let dropins =
            unit.dropins.iter().map(|(name, contents)| (format!("{FOLDER}/{}.d/{name}", unit.name), contents.as_str()));
        own.into_iter().chain(dropins)
    })
}

/// Records how the unit is, before anything of it changes.
pub(super) fn record(root: &HostRoot, journal: &mut Journal, unit: &str) -> Result<(), Error> {
    let is_known = journal.steps().iter().any(|step| matches!(step, Step::RestoreUnit { name, .. } if name == unit));
    if is_known || !root.is_this_host() {
        return Ok(());
    }
    journal.record(Step::RestoreUnit { name: unit.to_owned(), state: UnitState::of(unit) })?;
    Ok(())
}

/// Writes the units' files, and makes each what it shall be.
pub(super) fn apply(
    root: &HostRoot,
    journal: &mut Journal,
    units: &[SystemdUnit],
    changes: &mut Changes,
) -> Result<(), Error> {
    let attributes = Attributes { mode: 0o644, ..Attributes::of_this_process() };
    for unit in units {
        for (path, contents) in files(std::slice::from_ref(unit)) {
            if files::write(root, journal, &path, &attributes, contents.as_bytes())? {
                changes.paths.push(path);
                if !changes.units.contains(&unit.name) {
                    changes.units.push(unit.name.clone());
                }
            }
        }
    }
    if !root.is_this_host() || units.is_empty() {
        return Ok(());
    }
    systemctl(&["daemon-reload"])?;
    for unit in units {
        let is_new = journal
            .steps()
            .iter()
            .any(|step| matches!(step, Step::RestoreUnit { name, state } if *name == unit.name && !state.exists));
        if is_new {
            journal.record(Step::EndUnit { name: unit.name.clone() })?;
        }
        let has_changed = changes.units.contains(&unit.name);
        switch(unit, has_changed).map_err(|source| Error::Unit { name: unit.name.clone(), source })?;
    }
    Ok(())
}

/// Units of the user are not waited for: one that fails is a matter of its own, and of its log.
fn switch(unit: &SystemdUnit, has_changed: bool) -> Result<(), init_system::Error> {
    let name = unit.name.as_str();
    match unit.mask {
        Some(true) => return systemctl(&["mask", "--quiet", "--now", name]),
        Some(false) => systemctl(&["unmask", "--quiet", name])?,
        None => {}
    }
    match unit.enabled {
        Some(true) => {
            systemctl(&["enable", "--quiet", name])?;
            systemctl(&[if has_changed { "restart" } else { "start" }, "--no-block", name])
        }
        Some(false) => systemctl(&["disable", "--quiet", "--now", name]),
        None if has_changed => systemctl(&["try-restart", "--no-block", name]),
        None => Ok(()),
    }
}

/// Stops and forgets a unit that was not there before.
pub(crate) fn end(root: &HostRoot, name: &str) -> Result<(), init_system::Error> {
    if !root.is_this_host() || !UnitState::of(name).exists {
        return Ok(());
    }
    systemctl(&["unmask", "--quiet", name])?;
    systemctl(&["disable", "--quiet", "--now", name])
}

/// Makes a unit what it was; its files are what they were already.
pub(crate) fn restore(root: &HostRoot, name: &str, before: UnitState) -> Result<(), init_system::Error> {
    if !root.is_this_host() {
        return Ok(());
    }
    systemctl(&["daemon-reload"])?;
    if !before.exists {
        return Ok(());
    }
    let now = UnitState::of(name);
    if before.masked != now.masked {
        systemctl(&[if before.masked { "mask" } else { "unmask" }, "--quiet", name])?;
    }
    if before.enabled != now.enabled && !before.masked {
        systemctl(&[if before.enabled { "enable" } else { "disable" }, "--quiet", name])?;
    }
    match (before.active, now.active) {
        // It may have run with a drop-in that is gone.
        (true, _) => systemctl(&["restart", "--no-block", name]),
        (false, true) => systemctl(&["stop", "--no-block", name]),
        (false, false) => Ok(()),
    }
}

/// The first line of what systemctl prints; its exit code says the same.
fn says(arguments: &[&str]) -> String {
    let output =
        std::process::Command::new("systemctl").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
