//! `kubectl` of the release on the machine's side, so that nobody has to install one for a local instance.

use std::path::Path;

use super::{Error, Payload};
use crate::{files, instance::Instance};

/// Unpacks kubectl into the instance's folder unless this very build is there. Says whether it was missing.
pub fn ensure(instance: &Instance, payload: &Payload) -> Result<bool, Error> {
    let digest = payload.digest("kubectl")?;
    let link = instance.kubectl();
    let folder = instance.state_dir().join("tools").join(digest.hex());
    let program = folder.join("usr/bin/kubectl");
    if program.is_file() && fs_err::read_link(&link).is_ok_and(|target| target == program) {
        return Ok(false);
    }
    let failed = |source| Error::Io { action: "put kubectl into the instance's folder", source };
    fs_err::create_dir_all(&folder).map_err(failed)?;
    payload
        .layout
        .unpack(&digest, &folder)
        .map_err(|source| Error::Payload { path: payload.layout.folder().to_owned(), source })?;
    point(&link, &program).map_err(failed)?;
    Ok(true)
}

fn point(link: &Path, program: &Path) -> std::io::Result<()> {
    files::remove(link)?;
    std::os::unix::fs::symlink(program, link)
}
