//! Work that the agent has done apart from itself: it stops or restarts services, and the agent is one of them.

use std::{
    fs::OpenOptions,
    io,
    process::{ExitStatus, Stdio},
};

use hoist_host::{
    HostRoot,
    init_system::{self, InitSystem},
};
use hoist_node_config::paths;
use tokio::process::{Child, Command};

/// A run of this program that outlives the agent.
pub(super) struct Work {
    child: Child,
    /// Its unit, where systemd runs it.
    unit: Option<String>,
}

impl Work {
    /// Starts `hoist-node <words>`.
    pub(super) fn start(root: &HostRoot, name: &str, words: &[&str]) -> io::Result<Self> {
        let program = root.path(paths::HOIST_NODE);
        let is_systemd = matches!(init_system::detect(root), Ok(InitSystem::Systemd));
        let unit = is_systemd.then(|| format!("hoist-{name}"));
        let mut command = match &unit {
            // A child of ours would be in our control group, and could end with it.
            Some(unit) => {
                let mut command = Command::new("systemd-run");
                command.args(["--quiet", "--collect", "--wait"]).arg(format!("--unit={unit}")).arg(&program);
                command
            }
            None => Command::new(&program),
        };
        let (stdout, stderr) = logs(root, name);
        command.args(words).stdin(Stdio::null()).stdout(stdout).stderr(stderr).process_group(0);
        Ok(Self { child: command.spawn()?, unit })
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Ends it where it is.
    pub(super) async fn stop(mut self) {
        if let Some(unit) = &self.unit {
            // One that has ended meanwhile is no unit any more.
            let _ = Command::new("systemctl").args(["stop", unit]).stdin(Stdio::null()).status().await;
        }
        let _ = self.child.kill().await;
    }
}

/// A log of its own, beside those of the services, for both outputs. A leave that goes well removes its own with the others.
fn logs(root: &HostRoot, name: &str) -> (Stdio, Stdio) {
    let path = root.path(&format!("{}/{name}.log", paths::LOGS));
    let log = OpenOptions::new().create(true).append(true).open(path).and_then(|file| Ok((file.try_clone()?, file)));
    log.map_or_else(|_| (Stdio::null(), Stdio::null()), |(stdout, stderr)| (stdout.into(), stderr.into()))
}
