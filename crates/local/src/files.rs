//! Writing files so that a crash leaves either the old content or the new, never half of it.

use std::{
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use serde::Serialize;

/// Writes `content` to `path` with `mode`, replacing what was there in one step.
pub fn write(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let mut options = fs_err::OpenOptions::new();
    options.write(true).create(true).truncate(true).options_mut().mode(mode);
    let mut file = options.open(&temporary)?;
    // The file may be a leftover with another mode, and the mode of a new one obeys the umask.
    file.set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.write_all(content.as_ref())?;
    file.sync_all()?;
    fs_err::rename(&temporary, path)
}

/// Writes only when the content differs, and says whether it did.
pub fn write_if_changed(path: &Path, content: impl AsRef<[u8]>, mode: u32) -> io::Result<bool> {
    match fs_err::read(path) {
        Ok(present) if present == content.as_ref() => Ok(false),
        _ => write(path, content, mode).map(|()| true),
    }
}

/// Writes `value` as indented JSON.
pub fn write_json(path: &Path, value: &impl Serialize, mode: u32) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    write(path, text, mode)
}

/// Removes a file; one that is not there is fine.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a folder with all it holds; one that is not there is fine.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_content_is_not_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(write_if_changed(&path, "one", 0o600).unwrap());
        assert!(!write_if_changed(&path, "one", 0o600).unwrap());
        assert!(write_if_changed(&path, "two", 0o600).unwrap());
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
    }
}
