//! Files, folders and links: what was there is kept, what shall be there is written whole or not at all.

use std::io::{self, Write as _};
use std::os::unix::fs::symlink;
use std::path::Path;

use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};
use hoist_node_config::host_configuration::{Directory, File, FileContents, Link};
use hoist_node_config::paths;

use super::{Changes, Error, owners};
use crate::HostRoot;
use crate::undo::{Attributes, Journal, Step, beside};

/// Of files that nobody says more of.
const DEFAULT_MODE: u32 = 0o644;

pub(super) fn directory(
    root: &HostRoot,
    journal: &mut Journal,
    wanted: &Directory,
    changes: &mut Changes,
) -> Result<(), Error> {
    let failed = |source| Error::Path { path: wanted.path.clone(), source };
    let attributes = attributes(root, wanted.mode, wanted.user.as_ref(), wanted.group.as_ref())?;
    let place = root.path(&wanted.path);
    if place.is_dir() {
        let found = Attributes::of(&place).map_err(failed)?;
        if is_same(&found, &attributes) {
            return Ok(());
        }
        if !is_recorded(journal, &wanted.path) {
            journal.record(Step::RestoreAttributes { path: wanted.path.clone(), attributes: found })?;
        }
    } else {
        parents(root, journal, &wanted.path)?;
        if !is_recorded(journal, &wanted.path) {
            journal.record(Step::RemoveTree { path: wanted.path.clone() })?;
        }
        fs::create_dir(&place).map_err(failed)?;
    }
    attributes.give(&place).map_err(failed)?;
    changes.paths.push(wanted.path.clone());
    Ok(())
}

pub(super) fn file(root: &HostRoot, journal: &mut Journal, wanted: &File, changes: &mut Changes) -> Result<(), Error> {
    let failed = |source| Error::Path { path: wanted.path.clone(), source };
    let mut attributes =
        attributes(root, wanted.mode.unwrap_or(DEFAULT_MODE), wanted.user.as_ref(), wanted.group.as_ref())?;
    let whole;
    let bytes = match &wanted.contents {
        FileContents::Whole(bytes) => &bytes.0,
        FileContents::Appended(bytes) => {
            if let Some(own) = original_attributes(root, journal, &wanted.path) {
                attributes.mode = wanted.mode.unwrap_or(own.mode);
                attributes.user = if wanted.user.is_some() { attributes.user } else { own.user };
                attributes.group = if wanted.group.is_some() { attributes.group } else { own.group };
            }
            whole = [original(root, journal, &wanted.path).map_err(failed)?, bytes.0.clone()].concat();
            &whole
        }
    };
    if write(root, journal, &wanted.path, &attributes, bytes)? {
        changes.paths.push(wanted.path.clone());
    }
    Ok(())
}

/// Makes `path` hold `bytes`. Returns whether it was different.
pub(super) fn write(
    root: &HostRoot,
    journal: &mut Journal,
    path: &str,
    attributes: &Attributes,
    bytes: &[u8],
) -> Result<bool, Error> {
    let failed = |source| Error::Path { path: path.to_owned(), source };
    let place = root.path(path);
    let is_file = fs::symlink_metadata(&place).is_ok_and(|found| found.is_file());
    if is_file
        && Attributes::of(&place).is_ok_and(|found| is_same(&found, attributes))
        && fs::read(&place).is_ok_and(|found| found == bytes)
    {
        return Ok(false);
    }
    parents(root, journal, path)?;
    keep(root, journal, path)?;
    let temporary = beside(&place);
    let _ = fs::remove_file(&temporary);
    // Nobody but root reads a secret on its way.
    let written =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            attributes.give(&temporary)?;
            file.sync_data()
        });
    written.map_err(failed)?;
    fs::rename(&temporary, &place).map_err(failed)?;
    Ok(true)
}

pub(super) fn link(root: &HostRoot, journal: &mut Journal, wanted: &Link, changes: &mut Changes) -> Result<(), Error> {
    let failed = |source| Error::Path { path: wanted.path.clone(), source };
    let place = root.path(&wanted.path);
    if fs::read_link(&place).is_ok_and(|leads| leads == Path::new(&wanted.target)) {
        return Ok(());
    }
    parents(root, journal, &wanted.path)?;
    keep(root, journal, &wanted.path)?;
    let temporary = beside(&place);
    let _ = fs::remove_file(&temporary);
    symlink(&wanted.target, &temporary).map_err(failed)?;
    fs::rename(&temporary, &place).map_err(failed)?;
    changes.paths.push(wanted.path.clone());
    Ok(())
}

/// Whether it is a folder with nothing in it, or no longer there.
pub(super) fn is_empty_folder(root: &HostRoot, path: &str) -> bool {
    match fs::read_dir(root.path(path)) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn attributes(
    root: &HostRoot,
    mode: u32,
    user: Option<&hoist_node_config::host_configuration::Owner>,
    group: Option<&hoist_node_config::host_configuration::Owner>,
) -> Result<Attributes, Error> {
    let (user, group) = owners::numbers(root, user, group).map_err(|fault| Error::Refused { faults: vec![fault] })?;
    Ok(Attributes { mode, user, group, modified: 0 })
}

fn is_same(found: &Attributes, wanted: &Attributes) -> bool {
    (found.mode, found.user, found.group) == (wanted.mode, wanted.user, wanted.group)
}

/// Whether it is known already how the host had this path.
fn is_recorded(journal: &Journal, wanted: &str) -> bool {
    journal.steps().iter().any(|step| match step {
        Step::RemoveFile { path }
        | Step::RemoveTree { path }
        | Step::RestoreFile { path, .. }
        | Step::RestoreLink { path, .. }
        | Step::RestoreAttributes { path, .. } => path == wanted,
        _ => false,
    })
}

/// Makes the folders above `path`; those that were not there go when the host leaves.
fn parents(root: &HostRoot, journal: &mut Journal, path: &str) -> Result<(), Error> {
    let failed = |source| Error::Path { path: path.to_owned(), source };
    let parts: Vec<usize> = path.char_indices().skip(1).filter(|(_, c)| *c == '/').map(|(index, _)| index).collect();
    for end in parts {
        let folder = &path[..end];
        let place = root.path(folder);
        if place.is_dir() {
            continue;
        }
        journal.record(Step::RemoveTree { path: folder.to_owned() })?;
        fs::create_dir(&place).map_err(failed)?;
        Attributes { mode: 0o755, ..Attributes::of(&place).map_err(failed)? }.give(&place).map_err(failed)?;
    }
    Ok(())
}

/// Records how the host has `path`, with a copy of a file, unless that is known.
fn keep(root: &HostRoot, journal: &mut Journal, path: &str) -> Result<(), Error> {
    if is_recorded(journal, path) {
        return Ok(());
    }
    let failed = |source| Error::Path { path: path.to_owned(), source };
    let place = root.path(path);
    let step = match fs::symlink_metadata(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Step::RemoveFile { path: path.to_owned() },
        Err(error) => return Err(failed(error)),
        Ok(found) if found.is_symlink() => Step::RestoreLink {
            path: path.to_owned(),
            target: fs::read_link(&place).map_err(failed)?.to_string_lossy().into_owned(),
            attributes: Attributes::of(&place).map_err(failed)?,
        },
        Ok(_) => Step::RestoreFile {
            path: path.to_owned(),
            backup: copy(root, &place).map_err(failed)?,
            attributes: Attributes::of(&place).map_err(failed)?,
        },
    };
    journal.record(step)?;
    Ok(())
}

fn copy(root: &HostRoot, place: &Path) -> io::Result<String> {
    let folder = root.path(paths::FILES_BEFORE);
    fs::create_dir_all(&folder)?;
    let mut number = fs::read_dir(&folder)?.count();
    while folder.join(number.to_string()).exists() {
        number += 1;
    }
    let backup = format!("{}/{number}", paths::FILES_BEFORE);
    fs::copy(place, root.path(&backup))?;
    fs::File::open(root.path(&backup))?.sync_all()?;
    Ok(backup)
}

/// Attributes of the host's own file under `path`.
fn original_attributes(root: &HostRoot, journal: &Journal, path: &str) -> Option<Attributes> {
    let known = journal.steps().iter().find_map(|step| match step {
        Step::RestoreFile { path: recorded, attributes, .. } if recorded == path => Some(Some(attributes.clone())),
        Step::RemoveFile { path: recorded } | Step::RestoreLink { path: recorded, .. } if recorded == path => {
            Some(None)
        }
        _ => None,
    });
    let place = root.path(path);
    let is_file = || fs::symlink_metadata(&place).is_ok_and(|found| found.is_file());
    known.unwrap_or_else(|| if is_file() { Attributes::of(&place).ok() } else { None })
}

/// What the host itself has under `path`.
fn original(root: &HostRoot, journal: &Journal, path: &str) -> io::Result<Vec<u8>> {
    let known = journal.steps().iter().find_map(|step| match step {
        Step::RestoreFile { path: recorded, backup, .. } if recorded == path => Some(Some(backup.clone())),
        Step::RemoveFile { path: recorded } | Step::RestoreLink { path: recorded, .. } if recorded == path => {
            Some(None)
        }
        _ => None,
    });
    let place = match known {
        Some(None) => return Ok(Vec::new()),
        Some(Some(backup)) => root.path(&backup),
        None => root.path(path),
    };
    match fs::read(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}
