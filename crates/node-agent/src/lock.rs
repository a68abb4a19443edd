//! One join or leave at a time on a host.

use std::{
    fs::File,
    io::{Read as _, Seek as _, Write as _},
    time::{Duration, Instant},
};

use fs_err as fs;
use nix::fcntl::{Flock, FlockArg};

use crate::cause::Cause;

/// Outside of `/run/hoist`, which goes away with a leave.
const PATH: &str = "/run/hoist-node.lock";

/// Held as long as this value lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: Flock<File>,
}

/// Takes the lock, waiting up to `patience`; on failure names who holds it.
pub(crate) async fn take(what: &str, patience: Duration) -> Result<Lock, Cause> {
    let failed = |cause: std::io::Error| Cause::new(format!("failed to use {PATH}: {cause}"), "run as root");
    let mut file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(PATH)
        .map_err(failed)?
        .into_parts()
        .0;
    let deadline = Instant::now() + patience;
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut locked) => {
                locked.set_len(0).map_err(failed)?;
                locked.rewind().map_err(failed)?;
                write!(locked, "{what} (process {})", std::process::id()).map_err(failed)?;
                return Ok(Lock { _file: locked });
            }
            Err((unlocked, _)) if Instant::now() < deadline => {
                file = unlocked;
                // flock(2) cannot wait for a limited time.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err((mut unlocked, _)) => {
                let mut holder = String::new();
                let _ = unlocked.read_to_string(&mut holder);
                return Err(Cause::new(
                    format!("another hoist-node is at work on this host: {}", holder.trim()),
                    "wait until it has ended",
                ));
            }
        }
    }
}

/// Removes the file; the last act of a leave.
pub(crate) fn remove() {
    let _ = fs::remove_file(PATH);
}
