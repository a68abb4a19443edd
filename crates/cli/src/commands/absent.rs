//! HyperShift's commands that have nothing to work on here: understood, and refused with the reason.

use crate::failure::usage;

/// Flags of a command that is refused, whatever they are.
pub use crate::commands::cluster::Unserved;

/// The refusal of a command that prepares or removes what a cloud holds for a cluster.
pub fn cloud(command: &str) -> anyhow::Error {
    usage(format!(
        "{command} is not supported on this installation: it works on the infrastructure of a cloud, and platforms agent, kubevirt and none have none; `create cluster` makes everything that they need"
    ))
}

/// The refusal of a command that drives a backup operator.
pub fn backup(command: &str) -> anyhow::Error {
    usage(format!(
        "{command} is not supported on this installation: it drives the OADP operator, which nothing here works with; back up the volumes of etcd with the snapshots of their storage instead"
    ))
}
