//! Machine-wide kernel settings: changed by `up`, remembered, put back by `down`.
//!
//! Kubelets set most of these themselves when they find them otherwise, which would go unrecorded.
//! Several instances may depend on them at once: a list in /run says which, and only the last one
//! to leave puts the old values back.

use std::{
    io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::Error;
use crate::{
    files,
    instance::{Instance, Setting},
};

/// List of the instances that depend on the settings, and of the values before the first of them.
const LIST: &str = "/run/hoist/settings.json";

/// What a setting must be.
#[derive(Clone, Copy)]
enum Wanted {
    Exactly(u64),
    AtLeast(u64),
}

/// Settings with what they must be.
///
/// - Source: kubelet's `setupKernelTunables`; the inotify limits are per user, and all hosts'
///   programs are the one user root: each host needs about 30 instances.
const SETTINGS: [(&str, Wanted); 8] = [
    ("/proc/sys/vm/overcommit_memory", Wanted::Exactly(1)),
    ("/proc/sys/vm/panic_on_oom", Wanted::Exactly(0)),
    ("/proc/sys/kernel/panic", Wanted::Exactly(10)),
    ("/proc/sys/kernel/panic_on_oops", Wanted::Exactly(1)),
    ("/proc/sys/kernel/keys/root_maxkeys", Wanted::Exactly(1_000_000)),
    ("/proc/sys/kernel/keys/root_maxbytes", Wanted::Exactly(25_000_000)),
    ("/proc/sys/fs/inotify/max_user_instances", Wanted::AtLeast(8192)),
    ("/proc/sys/fs/inotify/max_user_watches", Wanted::AtLeast(524_288)),
];

#[derive(Debug, Default, Deserialize, Serialize)]
struct List {
    settings: Vec<Setting>,
    instances: Vec<PathBuf>,
}

/// Changes what is not as hosts need it.
///
/// - `remembered`: the instance's own memory of earlier values, extended by what changes now;
///   written by `remember` *before* each change, so that no crash loses a value.
/// - Returns whether anything changed.
pub fn apply<E: From<Error>>(
    instance: &Instance,
    remembered: &mut Vec<Setting>,
    mut remember: impl FnMut(&[Setting]) -> Result<(), E>,
) -> Result<bool, E> {
    let mut list = read_list(Path::new(LIST));
    for setting in &list.settings {
        note(remembered, setting.clone());
    }
    let mut changes = Vec::new();
    for (path, wanted) in SETTINGS {
        // Kernels differ in what they have; one that lacks a setting has nothing to change.
        let Ok(before) = fs_err::read_to_string(path) else { continue };
        let before = before.trim().to_owned();
        if let Some(value) = change(&before, wanted) {
            note(remembered, Setting { path: PathBuf::from(path), before });
            changes.push((path, value));
        }
    }
    remember(remembered)?;
    if !list.instances.iter().any(|other| other == instance.state_dir()) {
        list.instances.push(instance.state_dir().to_owned());
    }
    list.settings.clone_from(remembered);
    write_list(&list).map_err(E::from)?;
    for (path, value) in &changes {
        write(Path::new(path), &value.to_string()).map_err(E::from)?;
    }
    Ok(!changes.is_empty())
}

/// Puts the old values back, unless another instance still depends on the new ones.
pub fn restore(instance: &Instance, remembered: &[Setting]) -> Result<(), Error> {
    let path = Path::new(LIST);
    let mut list = read_list(path);
    // One whose folder is gone without `down` needs nothing any more.
    list.instances.retain(|other| other != instance.state_dir() && other.join("instance.json").exists());
    if !list.instances.is_empty() {
        return write_list(&list);
    }
    for setting in remembered {
        write(&setting.path, &setting.before)?;
    }
    files::remove(path).map_err(|source| Error::List { action: "remove", path: path.to_owned(), source })?;
    // Not ours alone: it stays when something else is in it.
    let _ = std::fs::remove_dir(path.parent().unwrap_or(path));
    Ok(())
}

/// The value to write, or none when the present one will do.
fn change(present: &str, wanted: Wanted) -> Option<u64> {
    let present: Option<u64> = present.parse().ok();
    match wanted {
        Wanted::Exactly(value) => (present != Some(value)).then_some(value),
        Wanted::AtLeast(value) => present.is_none_or(|present| present < value).then_some(value),
    }
}

/// Remembers the first value of each setting; later ones are ours.
fn note(remembered: &mut Vec<Setting>, setting: Setting) {
    if !remembered.iter().any(|other| other.path == setting.path) {
        remembered.push(setting);
    }
}

fn read_list(path: &Path) -> List {
    // A list that cannot be read is as good as none: each instance remembers for itself, too.
    fs_err::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn write_list(list: &List) -> Result<(), Error> {
    let path = Path::new(LIST);
    let failed = |source: io::Error| Error::List { action: "write", path: path.to_owned(), source };
    fs_err::create_dir_all(path.parent().unwrap_or(path)).map_err(failed)?;
    files::write_json(path, list, 0o600).map_err(failed)
}

fn write(path: &Path, value: &str) -> Result<(), Error> {
    fs_err::write(path, value).map_err(|source| Error::Setting { action: "change", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_will_do_stay() {
        assert_eq!(change("1", Wanted::Exactly(1)), None);
        assert_eq!(change("0", Wanted::Exactly(1)), Some(1));
        assert_eq!(change("9000", Wanted::AtLeast(8192)), None);
        assert_eq!(change("128", Wanted::AtLeast(8192)), Some(8192));
    }

    #[test]
    fn only_the_first_value_of_a_setting_is_remembered() {
        let setting = |before: &str| Setting { path: PathBuf::from("/x"), before: before.to_owned() };
        let mut remembered = vec![setting("0")];
        note(&mut remembered, setting("1"));
        assert_eq!(remembered, [setting("0")]);
    }
}
