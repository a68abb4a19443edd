//! Local hosts on the real kernel: isolation, power loss, exit codes, and that nothing is left.
//!
//! Each test has an instance of its own; none needs the payload but the base file system.

mod machine;

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use machine::Snapshot;

/// An instance in a temporary folder; taken down however the test ends.
struct Instance {
    folder: tempfile::TempDir,
}

impl Instance {
    fn up() -> Self {
        // Not /tmp, which may be in memory, where hosts cannot run.
        let folder = tempfile::Builder::new().prefix("hoist-test-").tempdir_in("/var/lib").expect("a folder");
        let instance = Self { folder };
        instance.succeed(&["switch"]);
        instance
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("the program runs")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hoist-local"));
        command.arg(self.folder.path().join("instance")).args(arguments);
        command
    }

    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("text")
    }

    fn shell(&self, host: &str, script: &str) -> String {
        self.succeed(&["host", "exec", host, "sh", "-c", script])
    }

    fn host(&self, name: &str) -> serde_json::Value {
        let hosts: serde_json::Value = serde_json::from_str(&self.succeed(&["host", "list"])).expect("JSON");
        let found = hosts.as_array().expect("a list").iter().find(|host| host["name"] == name);
        found.cloned().expect("the host")
    }

    fn pid(&self, name: &str) -> i32 {
        self.host(name)["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("a running host")
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.run(&["down"]);
    }
}

fn kill(pid: i32) {
    let status = Command::new("kill").args(["-KILL", &pid.to_string()]).status().expect("kill");
    assert!(status.success());
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root"]
fn a_host_is_a_machine_of_its_own() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    assert_eq!(instance.shell("one", "hostname").trim(), "one");
    assert_eq!(instance.shell("one", "cat /proc/1/comm").trim(), "init");
    assert_eq!(instance.shell("one", "ls /sys/class/net | tr '\\n' ' '").trim(), "eth0 lo");
    assert!(instance.shell("one", "ip -4 -o addr show eth0").contains("10.200.0.100/24"));
    assert!(instance.shell("one", "ip route").contains("default via 10.200.0.1"));
    assert!(instance.shell("one", "grep -v ':/$' /proc/self/cgroup || true").is_empty());
    // No folder of the machine: only the host's own two and kernel file systems are mounted.
    let kinds = instance.shell("one", "cut -d' ' -f3 /proc/mounts | sort -u | tr '\\n' ' '");
    for kind in kinds.split_whitespace() {
        let known = ["overlay", "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2"];
        assert!(
            known.contains(&kind) || instance.shell("one", "grep -c ' /var ' /proc/mounts").trim() == "1",
            "{kind}"
        );
    }
    let outside = instance.folder.path().display().to_string();
    assert!(!instance.shell("one", "cat /proc/1/cmdline /proc/1/environ | tr '\\0' ' '").contains(&outside));
    // The kernel's own file systems of a real disk are below /var, where overlays can be stacked.
    assert_ne!(instance.shell("one", "stat -f -c %T /var").trim(), "overlayfs");
}

#[test]
#[ignore = "needs root"]
fn hosts_reach_each_other_and_nothing_else() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.succeed(&["host", "add", "two"]);
    // ICMP needs no program: the kernel answers, and the neighbour table tells.
    let probe = "timeout 5 bash -c '</dev/tcp/10.200.0.101/1' 2>&1 || true";
    assert!(instance.shell("one", probe).contains("Connection refused"), "{}", instance.shell("one", probe));
    // A name and an address of the outside fail at once instead of timing out.
    let start = Instant::now();
    let refused = instance.shell("one", "timeout 5 bash -c '</dev/tcp/192.0.2.1/80' 2>&1 || true");
    assert!(refused.contains("No route to host") || refused.contains("unreachable"), "{refused}");
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[test]
#[ignore = "needs root"]
fn exec_passes_streams_and_exit_codes() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    let code = |words: &[&str]| instance.run(&[&["host", "exec", "one"], words].concat()).status.code();
    assert_eq!(code(&["true"]), Some(0));
    assert_eq!(code(&["sh", "-c", "exit 7"]), Some(7));
    assert_eq!(code(&["sh", "-c", "kill -TERM $$"]), Some(128 + 15));
    assert_eq!(code(&["no-such-program"]), Some(127));
    assert_eq!(code(&["/etc/hostname"]), Some(126));
    let mut child = instance
        .command(&["host", "exec", "one", "tr", "a-z", "A-Z"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child.stdin.take().expect("a pipe").write_all(b"through").expect("written");
    assert_eq!(child.wait_with_output().expect("ended").stdout, b"THROUGH");
}

#[test]
#[ignore = "needs root"]
fn init_keeps_inittab_lines_running_and_reads_the_file_again() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.shell("one", "echo 's1:2345:respawn:/bin/sleep 1000' >> /etc/inittab; kill -HUP 1");
    let sleeping = || instance.shell("one", "pgrep -x sleep || true").trim().to_owned();
    eventually("init starts the line", || !sleeping().is_empty());
    let first = sleeping();
    instance.shell("one", "pkill -KILL -x sleep");
    eventually("init starts it again", || !sleeping().is_empty() && sleeping() != first);
    instance.shell("one", "sed -i /s1:/d /etc/inittab; kill -HUP 1");
    eventually("init ends what is gone from the file", || sleeping().is_empty());
}

#[test]
#[ignore = "needs root"]
fn a_killed_init_is_a_power_loss_and_the_data_survives() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.shell("one", "echo kept > /root/file; echo kept > /var/lib/file; sync");
    let identity = instance.shell("one", "cat /etc/machine-id");
    let mut sleeper = instance.command(&["host", "exec", "one", "sleep", "1000"]).spawn().expect("the program runs");
    eventually("the command runs", || instance.shell("one", "pgrep -x sleep || true").trim() != "");
    kill(instance.pid("one"));
    // Everything in it dies, and whoever waits for it is told.
    assert_eq!(sleeper.wait().expect("ended").code(), Some(128 + 9));
    assert_eq!(instance.host("one")["state"], "Off");
    let output = instance.run(&["host", "exec", "one", "true"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("hcp local host start one"), "{output:?}");
    instance.succeed(&["switch"]);
    assert_eq!(instance.shell("one", "cat /root/file /var/lib/file"), "kept\nkept\n");
    assert_eq!(instance.shell("one", "cat /etc/machine-id"), identity);
}

#[test]
#[ignore = "needs root"]
fn names_are_checked_before_anything_is_made() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    for (name, expected) in [("one", "exists already"), ("Not_a_label", "not usable"), ("management-7", "not usable")] {
        let output = instance.run(&["host", "add", name]);
        assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{name}: {output:?}");
    }
    let output = instance.run(&["host", "remove", "two"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected one of one"), "{output:?}");
}

#[test]
#[ignore = "needs root"]
fn down_leaves_nothing_behind() {
    let before = Snapshot::take();
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.succeed(&["host", "add", "two"]);
    instance.succeed(&["host", "remove", "two"]);
    assert_ne!(Snapshot::take(), before, "the snapshot sees an instance");
    instance.succeed(&["down"]);
    drop(instance);
    before.assert_equal_soon();
}

#[test]
#[ignore = "needs root"]
fn down_leaves_nothing_behind_after_everything_was_killed() {
    let before = Snapshot::take();
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.succeed(&["host", "add", "two"]);
    for name in ["one", "two"] {
        kill(instance.pid(name));
    }
    instance.succeed(&["down"]);
    drop(instance);
    before.assert_equal_soon();
}

#[test]
#[ignore = "needs root"]
fn hosts_come_back_after_the_machine_lost_its_namespaces() {
    let instance = Instance::up();
    instance.succeed(&["host", "add", "one"]);
    instance.shell("one", "echo kept > /var/lib/file");
    kill(instance.pid("one"));
    // What a restart of the machine takes away: pins and process records.
    let run = instance.folder.path().join("instance/run");
    for pin in ["switch", "dead-end"] {
        let status = Command::new("umount").arg(run.join(pin)).status().expect("umount");
        assert!(status.success());
    }
    std::fs::remove_file(run.join("one.json")).expect("removed");
    instance.succeed(&["switch"]);
    assert_eq!(instance.shell("one", "cat /var/lib/file"), "kept\n");
}
