//! What a machine looks like from outside, to compare before and after.
//!
//! Instances of others may live beside the one under test: what names them is left out.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::bail;
use serde_json::Value;

use crate::command::run;
use crate::packets;

/// Where the instances of a machine list themselves.
const INSTANCES: &str = "/run/hoist/settings.json";
/// Kernel values that nobody sets: counters, random numbers, and what it tunes itself. And one that mounts something when it is
/// looked at.
const COUNTERS: [&str; 15] = [
    "/proc/sys/fs/aio-nr",
    "/proc/sys/fs/binfmt_misc",
    "/proc/sys/fs/dentry-state",
    "/proc/sys/fs/file-nr",
    "/proc/sys/fs/inode-nr",
    "/proc/sys/fs/inode-state",
    "/proc/sys/fs/quota",
    "/proc/sys/kernel/keys/user_keys",
    "/proc/sys/kernel/ns_last_pid",
    "/proc/sys/kernel/perf_event_max_sample_rate",
    "/proc/sys/kernel/pty/nr",
    "/proc/sys/kernel/random",
    "/proc/sys/kernel/sched_domain",
    "/proc/sys/net/netfilter/nf_conntrack_count",
    "/proc/sys/vm/stat_refresh",
];
/// Components of `/sys/fs/cgroup/memory/name`, a group at the root of a hierarchy of cgroup v1; one of v2 has one less.
const ROOT_GROUP_DEPTH: usize = 6;
/// Most differences that are printed.
const SHOWN: usize = 100;
/// Folders whose files are compared by name.
const NAMES: [&str; 8] = ["/boot", "/dev", "/home", "/opt", "/run", "/srv", "/usr/local", "/var"];
/// Folders below them that change by themselves on any machine.
const RESTLESS: [&str; 10] = [
    "/dev/char",
    "/dev/pts",
    "/root/.kube/cache",
    "/run/systemd",
    "/run/udev",
    "/run/user",
    "/var/cache",
    "/var/lib/apt",
    "/var/log/journal",
    "/var/tmp",
];

/// Mounts, links, packet filters, control groups, settings, files and processes.
#[derive(Debug, Clone)]
pub struct Machine {
    instance: String,
    lines: BTreeSet<String>,
    others: BTreeSet<PathBuf>,
}

impl Machine {
    /// Looks at the machine.
    ///
    /// - `instance`: what is named so, or begins so, is not left out.
    pub fn look(instance: &str) -> anyhow::Result<Self> {
        let others = other_instances(instance);
        let mut look = Look { instance, others: &others, lines: BTreeSet::new() };
        look.add("mount", &fs_err::read_to_string("/proc/self/mounts")?);
        for (kind, arguments) in [
            ("link", &["-oneline", "link"][..]),
            ("address", &["-oneline", "address"]),
            ("route", &["route", "show", "table", "all"]),
            ("rule", &["rule"]),
        ] {
            look.add(kind, &run("ip", arguments, &[])?.success()?);
        }
        look.packet_filter()?;
        look.files();
        look.settings(Path::new("/proc/sys"));
        look.control_groups(Path::new("/sys/fs/cgroup"));
        look.processes();
        let lines = look.lines;
        Ok(Self { instance: instance.to_owned(), lines, others })
    }

    /// What is there in `later` and was not (`+`), and what was and is not (`-`).
    pub fn differences(&self, later: &Self) -> Vec<String> {
        let added = later.lines.difference(&self.lines).map(|line| format!("+ {line}"));
        added.chain(self.lines.difference(&later.lines).map(|line| format!("- {line}"))).collect()
    }

    /// Fails unless the machine looks like this again. The kernel takes namespaces and control groups away a moment after their
    /// last process, hence the wait.
    pub fn expect_again(&self) -> anyhow::Result<()> {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            let now = Self::look(&self.instance)?;
            let differences = self.differences(&now);
            if differences.is_empty() {
                return Ok(());
            }
            if Instant::now() >= end {
                let hint = if now.others == self.others {
                    String::new()
                } else {
                    format!("\n(other instances came or went: {:?}, now {:?})", self.others, now.others)
                };
                let shown = &differences[..differences.len().min(SHOWN)];
                bail!("the machine differs in {} places:\n{}{hint}", differences.len(), shown.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// State folders of the instances that are not ours.
fn other_instances(instance: &str) -> BTreeSet<PathBuf> {
    let list: Value =
        fs_err::read(INSTANCES).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let folders = list["instances"].as_array().into_iter().flatten().filter_map(Value::as_str).map(PathBuf::from);
    let ours = |folder: &PathBuf| {
        folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(instance))
    };
    folders.filter(|folder| !ours(folder)).collect()
}

struct Look<'a> {
    instance: &'a str,
    others: &'a BTreeSet<PathBuf>,
    lines: BTreeSet<String>,
}

impl Look<'_> {
    fn add(&mut self, kind: &str, text: &str) {
        for line in text.lines() {
            let foreign = self.others.iter().any(|folder| names(line, folder));
            if !foreign {
                self.lines.insert(format!("{kind} {line}"));
            }
        }
    }

    /// Tables of the tests themselves are left out, and so are counters.
    fn packet_filter(&mut self) -> anyhow::Result<()> {
        let tables = run("nft", &["list", "tables"], &[])?.success()?;
        for table in tables.lines().filter(|table| !table.contains(packets::TABLE_PREFIX)) {
            let words: Vec<&str> = ["--stateless", "list"].into_iter().chain(table.split_whitespace()).collect();
            // One that went meanwhile is no line.
            if let Ok(text) = run("nft", &words, &[])?.success() {
                self.lines.insert(format!("nftables {text}"));
            }
        }
        // Machines without it cannot have such rules.
        for program in ["iptables-legacy-save", "ip6tables-legacy-save"] {
            if let Ok(said) = run(program, &[], &[]) {
                let text = said.success()?;
                let rules = text.lines().filter(|line| !line.starts_with('#'));
                let rules: Vec<&str> = rules.map(|line| line.split(" [").next().unwrap_or(line)).collect();
                self.add(program, &rules.join("\n"));
            }
        }
        Ok(())
    }

    fn files(&mut self) {
        for folder in NAMES {
            self.walk(Path::new(folder), false);
        }
        self.walk(Path::new("/etc"), true);
        // Of these, only what a program of ours could have put there.
        for folder in ["/tmp", "/root"] {
            for path in children(Path::new(folder)) {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let ours = name.starts_with("hoist") || name.starts_with("hcp") || name == ".kube" || name == ".config";
                let other_run = name.starts_with("hoist-e2e-") && !name.contains(&std::process::id().to_string());
                if ours && !other_run {
                    self.add("file", &path.display().to_string());
                    self.walk(&path, false);
                }
            }
        }
    }

    /// Everything below a folder by name, and by content where wanted.
    fn walk(&mut self, folder: &Path, content: bool) {
        for path in children(folder) {
            let foreign = self.others.iter().any(|other| path.starts_with(other))
                || path
                    .strip_prefix("/var/lib/hoist")
                    .is_ok_and(|rest| !rest.to_string_lossy().starts_with(self.instance));
            if foreign || RESTLESS.iter().any(|restless| path.starts_with(restless)) {
                continue;
            }
            let Ok(metadata) = path.symlink_metadata() else { continue };
            let hash = match (content && metadata.is_file()).then(|| std::fs::read(&path)) {
                Some(Ok(bytes)) => {
                    let mut hasher = DefaultHasher::new();
                    bytes.hash(&mut hasher);
                    format!(" {:x}", hasher.finish())
                }
                _ => String::new(),
            };
            self.lines.insert(format!("file {}{hash}", path.display()));
            if metadata.is_dir() {
                self.walk(&path, content);
            }
        }
    }

    fn settings(&mut self, folder: &Path) {
        for path in children(folder) {
            if COUNTERS.iter().any(|counter| path.starts_with(counter)) {
                continue;
            }
            if path.is_dir() {
                self.settings(&path);
            } else if let Ok(value) = std::fs::read(&path) {
                let value = String::from_utf8_lossy(&value).trim().replace('\n', "; ");
                self.lines.insert(format!("setting {} {value}", path.display()));
            }
        }
    }

    fn control_groups(&mut self, folder: &Path) {
        for path in children(folder) {
            if !path.is_dir() || path.is_symlink() || self.is_foreign_group(&path.to_string_lossy()) {
                continue;
            }
            let text = path.to_string_lossy();
            // Below the roots of the hierarchies, what others make for their own processes comes and goes.
            let is_root = path.components().count() <= ROOT_GROUP_DEPTH;
            if is_root || ["hoist", "kube", "k8s"].iter().any(|name| text.contains(name)) {
                self.lines.insert(format!("control group {text}"));
            }
            self.control_groups(&path);
        }
    }

    /// A control group below `hoist` that does not carry our name.
    fn is_foreign_group(&self, path: &str) -> bool {
        path.split_once("/hoist/").is_some_and(|(_, rest)| !rest.starts_with(&format!("{}-", self.instance)))
    }

    /// Processes that belong to some instance: in a namespace of its own, in a control group of ours, or started with our name.
    fn processes(&mut self) {
        let me = std::process::id().to_string();
        let namespaces = |process: &Path| {
            ["pid", "net", "mnt"].map(|kind| std::fs::read_link(process.join("ns").join(kind)).unwrap_or_default())
        };
        let own = namespaces(Path::new("/proc/self"));
        for process in children(Path::new("/proc")) {
            let id = process.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if id == me || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let groups = std::fs::read_to_string(process.join("cgroup")).unwrap_or_default();
            let command = std::fs::read(process.join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            // Threads of the kernel have none, and neither has one that has ended.
            if command.is_empty() || groups.lines().any(|group| self.is_foreign_group(group)) {
                continue;
            }
            let apart =
                namespaces(&process).iter().zip(&own).any(|(its, ours)| its != ours && !its.as_os_str().is_empty());
            let named = command.contains("local-init") || command.contains("local-daemon");
            if apart || named || groups.contains("/hoist/") {
                self.add("process", &format!("{id} {command}"));
            }
        }
    }
}

/// Whether a line names a folder or what is in it, and not merely one that begins alike.
fn names(line: &str, folder: &Path) -> bool {
    let folder = folder.to_string_lossy();
    line.match_indices(folder.as_ref()).any(|(index, found)| {
        let next = line[index + found.len()..].chars().next();
        next.is_none_or(|next| !next.is_alphanumeric() && next != '-')
    })
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_begins_alike_is_another() {
        let folder = Path::new("/var/lib/hoist/e2e");
        assert!(names("overlay /var/lib/hoist/e2e/hosts/x rw", folder));
        assert!(names("hcp --state-dir /var/lib/hoist/e2e", folder));
        assert!(!names("overlay /var/lib/hoist/e2e-2/hosts/x rw", folder));
    }
}
