//! One mounted control group hierarchy, as /proc/self/mountinfo tells it.

use std::path::{Path, PathBuf};

use super::Error;

/// Super block options of a v1 hierarchy that are not its controllers.
const OTHER_OPTIONS: [&str; 6] = ["rw", "ro", "xattr", "noprefix", "clone_children", "cpuset_v2_mode"];

/// The control group version of a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// One hierarchy per controller, perhaps with a v2 hierarchy without controllers beside them.
    V1,
    /// One hierarchy for everything.
    V2,
}

/// What kind of hierarchy a mount is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    /// cgroup v1; `options` mount the same hierarchy again (`cpu,cpuacct`, `none,name=systemd`).
    V1 {
        /// Mount options.
        options: String,
    },
    /// cgroup v2.
    V2,
}

/// One hierarchy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Hierarchy {
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// Its kind.
    pub kind: Kind,
}

impl Hierarchy {
    /// Whether it is a v2 hierarchy.
    pub fn is_v2(&self) -> bool {
        self.kind == Kind::V2
    }

    /// Hands all controllers of a v2 folder to its children. A controller that refuses (cpu does
    /// while real-time processes run) stays where it is: limits of that kind are then missing.
    pub fn delegate(&self, folder: &Path) {
        if !self.is_v2() {
            return;
        }
        let controllers = std::fs::read_to_string(folder.join("cgroup.controllers")).unwrap_or_default();
        for controller in controllers.split_whitespace() {
            let _ = std::fs::write(folder.join("cgroup.subtree_control"), format!("+{controller}"));
        }
    }

    /// Gives a new v1 cpuset folder its parent's processors and memory nodes: it starts with none,
    /// and then takes no process.
    pub fn fill_cpuset(&self, folder: &Path) -> Result<(), Error> {
        let Kind::V1 { options } = &self.kind else { return Ok(()) };
        if !options.split(',').any(|option| option == "cpuset") {
            return Ok(());
        }
        for name in ["cpuset.cpus", "cpuset.mems"] {
            let file = folder.join(name);
            let present = std::fs::read_to_string(&file).unwrap_or_default();
            if !present.trim().is_empty() {
                continue;
            }
            let parent = folder.parent().unwrap_or(folder).join(name);
            std::fs::read(&parent)
                .and_then(|inherited| std::fs::write(&file, inherited))
                .map_err(|source| Error::Io { action: "give processors to", path: folder.to_owned(), source })?;
        }
        // Folders that container runtimes make below inherit by themselves.
        let _ = std::fs::write(folder.join("cgroup.clone_children"), "1");
        Ok(())
    }
}

/// The version that software sees which looks at /sys/fs/cgroup itself.
pub fn version(hierarchies: &[Hierarchy]) -> Version {
    if hierarchies.iter().all(Hierarchy::is_v2) { Version::V2 } else { Version::V1 }
}

/// Finds the hierarchies below /sys/fs/cgroup in the text of /proc/self/mountinfo.
///
/// - Source: proc_pid_mountinfo(5). A hierarchy that is mounted twice counts once.
pub fn parse(mountinfo: &str) -> Vec<Hierarchy> {
    let mut found: Vec<Hierarchy> = Vec::new();
    for line in mountinfo.lines() {
        let Some((left, right)) = line.split_once(" - ") else { continue };
        let Some(mount_point) = left.split(' ').nth(4) else { continue };
        let mut right = right.split(' ');
        let (Some(file_system), Some(options)) = (right.next(), right.nth(1)) else { continue };
        let kind = match file_system {
            "cgroup2" => Kind::V2,
            "cgroup" => Kind::V1 { options: mount_options(options) },
            _ => continue,
        };
        if mount_point.starts_with("/sys/fs/cgroup") && !found.iter().any(|other| other.kind == kind) {
            found.push(Hierarchy { mount_point: PathBuf::from(mount_point), kind });
        }
    }
    found
}

fn mount_options(super_options: &str) -> String {
    let kept: Vec<&str> = super_options
        .split(',')
        .filter(|option| !OTHER_OPTIONS.contains(option) && !option.starts_with("release_agent="))
        .collect();
    let only_named = kept.iter().all(|option| option.starts_with("name="));
    let prefix = if only_named { "none," } else { "" };
    format!("{prefix}{}", kept.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:26 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
32 30 0:28 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/lib/agent,name=systemd
33 30 0:29 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
34 30 0:29 / /mnt/again rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn a_hybrid_machine_counts_as_v1_and_keeps_the_unified_hierarchy() {
        let found = parse(HYBRID);
        let kinds: Vec<_> = found.iter().map(|hierarchy| hierarchy.kind.clone()).collect();
        assert_eq!(
            kinds,
            [
                Kind::V1 { options: "cpu,cpuacct".to_owned() },
                Kind::V1 { options: "none,name=systemd".to_owned() },
                Kind::V2
            ]
        );
        assert_eq!(found[2].mount_point, Path::new("/sys/fs/cgroup/unified"));
        assert_eq!(version(&found), Version::V1);
    }

    #[test]
    fn a_unified_machine_is_v2() {
        let found = parse("30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
        assert_eq!(found, [Hierarchy { mount_point: PathBuf::from("/sys/fs/cgroup"), kind: Kind::V2 }]);
        assert_eq!(version(&found), Version::V2);
    }
}
