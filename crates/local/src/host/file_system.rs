//! The folder of a host: an overlay's upper layer with what makes this host itself, and its /var.

use std::{io, os::unix::fs::DirBuilderExt, path::Path, process::Command};

use nix::sys::statfs::{OVERLAYFS_SUPER_MAGIC, TMPFS_MAGIC, statfs};

use super::{Error, Host, Record};
use crate::{address_plan as plan, files};

/// A new host's inittab: nothing to run, the run level Debian starts.
const INITTAB: &str = "# Processes that init keeps running; see inittab(5).\nid:2:initdefault:\n";

/// Makes the folder of a new host; the record comes last and makes it count.
pub(super) fn create(host: &Host) -> Result<(), Error> {
    let folder = host.folder();
    fs_err::create_dir_all(host.instance.hosts_dir()).map_err(failed(host))?;
    require_real(&host.instance.hosts_dir())?;
    // Left over from a making or removal that was interrupted.
    files::remove_folder(&folder).map_err(failed(host))?;
    fill(host, &folder).map_err(failed(host))
}

/// Refuses file systems on which the kernel does not stack overlays.
pub(super) fn require_real(path: &Path) -> Result<(), Error> {
    let kind = match statfs(path).map(|status| status.filesystem_type()) {
        Ok(OVERLAYFS_SUPER_MAGIC) => "overlay",
        Ok(TMPFS_MAGIC) => "tmpfs",
        _ => return Ok(()),
    };
    Err(Error::FileSystem { path: path.to_owned(), kind })
}

fn failed(host: &Host) -> impl FnOnce(io::Error) -> Error {
    let name = host.name().to_owned();
    move |source| Error::Io { action: "make the folder", name, source }
}

fn fill(host: &Host, folder: &Path) -> io::Result<()> {
    let upper = folder.join("upper");
    let etc = upper.join("etc");
    fs_err::create_dir(folder)?;
    // The host's root takes the mode of its upper layer.
    for path in [&upper, &etc, &folder.join("work"), &folder.join("root")] {
        std::fs::DirBuilder::new().mode(0o755).create(path)?;
    }
    // The base's own folder may hold anything a distribution puts there: links, owners, modes.
    let copy = Command::new("cp").arg("-a").arg(host.record.base.join("var")).arg(folder.join("var")).output()?;
    if !copy.status.success() {
        return Err(io::Error::other(format!("copying /var: {}", String::from_utf8_lossy(&copy.stderr).trim())));
    }
    let name = host.name();
    let hosts = format!("127.0.0.1 localhost\n{} {name}\n", host.address());
    // Nothing listens there, which answers "refused" at once; an empty file would mean 127.0.0.1.
    let resolver = format!("nameserver {}\n", plan::SWITCH_ADDRESS);
    let machine_id = format!("{:032x}\n", rand::random::<u128>());
    for (file, content, mode) in [
        ("hostname", format!("{name}\n"), 0o644),
        ("hosts", hosts, 0o644),
        ("resolv.conf", resolver, 0o644),
        ("machine-id", machine_id, 0o444),
        ("inittab", INITTAB.to_owned(), 0o644),
    ] {
        files::write(&etc.join(file), content, mode)?;
    }
    Record::write(&host.record, folder)
}
