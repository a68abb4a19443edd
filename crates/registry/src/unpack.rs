//! Layers to files, without ever leaving the destination.
//!
//! Component layers are made by us, but they arrive over a network that is not ours. An entry that would write through a symbolic
//! link, above the destination, or make anything but a directory, a file or a link is refused and names itself.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

use fs_err as fse;

/// Why a layer was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The layer's compression or archive form is damaged, or the disk fails.
    #[error("the archive cannot be read or written to disk")]
    Io(#[from] io::Error),
    /// An entry would be written outside the destination.
    #[error("entry {} leaves the destination folder", .0.display())]
    Escapes(PathBuf),
    /// An entry would be written through a link.
    #[error("entry {} goes through a symbolic link", .0.display())]
    ThroughLink(PathBuf),
    /// A device, pipe or something unknown.
    #[error("entry {} is neither a folder, a file nor a link", .0.display())]
    Kind(PathBuf),
    /// A whiteout: component images never delete files of a lower layer.
    #[error("entry {} deletes a file of a lower layer, which component images may not", .0.display())]
    Whiteout(PathBuf),
    /// More data than the cap.
    #[error("the unpacked files are larger than the {0} bytes that are accepted")]
    TooLarge(u64),
    /// Not gzip, zstd or plain tar.
    #[error("layer media type {0:?} is not supported; expected tar, tar+gzip or tar+zstd")]
    MediaType(String),
}

/// Unpacks one layer of type `media_type` into `destination`, which must exist; writes at most `limit` bytes and returns how many.
///
/// Files belong to the caller; of their mode the permission bits are kept and set-user-id and the like are dropped.
pub fn unpack_layer(reader: impl Read, media_type: &str, destination: &Path, limit: u64) -> Result<u64, UnpackError> {
    let mut archive = tar::Archive::new(decompress(reader, media_type)?);
    let mut written = 0_u64;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let Some(relative) = relative(&path)? else { continue };
        if relative.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".wh.")) {
            return Err(UnpackError::Whiteout(path));
        }
        make_parents(destination, &relative)?;
        let target = destination.join(&relative);
        let mode = entry.header().mode()? & 0o777;
        match entry.header().entry_type() {
            tar::EntryType::Directory => make_directory(&target, mode, &path)?,
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                written = written.saturating_add(entry.size());
                if written > limit {
                    return Err(UnpackError::TooLarge(limit));
                }
                make_file(&target, mode, &mut entry)?;
            }
            tar::EntryType::Symlink => {
                let link = entry.link_name()?.ok_or_else(|| UnpackError::Kind(path.clone()))?;
                remove_existing(&target)?;
                std::os::unix::fs::symlink(link, &target)?;
            }
            tar::EntryType::Link => {
                let link = entry.link_name()?.ok_or_else(|| UnpackError::Kind(path.clone()))?.into_owned();
                let source = self::relative(&link)?.ok_or_else(|| UnpackError::Escapes(link.clone()))?;
                make_parents(destination, &source)?;
                let source = destination.join(source);
                if fs::symlink_metadata(&source)?.is_symlink() {
                    return Err(UnpackError::ThroughLink(path));
                }
                remove_existing(&target)?;
                fse::hard_link(source, &target)?;
            }
            tar::EntryType::XGlobalHeader => {}
            _ => return Err(UnpackError::Kind(path)),
        }
    }
    Ok(written)
}

/// The raw tar stream of a layer.
pub(crate) fn decompress<'a>(reader: impl Read + 'a, media_type: &str) -> Result<Box<dyn Read + 'a>, UnpackError> {
    Ok(match media_type {
        "application/vnd.oci.image.layer.v1.tar+zstd" => Box::new(zstd::Decoder::new(reader)?),
        "application/vnd.oci.image.layer.v1.tar+gzip" | "application/vnd.docker.image.rootfs.diff.tar.gzip" => {
            Box::new(flate2::read::MultiGzDecoder::new(reader))
        }
        "application/vnd.oci.image.layer.v1.tar" | "application/vnd.docker.image.rootfs.diff.tar" => Box::new(reader),
        other => return Err(UnpackError::MediaType(other.chars().take(96).collect())),
    })
}

/// `path` without leading `./` or `/`; `None` for the destination itself.
fn relative(path: &Path) -> Result<Option<PathBuf>, UnpackError> {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => {
                return Err(UnpackError::Escapes(path.to_owned()));
            }
        }
    }
    Ok((!clean.as_os_str().is_empty()).then_some(clean))
}

fn make_parents(destination: &Path, relative: &Path) -> Result<(), UnpackError> {
    let mut current = destination.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        current.push(part);
        match fs::symlink_metadata(&current) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(UnpackError::ThroughLink(relative.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fse::create_dir(&current)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn make_directory(target: &Path, mode: u32, path: &Path) -> Result<(), UnpackError> {
    match fs::symlink_metadata(target) {
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(UnpackError::ThroughLink(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fse::create_dir(target)?,
        Err(error) => return Err(error.into()),
    }
    // Without its owner's bits the next entry could not be written.
    fse::set_permissions(target, fs::Permissions::from_mode(mode | 0o700))?;
    Ok(())
}

fn make_file(target: &Path, mode: u32, content: &mut impl Read) -> Result<(), UnpackError> {
    // A binary that runs cannot be opened for writing, but it can be replaced.
    remove_existing(target)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(target)?;
    io::copy(content, &mut file)?;
    // The umask does not apply to what the image says.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn remove_existing(target: &Path) -> Result<(), UnpackError> {
    match fs::remove_file(target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests;
