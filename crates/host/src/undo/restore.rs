//! Putting back what a host had under a path.

use std::fs::{FileTimes, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::HostRoot;

/// Whose a file or folder is, who may use it, and of when it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attributes {
    /// Permission bits.
    pub mode: u32,
    /// Number of the user.
    pub user: u32,
    /// Number of the group.
    pub group: u32,
    /// Seconds since 1970 of the last change.
    pub modified: u64,
}

impl Attributes {
    /// Those of `path`, a link not followed.
    pub fn of(path: &Path) -> io::Result<Self> {
        let found = fs::symlink_metadata(path)?;
        Ok(Self {
            mode: found.mode() & 0o7777,
            user: found.uid(),
            group: found.gid(),
            modified: u64::try_from(found.mtime()).unwrap_or_default(),
        })
    }

    /// Those of files that this process makes, without permissions.
    pub fn of_this_process() -> Self {
        Self { mode: 0, user: nix::unistd::geteuid().as_raw(), group: nix::unistd::getegid().as_raw(), modified: 0 }
    }

    /// Gives them to `path`. The owner first: changing it takes bits of the mode away.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        let now = Self::of(path)?;
        if (now.user, now.group) != (self.user, self.group) {
            chown(path, Some(self.user), Some(self.group))?;
        }
        fs::set_permissions(path, Permissions::from_mode(self.mode))
    }
}

/// Puts the copy `backup` back to `path`.
pub(super) fn file(root: &HostRoot, path: &str, backup: &str, attributes: &Attributes) -> io::Result<()> {
    let (target, backup) = (root.path(path), root.path(backup));
    let temporary = beside(&target);
    let _ = fs::remove_file(&temporary);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(&backup, &temporary)?;
    attributes.give(&temporary)?;
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(attributes.modified);
    let file = fs::OpenOptions::new().append(true).open(&temporary)?;
    file.file().set_times(FileTimes::new().set_modified(modified))?;
    file.sync_data()?;
    fs::rename(&temporary, &target)
}

/// Makes `path` lead to `target` again.
pub(super) fn link(root: &HostRoot, path: &str, target: &str, attributes: &Attributes) -> io::Result<()> {
    let place = root.path(path);
    let temporary = beside(&place);
    let _ = fs::remove_file(&temporary);
    symlink(target, &temporary)?;
    if Attributes::of(&temporary)?.user != attributes.user {
        lchown(&temporary, Some(attributes.user), Some(attributes.group))?;
    }
    fs::rename(&temporary, &place)
}

/// Gives a folder its attributes back; no matter if it is gone.
pub(super) fn attributes(root: &HostRoot, path: &str, attributes: &Attributes) -> io::Result<()> {
    match attributes.give(&root.path(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// A name in the same folder that nothing else has.
pub(crate) fn beside(path: &Path) -> std::path::PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".hoist-new");
    path.with_file_name(name)
}
