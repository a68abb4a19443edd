//! systemd units that users configure.

use hoist_node_config::host_configuration::SystemdUnit;

use super::{Changes, Error, files};
use crate::HostRoot;
use crate::init_system::{self, systemctl};
use crate::undo::{Attributes, Journal, Step, UnitState};

const FOLDER: &str = "/etc/systemd/system";

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
