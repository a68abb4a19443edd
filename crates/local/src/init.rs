//! `local-init`, the hidden subcommand that is a host's init and the ways into the host.
//!
//! It must run before the program starts any thread: the kernel lets only single-threaded
//! processes enter or make mount and process namespaces.

mod boot;
mod devices;
mod enter;
mod inittab;
mod pid1;
mod root;
mod spawn;

use std::{ffi::OsString, io, path::PathBuf, process::ExitCode};

pub use boot::Orders;

use crate::{cgroup, network::switch};

/// Exit code when a host could not be started or entered, as `docker exec` and ssh have it.
const CANNOT_RUN: u8 = 125;

/// Why an init or an entry failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Called by hand.
    #[error("`local-init` is started by `hcp local` itself, with `boot`, `pid1` or `enter`; use `hcp local host`")]
    Usage,
    /// The orders cannot be read.
    #[error("cannot read the host's orders")]
    Orders {
        /// What is wrong.
        source: serde_json::Error,
    },
    /// No control group.
    #[error("cannot put the host into its control group")]
    Cgroup(#[from] cgroup::Error),
    /// No network.
    #[error("cannot connect the host to the instance's switch")]
    Network(#[from] switch::Error),
    /// The kernel refused a step.
    #[error("cannot {action}")]
    Step {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A mount failed.
    #[error("cannot mount {target}")]
    Mount {
        /// Where, as the host will see it.
        target: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program to run is not there.
    #[error("cannot run `{program}` in the host: {source}")]
    Run {
        /// Its name.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// PID 1 ended before the host was up; it wrote its reason to standard error.
    #[error("the host's init ended before the host was up")]
    Ended,
}

/// Names the step in an error of the system.
fn step<E: Into<io::Error>>(action: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error::Step { action, source: error.into() }
}

/// Names the target in an error of a mount.
fn mounting(shown: impl Into<PathBuf>) -> impl FnOnce(nix::Error) -> Error {
    move |error| Error::Mount { target: shown.into(), source: io::Error::from(error) }
}

/// Runs the hidden subcommand.
///
/// - `arguments`: those after `local-init`.
/// - Must be called before any thread exists, on the main thread.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let mode = arguments.next().unwrap_or_default();
    let outcome = match mode.to_str() {
        Some("boot") => boot::boot().map(|()| 0),
        Some("pid1") => pid1::run().map(|never| match never {}),
        Some("enter") => enter::enter(arguments),
        _ => Err(Error::Usage),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("{}", crate::error_chain(&error));
            ExitCode::from(match error {
                // What a shell answers for a command that is not there.
                Error::Run { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
                Error::Run { .. } => 126,
                _ => CANNOT_RUN,
            })
        }
    }
}
