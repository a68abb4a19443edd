//! Writes the CNI configuration as soon as flannel owns a subnet on this node.
//!
//! The node turns Ready the moment the file appears, so flannel's file is looked at ten times a second; that costs nothing.

use std::{io, time::Duration};

use hoist_node_config::{
    cni::{CniWaiterConfig, InvalidSubnetFile, cni_conflist, parse_flannel_subnet},
    paths,
};
use tracing::{info, warn};

use crate::HostRoot;

/// Notices of the kernel would need the folder, which comes and goes with flannel.
const INTERVAL: Duration = Duration::from_millis(100);

/// Why the waiter cannot work at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its configuration.
    #[error("failed to read {}; run `hoist-node join` again to write it", paths::CNI_WAITER_CONFIG)]
    Configuration {
        /// What the system said.
        #[from]
        source: io::Error,
    },
}

/// Keeps the CNI configuration equal to what flannel says; returns only on errors.
pub async fn run(root: &HostRoot) -> Result<(), Error> {
    let text = root.read(paths::CNI_WAITER_CONFIG)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
    let config: CniWaiterConfig = serde_json::from_str(&text).map_err(io::Error::from)?;
    let mut last = None;
    loop {
        tokio::time::sleep(INTERVAL).await;
        let modified =
            tokio::fs::metadata(root.path(paths::FLANNEL_SUBNET)).await.and_then(|found| found.modified()).ok();
        if modified.is_none() || modified == last {
            continue;
        }
        match write(root, &config) {
            Ok(changed) => {
                last = modified;
                if changed {
                    info!(file = paths::CNI_CONFLIST, "CNI configuration written");
                }
            }
            // Half-written files are complete a moment later.
            Err(WriteError::Subnet(cause)) => warn!(%cause, "flannel's subnet file is not usable yet"),
            Err(WriteError::File(cause)) => warn!(%cause, "CNI configuration not written"),
        }
    }
}

enum WriteError {
    Subnet(InvalidSubnetFile),
    File(io::Error),
}

fn write(root: &HostRoot, config: &CniWaiterConfig) -> Result<bool, WriteError> {
    let text = root.read(paths::FLANNEL_SUBNET).map_err(WriteError::File)?.unwrap_or_default();
    let network = parse_flannel_subnet(&text, config).map_err(WriteError::Subnet)?;
    root.write(paths::CNI_CONFLIST, 0o644, cni_conflist(&network).as_bytes()).map_err(WriteError::File)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_configuration_appears_with_flannels_file_and_follows_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        root.write(paths::CNI_WAITER_CONFIG, 0o644, br#"{"mtu":null,"hostPorts":"nftables"}"#).expect("written");
        let waiter = tokio::spawn({
            let root = root.clone();
            async move { run(&root).await }
        });
        for subnet in ["10.1.2.1/24", "10.1.3.1/24"] {
            root.write(paths::FLANNEL_SUBNET, 0o644, format!("FLANNEL_SUBNET={subnet}\n").as_bytes()).expect("written");
            let wanted = subnet.replace(".1/24", ".0/24");
            let appeared = async {
                while !root.read(paths::CNI_CONFLIST).expect("read").unwrap_or_default().contains(&wanted) {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            tokio::time::timeout(Duration::from_secs(5), appeared).await.expect("it appears");
        }
        waiter.abort();
    }

    #[tokio::test]
    async fn without_configuration_it_says_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = run(&HostRoot::at(folder.path())).await.expect_err("no configuration");
        assert!(error.to_string().contains("hoist-node join"), "{error}");
    }
}
