//! Ends every pod of a host and what they leave in the kernel, without asking the container runtime.
//!
//! Asking would need a runtime that works, and leaving must work on a broken node too.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fs_err as fs;
use hoist_node_config::paths;
use nix::{
    mount::{MntFlags, umount2},
    sys::signal::Signal,
};

use crate::{
    init_system,
    processes::{self, Process},
};

/// Folders below which mounts are a node's.
const MOUNT_FOLDERS: [&str; 4] = [paths::RUN, paths::STATE, paths::KUBELET_ROOT, "/run/containerd"];
/// Control group of all pods where systemd makes the control groups.
const POD_SLICE: &str = "kubepods.slice";
/// Most that killed processes may take to vanish.
const DEADLINE: Duration = Duration::from_secs(10);

/// Why pods are still there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Processes.
    #[error("{} process(es) of pods did not end within {} s, the first is {}", pids.len(), DEADLINE.as_secs(), pids[0])]
    Processes {
        /// Their numbers.
        pids: Vec<i32>,
    },
    /// A mount.
    #[error("failed to unmount {path}")]
    Unmount {
        /// Mount point.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// systemd.
    #[error("failed to end the pods' slices")]
    Slices {
        /// What failed.
        #[from]
        source: init_system::Error,
    },
    /// A control group.
    #[error("failed to remove control group {}", path.display())]
    ControlGroup {
        /// Its folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Ends all pods of this host. Its services must be stopped before, or they would bring pods back.
pub fn end_pods() -> Result<(), Error> {
    let groups = pod_control_groups(Path::new("/sys/fs/cgroup"));
    let deadline = Instant::now() + DEADLINE;
    loop {
        let mut left: Vec<Process> =
            groups.iter().flat_map(|group| members(group)).filter_map(Process::by_pid).collect();
        left.extend(shims());
        if left.is_empty() {
            break;
        }
        if Instant::now() >= deadline {
            return Err(Error::Processes { pids: left.iter().map(|process| process.pid).collect() });
        }
        for process in left {
            // One that cannot be signalled is reported by the deadline.
            let _ = process.signal(Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if groups.iter().any(|group| group.ends_with(POD_SLICE)) {
        // A slice whose folder just vanishes stays active for systemd.
        init_system::end_slice(POD_SLICE)?;
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for path in mounts_below(&mounts, &MOUNT_FOLDERS) {
        // Lazily: a mount that something foreign still looks into must not keep the rest.
        match umount2(path.as_str(), MntFlags::MNT_DETACH) {
            Ok(()) | Err(nix::Error::EINVAL | nix::Error::ENOENT) => {}
            Err(error) => return Err(Error::Unmount { path, source: error.into() }),
        }
    }
    let deadline = Instant::now() + DEADLINE;
    for group in groups {
        remove_control_group(&group, deadline).map_err(|source| Error::ControlGroup { path: group, source })?;
    }
    Ok(())
}

/// Top folders of pods: in the one hierarchy of cgroup v2, or in each of v1.
fn pod_control_groups(root: &Path) -> Vec<PathBuf> {
    let mut parents = vec![root.to_owned()];
    if let Ok(entries) = fs::read_dir(root) {
        parents.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    parents
        .iter()
        .flat_map(|parent| ["kubepods", POD_SLICE].map(|name| parent.join(name)))
        .filter(|path| path.is_dir())
        .collect()
}

fn members(group: &Path) -> Vec<i32> {
    let mut found: Vec<i32> = fs::read_to_string(group.join("cgroup.procs"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    for child in children(group) {
        found.extend(members(&child));
    }
    found
}

fn children(group: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(group) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect()
}

/// Removes a group and those below it. One that is busy is waited for until `deadline`: the first thread of a killed process
/// is a zombie, and gone for [`Process::by_pid`], while others are still on their way out.
fn remove_control_group(group: &Path, deadline: Instant) -> io::Result<()> {
    for child in children(group) {
        remove_control_group(&child, deadline)?;
    }
    loop {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Shims of our containerd, which are in no pod's control group.
fn shims() -> Vec<Process> {
    let own_mounts = fs::read_link("/proc/self/ns/mnt").ok();
    let shim = format!("{}/containerd-shim-runc-v2", paths::BIN);
    processes::all()
        .into_iter()
        .filter(|pid| {
            let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            let is_shim = program.to_str().is_some_and(|program| program.trim_end_matches(" (deleted)") == shim);
            // A host nested in this one has programs of the same name, and is none of our business.
            is_shim && fs::read_link(format!("/proc/{pid}/ns/mnt")).ok() == own_mounts
        })
        .filter_map(Process::by_pid)
        .collect()
}

/// Mount points below `folders`, deepest and newest first.
fn mounts_below(mountinfo: &str, folders: &[&str]) -> Vec<String> {
    let mut found: Vec<String> = mountinfo
        .lines()
        .filter_map(|line| line.split_whitespace().nth(4))
        .map(unescape)
        .filter(|path| folders.iter().any(|folder| Path::new(path).starts_with(folder)))
        // The folder itself may be a mount of the host's own making, a separate disk for example.
        .filter(|path| !folders.contains(&path.as_str()))
        .collect();
    found.reverse();
    found
}

/// Undoes the escapes of mountinfo. Source: proc_pid_mountinfo(5).
fn unescape(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_of_the_node_are_taken_newest_first() {
        let mountinfo = "\
1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /var/lib/kubelet rw - ext4 /dev/sda2 rw
3 2 0:1 / /var/lib/kubelet/pods/a/volumes/x rw - tmpfs tmpfs rw
4 1 0:2 / /run/hoist/containerd/a\\040b rw - overlay overlay rw
5 1 0:3 / /run/hoister rw - tmpfs tmpfs rw
";
        assert_eq!(
            mounts_below(mountinfo, &MOUNT_FOLDERS),
            ["/run/hoist/containerd/a b", "/var/lib/kubelet/pods/a/volumes/x"]
        );
    }

    #[test]
    fn pods_are_found_in_both_kinds_of_hierarchy() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in ["kubepods.slice/a", "memory/kubepods/burstable", "cpu/other"] {
            fs::create_dir_all(folder.path().join(path)).expect("a folder");
        }
        fs::write(folder.path().join("kubepods.slice/a/cgroup.procs"), "12\n13\n").expect("written");
        let mut groups = pod_control_groups(folder.path());
        groups.sort();
        assert_eq!(groups, [folder.path().join("kubepods.slice"), folder.path().join("memory/kubepods")]);
        assert_eq!(members(&groups[0]), [12, 13]);
    }
}
