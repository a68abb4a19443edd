//! Control groups of hosts: one folder per host in every hierarchy of the machine.
//!
//! Machines with cgroup v1 (one hierarchy per controller), v2 (one for all) and the mix of both
//! are treated alike: whatever is mounted below /sys/fs/cgroup is used as it is.

mod hierarchy;

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::Pid,
};

pub use hierarchy::{Hierarchy, Kind, Version};

/// Folder of all instances in each hierarchy.
const PARENT: &str = "hoist";
/// On cgroup v2 a folder with processes cannot hand controllers to its children, so everything
/// that is not a pod lives in this child of a host's folder.
const LEAF: &str = "init.scope";
/// Time for killed processes to leave; the kernel needs milliseconds unless one hangs in a device.
const EMPTY_TIMEOUT: Duration = Duration::from_secs(15);
/// Pause between two looks at a folder that is not empty yet; nothing reports emptiness on v1.
const EMPTY_PAUSE: Duration = Duration::from_millis(5);

/// Why a control group cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The machine has no usable hierarchy.
    #[error(
        "no control group hierarchy is mounted below /sys/fs/cgroup: expected cgroup v2, or v1 with one folder per controller; mount it as the distribution's init does"
    )]
    NoHierarchy,
    /// The kernel or file system refused.
    #[error("cannot {action} control group {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Processes survive SIGKILL, which only a hanging device explains.
    #[error("processes {pids:?} in control group {path} do not end: expected them gone {} s after SIGKILL; look at their stacks in /proc/<pid>/stack", EMPTY_TIMEOUT.as_secs())]
    Busy {
        /// The folder.
        path: PathBuf,
        /// Those that are left.
        pids: Vec<i32>,
    },
}

/// The hierarchies of the machine.
#[derive(Clone, Debug)]
pub struct Cgroups {
    hierarchies: Vec<Hierarchy>,
}

impl Cgroups {
    /// Reads which hierarchies this process sees.
    pub fn detect() -> Result<Self, Error> {
        let path = Path::new("/proc/self/mountinfo");
        let text = fs_err::read_to_string(path).map_err(|source| Error::Io {
            action: "list",
            path: path.to_owned(),
            source,
        })?;
        let hierarchies = hierarchy::parse(&text);
        if hierarchies.is_empty() {
            return Err(Error::NoHierarchy);
        }
        Ok(Self { hierarchies })
    }

    /// The hierarchies, in the order of their mounts.
    pub fn hierarchies(&self) -> &[Hierarchy] {
        &self.hierarchies
    }

    /// The version that decides how software inside behaves: v2 only when nothing else is mounted.
    pub fn version(&self) -> Version {
        hierarchy::version(&self.hierarchies)
    }

    /// The folder of one host.
    pub fn host(&self, instance: &str, host: &str) -> Group {
        Group { cgroups: self.clone(), name: Path::new(PARENT).join(instance).join(host) }
    }

    /// The folder of an instance's processes on the machine itself.
    pub fn instance(&self, instance: &str) -> Group {
        Group { cgroups: self.clone(), name: Path::new(PARENT).join(instance) }
    }
}

/// One control group: the same folder in each hierarchy.
#[derive(Clone, Debug)]
pub struct Group {
    cgroups: Cgroups,
    name: PathBuf,
}

impl Group {
    /// Makes the folder everywhere, ready to take processes.
    pub fn create(&self) -> Result<(), Error> {
        for hierarchy in &self.cgroups.hierarchies {
            let mut folder = hierarchy.mount_point.clone();
            for level in &self.name {
                hierarchy.delegate(&folder);
                folder.push(level);
                make_folder(&folder)?;
                hierarchy.fill_cpuset(&folder)?;
            }
            if self.needs_leaf(hierarchy) {
                make_folder(&folder.join(LEAF))?;
            }
        }
        Ok(())
    }

    /// Moves this process into the group: into the folder itself, which becomes `/` of a control
    /// group namespace made next.
    pub fn join_root(&self) -> Result<(), Error> {
        self.folders().try_for_each(|(_, folder)| join(&folder))
    }

    /// Moves this process to where everything but pods lives.
    pub fn join(&self) -> Result<(), Error> {
        self.folders().try_for_each(|(hierarchy, folder)| {
            let leaf = folder.join(LEAF);
            join(if self.needs_leaf(hierarchy) && leaf.exists() { &leaf } else { &folder })
        })
    }

    /// Hands all controllers to the folders below, for a process that sees the group as the root of
    /// its hierarchies; needs the root empty of processes.
    pub fn delegate(hierarchies: &[Hierarchy]) {
        if hierarchy::version(hierarchies) == Version::V2 {
            for hierarchy in hierarchies {
                hierarchy.delegate(&hierarchy.mount_point);
            }
        }
    }

    /// Ends every process in the group and below, and removes the folders. A group that does not
    /// exist is fine.
    pub fn destroy(&self) -> Result<(), Error> {
        let deadline = Instant::now() + EMPTY_TIMEOUT;
        for (hierarchy, folder) in self.folders() {
            if !folder.exists() {
                continue;
            }
            if hierarchy.is_v2() {
                // Kernels before 5.14 have no such file; the loop below does the same, slower.
                let _ = fs_err::write(folder.join("cgroup.kill"), "1");
            }
            loop {
                let pids = processes(&folder);
                if pids.is_empty() {
                    break;
                }
                if Instant::now() > deadline {
                    return Err(Error::Busy { path: folder, pids });
                }
                for pid in pids {
                    // ESRCH: it ended since the list was read.
                    let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
                }
                std::thread::sleep(EMPTY_PAUSE);
            }
            remove_tree(&folder, deadline)?;
            // The parents are shared with other hosts and instances: they go with the last one.
            for parent in folder.ancestors().skip(1).take(self.name.components().count() - 1) {
                if std::fs::remove_dir(parent).is_err() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn folders(&self) -> impl Iterator<Item = (&Hierarchy, PathBuf)> {
        self.cgroups.hierarchies.iter().map(|hierarchy| (hierarchy, hierarchy.mount_point.join(&self.name)))
    }

    fn needs_leaf(&self, hierarchy: &Hierarchy) -> bool {
        hierarchy.is_v2() && self.cgroups.version() == Version::V2
    }
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    match std::fs::create_dir(folder) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::Io { action: "make", path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

fn join(folder: &Path) -> Result<(), Error> {
    // 0 stands for the writing process.
    std::fs::write(folder.join("cgroup.procs"), "0").map_err(|source| Error::Io {
        action: "join",
        path: folder.to_owned(),
        source,
    })
}

/// Process ids in a folder and all below it, as this process sees them.
fn processes(folder: &Path) -> Vec<i32> {
    let mut pids: Vec<i32> = std::fs::read_to_string(folder.join("cgroup.procs"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    for child in children(folder) {
        pids.extend(processes(&child));
    }
    pids
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

fn remove_tree(folder: &Path, deadline: Instant) -> Result<(), Error> {
    for child in children(folder) {
        remove_tree(&child, deadline)?;
    }
    loop {
        match std::fs::remove_dir(folder) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            // A process that was just reaped may hold the folder for a moment longer.
            Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32) && Instant::now() < deadline => {
                std::thread::sleep(EMPTY_PAUSE);
            }
            Err(source) => return Err(Error::Io { action: "remove", path: folder.to_owned(), source }),
        }
    }
}
