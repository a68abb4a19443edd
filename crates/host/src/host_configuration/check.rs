//! Whether a host can have what is wanted of it.

use std::path::Path;

use fs_err as fs;
use hoist_node_config::HostConfiguration;
use hoist_node_config::host_configuration::FileContents;
use hoist_node_config::pool::guard;

use super::record::{Kind, Record};
use super::{owners, units};
use crate::{HostRoot, sysctl};

/// Everything that is in the way.
pub(super) fn faults(root: &HostRoot, has_systemd: bool, wanted: &HostConfiguration, before: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    if !has_systemd && !wanted.units.is_empty() {
        let names: Vec<&str> = wanted.units.iter().map(|unit| unit.name.as_str()).collect();
        faults.push(format!(
            "it does not run systemd, and the NodePool wants systemd unit(s) {}: join it to a NodePool without them, or run a host \
             with systemd",
            names.join(", ")
        ));
    }
    for directory in &wanted.directories {
        faults.extend(owners::numbers(root, directory.user.as_ref(), directory.group.as_ref()).err());
        faults.extend(place(root, &directory.path).err());
        let found = fs::symlink_metadata(root.path(&directory.path));
        if found.is_ok_and(|found| !found.is_dir()) && !is_ours(before, &directory.path) {
            faults.push(format!("{} is no directory there: remove it, or choose another path", directory.path));
        }
    }
    let of_units = units::files(&wanted.units).map(|(path, _)| path);
    let files = wanted.files.iter().map(|file| file.path.clone());
    for path in files.chain(wanted.links.iter().map(|link| link.path.clone())).chain(of_units) {
        faults.extend(place(root, &path).err());
        if fs::symlink_metadata(root.path(&path)).is_ok_and(|found| found.is_dir())
            && before.paths.get(&path) != Some(&Kind::Directory)
        {
            faults.push(format!("{path} is a directory there: remove it, or choose another path"));
        }
    }
    for file in &wanted.files {
        faults.extend(owners::numbers(root, file.user.as_ref(), file.group.as_ref()).err());
        let differs = match &file.contents {
            FileContents::Whole(bytes) => fs::read(root.path(&file.path)).is_ok_and(|found| found != bytes.0),
            FileContents::Appended(_) => false,
        };
        if !file.overwrite && differs && !is_ours(before, &file.path) {
            faults.push(format!(
                "{} exists with other contents, and the MachineConfig says `overwrite: false`: remove it there, or allow it",
                file.path
            ));
        }
    }
    for link in &wanted.links {
        let place = root.path(&link.path);
        let leads = fs::read_link(&place).ok();
        let is_other = leads
            .as_deref()
            .map_or_else(|| fs::symlink_metadata(&place).is_ok(), |leads| leads != Path::new(&link.target));
        if is_other && !link.overwrite && !is_ours(before, &link.path) {
            faults.push(format!(
                "{} exists there and is another thing: remove it, or say `overwrite: true` in the MachineConfig",
                link.path
            ));
        }
    }
    for name in wanted.sysctls.keys().filter(|name| sysctl::get(name).is_none()) {
        faults.push(format!("its kernel has no setting {name}: remove it from the tuning of the NodePool"));
    }
    faults.dedup();
    faults
}

fn is_ours(before: &Record, path: &str) -> bool {
    before.paths.contains_key(path)
}

/// A link on the way may lead where nothing may be changed.
fn place(root: &HostRoot, path: &str) -> Result<(), String> {
    let full = root.path(path);
    let Some(parent) = full.parent() else { return Ok(()) };
    let Some(existing) = parent.ancestors().find(|ancestor| ancestor.exists()) else { return Ok(()) };
    if !existing.is_dir() {
        return Err(format!("{path} is below {}, which is no directory there", existing.display()));
    }
    let (Ok(real), Ok(top)) = (existing.canonicalize(), root.as_path().canonicalize()) else { return Ok(()) };
    let rest = full.strip_prefix(existing).unwrap_or(Path::new(""));
    let inside = real.strip_prefix(&top).unwrap_or(&real).join(rest);
    let real_path = format!("/{}", inside.display());
    guard(&real_path)
        .map_err(|fault| if real_path == path { fault } else { format!("{path} leads elsewhere there, and {fault}") })
}
