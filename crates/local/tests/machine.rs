//! What a machine looks like from outside, to compare before and after.

use std::{
    collections::BTreeSet,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Settings that kubelets and `up` change.
const SETTINGS: [&str; 8] = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "fs/inotify/max_user_instances",
    "net/ipv4/ip_forward",
];

/// Mounts, links, packet filter, control groups, settings, files and processes of ours.
#[derive(Debug, Eq, PartialEq)]
pub struct Snapshot {
    lines: BTreeSet<String>,
}

impl Snapshot {
    /// Looks at the machine.
    pub fn take() -> Self {
        let mut lines = BTreeSet::new();
        let mut add = |kind: &str, text: &str| lines.extend(text.lines().map(|line| format!("{kind} {line}")));
        add("mount", &std::fs::read_to_string("/proc/mounts").unwrap_or_default());
        add("link", &output("ip", &["-o", "link"]));
        add("route", &output("ip", &["route"]));
        add("rules", &output("nft", &["list", "ruleset"]));
        for name in SETTINGS {
            let value = std::fs::read_to_string(Path::new("/proc/sys").join(name)).unwrap_or_default();
            add("setting", &format!("{name} {value}"));
        }
        for folder in ["/var/lib", "/run", "/run/hoist", "/var/lib/hoist", "/etc"] {
            add("file", &list(folder));
        }
        add("cgroup", &output("find", &["/sys/fs/cgroup", "-path", "*hoist*"]));
        add("process", &processes());
        Self { lines }
    }

    /// Fails unless the machine looks like this again; the kernel takes network namespaces away a
    /// moment after their last process.
    pub fn assert_equal_soon(&self) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let now = Self::take();
            if now == *self {
                return;
            }
            let difference: Vec<_> = now.lines.symmetric_difference(&self.lines).collect();
            assert!(Instant::now() < deadline, "{difference:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Processes of ours; one that has ended and was not looked at by its parent is none.
fn processes() -> String {
    let all = output("ps", &["-eo", "pid=,stat=,comm="]);
    let ours = |line: &&str| {
        let mut words = line.split_whitespace().skip(1);
        let state = words.next().unwrap_or_default();
        !state.starts_with('Z') && words.next().is_some_and(|name| matches!(name, "hoist-local" | "init"))
    };
    all.lines().filter(ours).collect::<Vec<_>>().join("\n")
}

fn list(folder: &str) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect::<Vec<_>>().join("\n")
}
