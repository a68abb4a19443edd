//! Network namespaces that outlive every process: each is pinned by a bind mount of its file.

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, setns, unshare},
    sys::statfs,
};

use crate::files;

/// Why a network namespace cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel refused a step.
    #[error("cannot {action} network namespace {path}")]
    Namespace {
        /// What was tried.
        action: &'static str,
        /// The file that pins the namespace.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Makes a network namespace and pins it at `path`.
pub fn create(path: &Path) -> Result<(), Error> {
    let failed = |action| move |source: io::Error| Error::Namespace { action, path: path.to_owned(), source };
    fs_err::write(path, "").map_err(failed("make the file of"))?;
    // The namespace is made by a thread of its own, because unsharing would move the caller.
    let made: io::Result<()> = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            unshare(CloneFlags::CLONE_NEWNET)?;
            let own = Path::new("/proc/thread-self/ns/net");
            mount(Some(own), path, None::<&str>, MsFlags::MS_BIND, None::<&str>)?;
            Ok(())
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that makes it ended early")))
    });
    made.map_err(failed("make"))
}

/// Whether a namespace is pinned at `path`; after a restart of the machine the file is there, but
/// empty.
pub fn is_pinned(path: &Path) -> bool {
    statfs::statfs(path).is_ok_and(|status| status.filesystem_type() == statfs::NSFS_MAGIC)
}

/// Releases the namespace and removes the file. The namespace ends with its last process.
pub fn unpin(path: &Path) -> Result<(), Error> {
    let failed = |action| move |source: io::Error| Error::Namespace { action, path: path.to_owned(), source };
    while is_pinned(path) {
        umount2(path, MntFlags::MNT_DETACH).map_err(io::Error::from).map_err(failed("release"))?;
    }
    files::remove(path).map_err(failed("remove the file of"))
}

/// Opens a pinned namespace.
pub fn open(path: &Path) -> Result<File, Error> {
    let failed = |action| move |source: io::Error| Error::Namespace { action, path: path.to_owned(), source };
    if !is_pinned(path) {
        return Err(failed("enter")(io::Error::new(
            io::ErrorKind::NotFound,
            "it is not there; `hcp local up` makes it",
        )));
    }
    File::open(path).map_err(failed("open"))
}

/// Runs `work` on a thread of its own inside `namespace`; sockets made there stay there.
pub fn within<T: Send>(namespace: impl AsFd + Sync, work: impl FnOnce() -> T + Send) -> io::Result<T> {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| -> io::Result<T> {
            setns(namespace.as_fd(), CloneFlags::CLONE_NEWNET)?;
            Ok(work())
        });
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread inside the namespace ended early")))
    })
}
