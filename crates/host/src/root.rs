//! The file system of a host, seen from where this program runs.
//!
//! Writing is by rename, so that a reader or a power cut never meets half a file.

use std::{
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use fs_err::{self as fs, os::unix::fs::OpenOptionsExt as _};

/// Root folder of a host's file system; `/` on the host itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRoot(PathBuf);

impl HostRoot {
    /// The host this program runs on.
    pub fn this_host() -> Self {
        Self(PathBuf::from("/"))
    }

    /// A host whose file system lies under `folder`.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// Where the host's absolute path `path` lies.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.join(path.trim_start_matches('/'))
    }

    /// The root folder itself.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// Whether this is the running host's own root.
    pub fn is_this_host(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Reads a file; `None` when there is none.
    pub fn read(&self, path: &str) -> io::Result<Option<String>> {
        match fs::read_to_string(self.path(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes the file hold exactly `contents` with permissions `mode`, making folders as needed.
    ///
    /// Returns whether anything was different before.
    pub fn write(&self, path: &str, mode: u32, contents: &[u8]) -> io::Result<bool> {
        let target = self.path(path);
        let same = fs::read(&target).is_ok_and(|found| found == contents)
            && fs::metadata(&target).is_ok_and(|found| found.permissions().mode() & 0o7777 == mode);
        if same {
            return Ok(false);
        }
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(".hoist-new");
        let temporary = target.with_file_name(name);
        let _ = fs::remove_file(&temporary);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&temporary)?;
        file.write_all(contents)?;
        // The mode of open(2) is cut by the umask.
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        file.sync_data()?;
        fs::rename(&temporary, &target)?;
        Ok(true)
    }

    /// Removes a file; no matter if there is none.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.path(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_says_whether_anything_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        assert!(root.write("/etc/a/b", 0o600, b"1").expect("written"));
        assert!(!root.write("/etc/a/b", 0o600, b"1").expect("written"));
        assert!(root.write("/etc/a/b", 0o644, b"1").expect("mode changed"));
        assert!(root.write("/etc/a/b", 0o644, b"2").expect("contents changed"));
        assert_eq!(root.read("/etc/a/b").expect("read").as_deref(), Some("2"));
        assert_eq!(std::fs::read_dir(folder.path().join("etc/a")).expect("a folder").count(), 1);
    }

    #[test]
    fn a_missing_file_reads_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(HostRoot::at(folder.path()).read("/nothing").expect("no error"), None);
    }
}
