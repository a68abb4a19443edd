//! Why something with a host failed.

use std::{io, path::PathBuf, process::ExitStatus};

use crate::{address_plan as plan, cgroup, network::switch};

/// Why something with a host failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is no DNS label or reserved.
    #[error(
        "host name `{name}` is not usable: expected 1 to 63 lower-case letters, digits and `-`, not beginning with `management-`; choose another name"
    )]
    Name {
        /// What was given.
        name: String,
    },
    /// There is one already.
    #[error("host `{name}` exists already; choose another name, or remove it with `hcp local host remove {name}`")]
    Exists {
        /// Its name.
        name: String,
    },
    /// There is none.
    #[error("there is no host `{name}`: expected one of {known}; `hcp local host add {name}` makes it")]
    Absent {
        /// Its name.
        name: String,
        /// Those that exist.
        known: String,
    },
    /// It carries the management cluster.
    #[error("host `{name}` carries the management cluster and goes only with the whole instance; run `hcp local down`")]
    Management {
        /// Its name.
        name: String,
    },
    /// It is switched off.
    #[error("host `{name}` is not running; `hcp local host start {name}` starts it, and so does `hcp local up`")]
    Off {
        /// Its name.
        name: String,
    },
    /// All addresses are taken.
    #[error("host `{name}` gets no address: all of {} are taken; remove another host first", plan::NODE_NETWORK)]
    NoAddress {
        /// Its name.
        name: String,
    },
    /// The base file system is not there.
    #[error("there is no base file system for hosts at {path}; make it with `make payload`")]
    NoBase {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The state folder cannot carry overlays.
    #[error(
        "{path} is on a {kind} file system, on which hosts cannot run: expected a disk's, like ext4 or xfs; choose another --state-dir"
    )]
    FileSystem {
        /// The state folder.
        path: PathBuf,
        /// Name of its file system.
        kind: &'static str,
    },
    /// Its init did not come up.
    #[error("host `{name}` does not start: {cause}")]
    Start {
        /// Its name.
        name: String,
        /// What its starter said.
        cause: String,
    },
    /// A command in it failed.
    #[error("`{command}` failed in host `{name}` ({status}): {output}")]
    Command {
        /// The host.
        name: String,
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it wrote to standard error.
        output: String,
    },
    /// Its control group cannot be cleaned.
    #[error("cannot clean up after host `{name}`")]
    Cgroup {
        /// Its name.
        name: String,
        /// Why.
        source: cgroup::Error,
    },
    /// Its port cannot be removed.
    #[error(transparent)]
    Network(#[from] switch::Error),
    /// The file system refused.
    #[error("cannot {action} of host `{name}`")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Its name.
        name: String,
        /// What the system said.
        source: io::Error,
    },
}
