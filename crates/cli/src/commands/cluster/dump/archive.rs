//! The archive of a dump.

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::Builder;

use super::folder::Folder;

/// Puts the files of the dump into `name` beside them.
pub fn write(folder: &Folder, name: &str) -> Result<()> {
    let file = fs_err::File::create(folder.path(name))?;
    let mut archive = Builder::new(GzEncoder::new(file, Compression::default()));
    for path in folder.written() {
        archive.append_path_with_name(folder.path(path), path)?;
    }
    archive.into_inner()?.finish()?.sync_all()?;
    Ok(())
}
