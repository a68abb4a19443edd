//! Turns a host into one that can run as a node, and records how to turn it back.
//!
//! Everything may be run again: what is as it should be is left alone, so that services restart only when something of
//! theirs changed.

use std::{io, os::unix::fs::PermissionsExt as _, path::Path, process::Stdio};

use fs_err as fs;
use hoist_node_config::{HostFile, Unit, paths};

use crate::{
    HostRoot,
    init_system::{self, InitSystem},
    netlink::{self, TableFamily},
    sysctl,
    undo::{self, Journal, Step},
};

/// Folders of ours, with their permissions.
const FOLDERS: [(&str, u32); 9] = [
    (paths::BIN, 0o755),
    (paths::PAYLOAD, 0o755),
    (paths::UNITS, 0o755),
    (paths::NODE_STATE, 0o700),
    (paths::CONTAINERD_ROOT, 0o711),
    (paths::CNI_CONFIG, 0o755),
    (paths::KUBELET_ROOT, 0o750),
    (paths::LOGS, 0o755),
    (paths::RUN, 0o755),
];

/// Folders that a node fills; each is removed or emptied on leave unless it held something of others before.
const FILLED: [&str; 15] = [
    paths::OPT,
    paths::ETC,
    paths::STATE,
    paths::LOGS,
    paths::RUN,
    paths::KUBELET_ROOT,
    paths::FOREIGN_CNI_BIN,
    "/opt/cni",
    "/etc/cni",
    paths::CNI_CONFIG,
    "/var/lib/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/run/flannel",
    // Sockets of container shims, whose place cannot be chosen.
    "/run/containerd",
];

/// Files that pods of a node make on its host by convention.
const MADE_BY_PODS: [&str; 2] = ["/run/xtables.lock", paths::CNI_CONFLIST];

/// Interfaces and tables that the pod network and kube-proxy leave behind.
const LINKS: [&str; 3] = ["cni0", "flannel.1", "flannel-v6.1"];
const TABLES: [(TableFamily, &str); 7] = [
    (TableFamily::Ip, "kube-proxy"),
    (TableFamily::Ip6, "kube-proxy"),
    (TableFamily::Ip, "flannel-ipv4"),
    (TableFamily::Ip6, "flannel-ipv6"),
    (TableFamily::Ip, "cni_hostport"),
    (TableFamily::Ip6, "cni_hostport"),
    (TableFamily::Inet, "cni_plugins_masquerade"),
];

/// Kernel modules that may need loading; where they are built in, or loading is forbidden, checks say what is missing.
const MODULES: [&str; 4] = ["overlay", "br_netfilter", "vxlan", "nf_tables"];

/// Why a host could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder.
    #[error("failed to write {path} on this host")]
    File {
        /// Path on the host.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A kernel setting.
    #[error("failed to set kernel setting {name} to {value}; is /proc/sys writable for root?")]
    Sysctl {
        /// Dotted name.
        name: &'static str,
        /// Wanted value.
        value: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The journal.
    #[error("failed to record how to restore this host")]
    Undo {
        /// What failed.
        #[from]
        source: undo::Error,
    },
    /// Services.
    #[error("failed to install the node's services")]
    Services {
        /// What failed.
        #[from]
        source: init_system::Error,
    },
}

/// Records how this host looks before it becomes a node. Must come before any other change.
///
/// Called again, it adds what became free since; our own traces are never taken for the host's, because only what is
/// missing or empty is recorded.
pub fn record(root: &HostRoot, journal: &mut Journal) -> Result<(), Error> {
    journal.batch(|journal| {
        for path in FILLED {
            journal.record_folder(path)?;
        }
        for path in MADE_BY_PODS {
            journal.record_file(path)?;
        }
        if root.is_this_host() { record_kernel(journal) } else { Ok(()) }
    })
}

fn record_kernel(journal: &mut Journal) -> Result<(), Error> {
    for (name, _) in sysctl::REQUIRED {
        journal.record_sysctl(name)?;
    }
    for name in sysctl::CHANGED_BY_SERVICES {
        journal.record_sysctl(name)?;
    }
    for name in LINKS {
        if !Path::new("/sys/class/net").join(name).exists() {
            journal.record(Step::RemoveLink { name: name.to_owned() })?;
        }
    }
    for (family, name) in TABLES {
        if !netlink::has_table(family, name) {
            journal.record(Step::RemoveTable { family, name: name.to_owned() })?;
        }
    }
    Ok(())
}

/// Makes the folders of a node. Those of ours get their permissions back, too.
pub fn folders(root: &HostRoot) -> Result<(), Error> {
    for (path, mode) in FOLDERS {
        let file = |source| Error::File { path: path.to_owned(), source };
        let target = root.path(path);
        let is_shared = matches!(path, paths::KUBELET_ROOT | paths::CNI_CONFIG);
        if is_shared && target.is_dir() {
            continue;
        }
        fs::create_dir_all(&target).map_err(file)?;
        fs::set_permissions(&target, std::fs::Permissions::from_mode(mode)).map_err(file)?;
    }
    Ok(())
}

/// Writes configuration files. Returns the paths of those that changed.
pub fn write_files(root: &HostRoot, files: &[HostFile]) -> Result<Vec<String>, Error> {
    let mut changed = Vec::new();
    for file in files {
        let was_different = root
            .write(&file.path, file.mode, file.contents.as_bytes())
            .map_err(|source| Error::File { path: file.path.clone(), source })?;
        if was_different {
            changed.push(file.path.clone());
        }
    }
    Ok(changed)
}

/// Removes units that are not among `units`, left from an older configuration.
pub fn remove_other_units(root: &HostRoot, units: &[Unit]) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(root.path(paths::UNITS)) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let known = name.to_str().and_then(|name| name.strip_suffix(".json"));
        if known.is_some_and(|known| units.iter().all(|unit| unit.name != known)) {
            fs::remove_file(entry.path())
                .map_err(|source| Error::File { path: entry.path().display().to_string(), source })?;
        }
    }
    Ok(())
}

/// Removes what is said of registries and is not among `files`, left from an older configuration.
pub fn remove_other_registries(root: &HostRoot, files: &[HostFile]) -> Result<(), Error> {
    let Ok(entries) = fs::read_dir(root.path(paths::REGISTRY_HOSTS)) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = |file: &str| format!("{}/{name}/{file}", paths::REGISTRY_HOSTS);
        let gone: Vec<String> = ["hosts.toml", "ca.crt"]
            .map(path)
            .into_iter()
            .filter(|path| files.iter().all(|file| file.path != *path))
            .collect();
        for path in &gone {
            root.remove(path).map_err(|source| Error::File { path: path.clone(), source })?;
        }
        if gone.len() == 2 {
            // Whatever else lies there is nobody's that asks for it.
            let _ = fs::remove_dir(entry.path());
        }
    }
    Ok(())
}

/// Puts a program into `/opt/hoist/bin`, replacing one that runs without disturbing it.
///
/// `source` is outside the host's root as this process sees it. A hard link is made where source and target share a file
/// system: programs are big. Returns whether the installed program changed.
pub fn install_program(root: &HostRoot, name: &str, source: &Path) -> Result<bool, Error> {
    use std::os::unix::fs::MetadataExt as _;

    let path = format!("{}/{name}", paths::BIN);
    let target = root.path(&path);
    let file = |source| Error::File { path: path.clone(), source };
    let from = fs::metadata(source).map_err(file)?;
    if fs::metadata(&target).is_ok_and(|to| to.dev() == from.dev() && to.ino() == from.ino()) {
        return Ok(false);
    }
    let temporary = root.path(&format!("{path}.hoist-new"));
    let _ = fs::remove_file(&temporary);
    if let Some(folder) = target.parent() {
        fs::create_dir_all(folder).map_err(file)?;
    }
    if fs::hard_link(source, &temporary).is_err() {
        fs::copy(source, &temporary).map_err(file)?;
    }
    fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o755)).map_err(file)?;
    fs::rename(&temporary, &target).map_err(file)?;
    Ok(true)
}

/// Loads kernel modules, as far as this kernel has and allows it, and sets what nodes need set. Only on the running
/// host; [`record`] must have come before.
pub fn kernel() -> Result<(), Error> {
    for module in MODULES {
        // Built-in modules and forbidden loading both make this fail, and preflight has looked at the effect.
        let _ = std::process::Command::new("modprobe")
            .args(["-q", module])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    for (name, value) in sysctl::REQUIRED {
        if sysctl::get(name).is_some() {
            sysctl::set(name, value).map_err(|source| Error::Sysctl { name, value, source })?;
        }
    }
    Ok(())
}

/// Makes `units` start at boot and records their removal. Returns the init system that will run them.
pub fn install_services(root: &HostRoot, journal: &mut Journal, units: &[Unit]) -> Result<InitSystem, Error> {
    let init = init_system::detect(root)?;
    let names = units.iter().map(|unit| unit.name.clone()).collect();
    journal.record(Step::RemoveServices { init, units: names })?;
    init.install(root, units)?;
    Ok(init)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_and_restored_host_is_as_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path().join("host"));
        root.write("/etc/inittab", 0o644, b"id:2:initdefault:\n").expect("written");
        root.write("/etc/cni/net.d/87-theirs.conflist", 0o644, b"{}").expect("written");
        let before = listing(root.as_path());

        let mut journal = Journal::open(&root).expect("a journal");
        record(&root, &mut journal).expect("recorded");
        folders(&root).expect("made");
        let unit = Unit::new("kubelet", ["/opt/hoist/bin/kubelet"]);
        let init = install_services(&root, &mut journal, &[unit]).expect("installed");
        assert_eq!(init, InitSystem::SysvInit);
        let program = folder.path().join("program");
        fs::write(&program, "x").expect("written");
        let state = fs::metadata(root.path(paths::NODE_STATE)).expect("a folder");
        assert_eq!(state.permissions().mode() & 0o777, 0o700, "it holds keys");
        assert!(install_program(&root, "kubelet", &program).expect("installed"));
        assert!(!install_program(&root, "kubelet", &program).expect("nothing to do"));
        write_files(&root, &[HostFile::public("/etc/cni/net.d/10-hoist.conflist", "{}")]).expect("written");
        root.write("/run/flannel/subnet.env", 0o644, b"").expect("written");
        assert_ne!(listing(root.as_path()), before);

        let failed = Journal::open(&root).expect("a journal").undo().expect("undone");
        assert!(failed.is_empty(), "{failed:?}");
        // The folders above ours were missing too; those that are usual on every system may stay.
        let usual = ["opt", "var", "var/lib", "var/log", "run"];
        let after: Vec<String> =
            listing(root.as_path()).into_iter().filter(|path| !usual.contains(&path.as_str())).collect();
        assert_eq!(after, before);
    }

    #[test]
    fn recording_again_does_not_take_our_own_traces_for_the_hosts() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        let mut journal = Journal::open(&root).expect("a journal");
        record(&root, &mut journal).expect("recorded");
        let first = journal.steps().to_vec();
        root.write("/etc/hoist/x", 0o644, b"").expect("written");
        let mut again = Journal::open(&root).expect("a journal");
        record(&root, &mut again).expect("recorded");
        assert_eq!(again.steps(), first);
    }

    #[test]
    fn units_of_an_older_configuration_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        root.write("/etc/hoist/units/cni.json", 0o644, b"{}").expect("written");
        root.write("/etc/hoist/units/kubelet.json", 0o644, b"{}").expect("written");
        remove_other_units(&root, &[Unit::new("kubelet", ["x"])]).expect("removed");
        assert!(!root.path("/etc/hoist/units/cni.json").exists());
        assert!(root.path("/etc/hoist/units/kubelet.json").exists());
    }

    fn listing(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut left = vec![folder.to_owned()];
        while let Some(next) = left.pop() {
            for entry in std::fs::read_dir(next).expect("a folder").flatten() {
                let path = entry.path();
                found.push(path.strip_prefix(folder).expect("below it").display().to_string());
                if path.is_dir() {
                    left.push(path);
                }
            }
        }
        found.sort();
        found
    }
}
