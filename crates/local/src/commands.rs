//! What `hcp local` does, one module per command; the arguments are parsed elsewhere.

mod down;
pub mod hosts;
pub mod service;
mod status;
mod up;

use std::io;

pub use down::down;
pub use status::{Part, Status, status};
pub use up::{UpOptions, machine_up, up};

use crate::{cgroup, daemon, host, instance, machine, management, network};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance.
    #[error(transparent)]
    Instance(#[from] instance::Error),
    /// A host.
    #[error(transparent)]
    Host(#[from] host::Error),
    /// The machine.
    #[error(transparent)]
    Machine(#[from] machine::Error),
    /// The switch.
    #[error(transparent)]
    Switch(#[from] network::switch::Error),
    /// Control groups.
    #[error(transparent)]
    Cgroup(#[from] cgroup::Error),
    /// The daemon on the machine.
    #[error(transparent)]
    Daemon(#[from] daemon::Error),
    /// The management cluster.
    #[error(transparent)]
    Management(#[from] management::Error),
    /// There is nothing to install a service into.
    #[error(
        "instance `{instance}` gets no service: expected systemd as this machine's init; \
         run `hcp local up` when the machine has started"
    )]
    NoSystemd {
        /// Name of the instance.
        instance: String,
    },
    /// The file system refused.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// What the system said; it names the path.
        source: io::Error,
    },
}
