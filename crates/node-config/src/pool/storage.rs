//! `storage` of an Ignition configuration: files, directories and links.

use serde_json::Value;

use super::data_url;
use super::documents::Faults;
use super::guarded_paths::guard;
use super::values::{only, text, truth};
use crate::HostConfiguration;
use crate::host_configuration::{Bytes, Directory, File, FileContents, Link, Owner};

const DEFAULT_DIRECTORY_MODE: u32 = 0o755;

pub(super) fn read(storage: &Value, host: &mut HostConfiguration, faults: &mut Faults<'_>) {
    const PLACE: &str = "spec.config.storage";
    only(storage, &["files", "directories", "links", "disks", "raid", "filesystems", "luks"], PLACE, faults);
    for (place, entry) in entries(storage, "directories", faults) {
        host.directories.extend(directory(entry, &place, faults));
    }
    for (place, entry) in entries(storage, "files", faults) {
        host.files.extend(file(entry, &place, faults));
    }
    for (place, entry) in entries(storage, "links", faults) {
        host.links.extend(link(entry, &place, faults));
    }
    let directories = host.directories.iter().map(|directory| &directory.path);
    let paths: Vec<&String> = directories
        .chain(host.files.iter().map(|file| &file.path))
        .chain(host.links.iter().map(|link| &link.path))
        .collect();
    for (index, path) in paths.iter().enumerate() {
        if paths[..index].contains(path) {
            faults.add(format!("{PLACE} has path {path:?} twice: keep one"));
        }
    }
}

fn entries<'a>(storage: &'a Value, list: &str, faults: &mut Faults<'_>) -> Vec<(String, &'a Value)> {
    let place = format!("spec.config.storage.{list}");
    match storage.get(list) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(entries)) => {
            entries.iter().enumerate().map(|(index, entry)| (format!("{place}[{index}]"), entry)).collect()
        }
        Some(_) => {
            faults.add(format!("{place} is no list"));
            Vec::new()
        }
    }
}

fn directory(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<Directory> {
    only(entry, &["path", "overwrite", "mode", "user", "group"], place, faults);
    if truth(entry, "overwrite", place, faults) == Some(true) {
        faults.add(format!(
            "{place}.overwrite is not served: what is in a directory of a host is not deleted; remove it"
        ));
    }
    Some(Directory {
        path: path(entry, place, faults)?,
        mode: mode(entry, place, faults).unwrap_or(DEFAULT_DIRECTORY_MODE),
        user: owner(entry, "user", place, faults),
        group: owner(entry, "group", place, faults),
    })
}

fn file(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<File> {
    only(entry, &["path", "overwrite", "contents", "append", "mode", "user", "group"], place, faults);
    let path = path(entry, place, faults)?;
    let whole = entry
        .get("contents")
        .filter(|contents| contents.get("source").is_some_and(|source| !source.is_null()))
        .map(|contents| bytes(contents, &path, faults));
    let mut appended = Vec::new();
    let parts = entry.get("append").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for part in parts {
        appended.extend(bytes(part, &path, faults)?);
    }
    let contents = match whole {
        Some(whole) => FileContents::Whole(Bytes([whole?, appended].concat())),
        // **Source:** Ignition's specification: without contents, those of a file that exists stay.
        None => FileContents::Appended(Bytes(appended)),
    };
    Some(File {
        mode: mode(entry, place, faults),
        user: owner(entry, "user", place, faults),
        group: owner(entry, "group", place, faults),
        contents,
        // As OpenShift's daemon: a file is replaced unless that is ruled out.
        overwrite: truth(entry, "overwrite", place, faults) != Some(false),
        path,
    })
}

fn link(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<Link> {
    only(entry, &["path", "overwrite", "target", "hard"], place, faults);
    if truth(entry, "hard", place, faults) == Some(true) {
        faults.add(format!("{place}.hard is not served: use a symbolic link"));
    }
    let path = path(entry, place, faults)?;
    let target = text(entry, "target", place, faults).filter(|target| !target.is_empty() && !target.contains('\0'));
    let Some(target) = target else {
        faults.add(format!("{place} ({path}) has no target: name what it leads to"));
        return None;
    };
    let overwrite = truth(entry, "overwrite", place, faults) == Some(true);
    Some(Link { path, target: target.to_owned(), overwrite })
}

fn bytes(resource: &Value, path: &str, faults: &mut Faults<'_>) -> Option<Vec<u8>> {
    let place = format!("contents of {path:?}");
    only(resource, &["source", "compression", "verification"], &place, faults);
    let source = text(resource, "source", &place, faults).unwrap_or_default();
    let compression = text(resource, "compression", &place, faults).unwrap_or_default();
    let hash = resource.pointer("/verification/hash").and_then(Value::as_str);
    match data_url::decode(source, compression, hash) {
        Ok(bytes) => Some(bytes),
        Err(fault) => {
            faults.add(format!("{place}: the source {fault}"));
            None
        }
    }
}

fn path(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<String> {
    let Some(path) = text(entry, "path", place, faults) else {
        faults.add(format!("{place} has no path: expected an absolute one"));
        return None;
    };
    match guard(path) {
        Ok(()) => Some(path.to_owned()),
        Err(fault) => {
            faults.add(format!("{place}: {fault}"));
            None
        }
    }
}

fn mode(entry: &Value, place: &str, faults: &mut Faults<'_>) -> Option<u32> {
    let value = entry.get("mode").filter(|mode| !mode.is_null())?;
    let mode = value.as_u64().and_then(|mode| u32::try_from(mode).ok()).filter(|mode| *mode <= 0o7777);
    if mode.is_none() {
        faults.add(format!("{place}.mode is {value}: expected permission bits, such as 0644 or (decimal) 420"));
    }
    mode
}

fn owner(entry: &Value, key: &str, place: &str, faults: &mut Faults<'_>) -> Option<Owner> {
    let found = entry.get(key).filter(|owner| !owner.is_null())?;
    only(found, &["id", "name"], &format!("{place}.{key}"), faults);
    if let Some(name) = text(found, "name", place, faults).filter(|name| !name.is_empty()) {
        return Some(Owner::Name(name.to_owned()));
    }
    match found.get("id")? {
        Value::Null => None,
        id => {
            let number = id.as_u64().and_then(|id| u32::try_from(id).ok());
            if number.is_none() {
                faults.add(format!("{place}.{key}.id is {id}: expected a number"));
            }
            number.map(Owner::Id)
        }
    }
}
