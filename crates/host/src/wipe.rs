//! Takes away what pods left on a host that stays a node: as after a reboot, and with nothing of theirs on disk.
//!
//! What makes the host this node stays: its key, its certificates, its images.

use std::io;

use fs_err as fs;
use hoist_node_config::paths;

use crate::{
    HostRoot,
    netlink::{self, TableFamily},
};

/// In kubelet's folder, what is the node's own and not its pods'.
const KEPT: [&str; 4] = ["pki", "kubeconfig", "config.json", "volume-plugins"];
/// Folders that are emptied.
const EMPTIED: [&str; 3] = ["/var/log/pods", "/var/log/containers", "/var/lib/cni"];
/// What a reboot would take: state of containers that are gone, and addresses in use by them.
const VOLATILE: [&str; 3] = [paths::CONTAINERD_STATE, paths::RUNC_ROOT, paths::CNI_ADDRESSES];
/// A new Node has another pod subnet: the old one's bridge and overlay cannot serve it.
const LINKS: [&str; 3] = ["cni0", "flannel.1", "flannel-v6.1"];
/// Host ports of pods that are gone. kube-proxy and flannel bring their own up to date.
const TABLES: [(TableFamily, &str); 3] = [
    (TableFamily::Ip, "cni_hostport"),
    (TableFamily::Ip6, "cni_hostport"),
    (TableFamily::Inet, "cni_plugins_masquerade"),
];

/// Why something is left.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("failed to remove {path} on this host")]
    File {
        /// Path on the host.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The network of pods.
    #[error("failed to remove the pod network {name} from this host")]
    Network {
        /// Link or table.
        name: &'static str,
        /// What the kernel said.
        source: netlink::Refused,
    },
}

/// Wipes. Services must be stopped, and pods ended, before. A network of the user's own is left to itself.
pub fn wipe(root: &HostRoot) -> Result<(), Error> {
    empty(root, paths::KUBELET_ROOT, &KEPT)?;
    for path in EMPTIED {
        empty(root, path, &[])?;
    }
    for path in VOLATILE {
        remove(root, path)?;
    }
    let is_ours = root.path(paths::CNI_CONFLIST).exists() || root.path(paths::FLANNEL_SUBNET).exists();
    if is_ours {
        // Both are written again when flannel knows the new subnet.
        remove(root, paths::FLANNEL_SUBNET)?;
        remove(root, paths::CNI_CONFLIST)?;
    }
    if is_ours && root.is_this_host() {
        for name in LINKS {
            netlink::remove_link(name).map_err(|source| Error::Network { name, source })?;
        }
        for (family, name) in TABLES {
            netlink::remove_table(family, name).map_err(|source| Error::Network { name, source })?;
        }
    }
    Ok(())
}

fn empty(root: &HostRoot, path: &str, kept: &[&str]) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(root.path(path)) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !kept.contains(&name.as_str()) {
            remove(root, &format!("{path}/{name}"))?;
        }
    }
    Ok(())
}

fn remove(root: &HostRoot, path: &str) -> Result<(), Error> {
    let target = root.path(path);
    let removed = match fs::symlink_metadata(&target) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(&target),
        Ok(_) => fs::remove_file(&target),
        Err(error) => Err(error),
    };
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(Error::File { path: path.to_owned(), source }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_nodes_own_stays_and_what_is_its_pods_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        let kept = [
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            "/var/lib/kubelet/kubeconfig",
            "/var/lib/kubelet/config.json",
            "/var/lib/hoist/containerd/images",
            "/var/lib/hoist/node/state.json",
            "/etc/cni/net.d/20-theirs.conflist",
        ];
        let gone = [
            "/var/lib/kubelet/pods/uid/volumes/x",
            "/var/lib/kubelet/cpu_manager_state",
            "/var/log/pods/default_web/0.log",
            "/run/hoist/containerd/tasks/x",
            "/run/hoist/cni-networks/hoist/10.132.0.2",
            "/run/flannel/subnet.env",
            "/etc/cni/net.d/10-hoist.conflist",
        ];
        for path in kept.iter().chain(&gone) {
            root.write(path, 0o600, b"x").expect("written");
        }
        wipe(&root).expect("wiped");
        wipe(&root).expect("nothing left to do");
        for path in kept {
            assert!(root.path(path).exists(), "{path}");
        }
        for path in gone {
            assert!(!root.path(path).exists(), "{path}");
        }
    }
}
