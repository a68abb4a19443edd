//! An instance leaves no trace, and its packets stay inside.

use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

use hoist_e2e::command::run;
use hoist_e2e::machine::Machine;
use hoist_e2e::packets::{self, Counter};
use hoist_e2e::world::World;

/// Leaves one thing of each kind and looks whether the comparison that follows `down` would see it.
pub fn comparison_sees_everything(world: &mut World) -> anyhow::Result<()> {
    let before = Machine::look(world.instance())?;
    let mut left = Left::default();
    let seen = left.leave().and_then(|()| Machine::look(world.instance()));
    left.remove();
    let differences = before.differences(&seen?);
    for expected in [
        "+ mount none /run/hoist-probe/mount tmpfs",
        "+ link ",
        "+ nftables table inet probe",
        "+ file /run/hoist-probe",
        "+ file /etc/hoist-probe",
        "+ setting /proc/sys/net/ipv4/conf/probe0/forwarding",
        "+ control group /sys/fs/cgroup/",
        "+ process ",
    ] {
        ensure!(
            differences.iter().any(|line| line.starts_with(expected)),
            "what was left is not seen: {expected}\n{differences:#?}"
        );
    }
    before.expect_again()
}

/// What a careless `down` could leave.
#[derive(Default)]
struct Left {
    process: Option<Child>,
    groups: Vec<std::path::PathBuf>,
}

impl Left {
    fn leave(&mut self) -> anyhow::Result<()> {
        fs_err::create_dir_all("/run/hoist-probe/mount")?;
        fs_err::write("/etc/hoist-probe", "left")?;
        run("mount", &["-t", "tmpfs", "none", "/run/hoist-probe/mount"], &[])?.success()?;
        run("ip", &["link", "add", "probe0", "type", "bridge"], &[])?.success()?;
        run("nft", &["add", "table", "inet", "probe"], &[])?.success()?;
        // cgroup v1 has a folder a hierarchy, v2 is one.
        let root = std::path::Path::new("/sys/fs/cgroup");
        let unified = root.join("cgroup.controllers").exists();
        let group = if unified { root.join("hoist-probe") } else { root.join("memory/hoist-probe") };
        fs_err::create_dir(&group)?;
        self.groups.push(group);
        let sleep = Command::new("unshare").args(["--net", "sleep", "60"]).stdin(Stdio::null()).spawn();
        let child = self.process.insert(sleep.context("failed to start unshare")?);
        // Until it is in its own namespace it is a process like any other.
        let own = std::fs::read_link("/proc/self/ns/net")?;
        let path = format!("/proc/{}/ns/net", child.id());
        hoist_e2e::eventually::eventually(
            "the process left is in a namespace of its own",
            std::time::Duration::from_secs(5),
            || {
                ensure!(std::fs::read_link(&path)? != own, "still in ours");
                Ok(())
            },
        )
    }

    /// Each step on its own, since any may not have been made.
    fn remove(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        for group in self.groups.drain(..) {
            let _ = fs_err::remove_dir(group);
        }
        let _ = run("nft", &["delete", "table", "inet", "probe"], &[]);
        let _ = run("ip", &["link", "delete", "probe0"], &[]);
        let _ = run("umount", &["/run/hoist-probe/mount"], &[]);
        let _ = fs_err::remove_dir_all("/run/hoist-probe");
        let _ = fs_err::remove_file("/etc/hoist-probe");
    }
}

/// Starts the counter of the whole run, after a proof that it counts.
pub fn counter_counts(world: &mut World) -> anyhow::Result<()> {
    let counter = Counter::new(world.instance());
    counter.start()?;
    let sent = packets::probe()?;
    let (seen, pairs) = counter.read()?;
    // Each is seen when it is sent; whether it is seen a second time, when received, is the kernel's choice.
    ensure!(seen >= sent, "{sent} packets were sent over lo and {seen} counted");
    ensure!(pairs.len() as u64 >= sent, "{sent} ranges were probed and these seen: {pairs:?}");
    counter.start()
}

pub fn no_packet_outside(world: &mut World) -> anyhow::Result<()> {
    let (seen, pairs) = Counter::new(world.instance()).read()?;
    ensure!(seen == 0, "{seen} packets of the instance's ranges were seen on the machine's interfaces: {pairs:#?}");
    Ok(())
}
