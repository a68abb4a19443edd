//! Who starts services on a host: systemd, or a System V init that is asked to keep Hoist's own supervisor running.
//!
//! Without either nothing would come back after a reboot, so such a host is refused.

use std::{io, process::Stdio, time::Duration};

use fs_err as fs;
use hoist_node_config::{HostFile, Unit, paths, systemd_unit};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

use crate::{HostRoot, supervisor};

const INITTAB: &str = "/etc/inittab";
const SYSTEMD_UNITS: &str = "/etc/systemd/system";
/// Identifies our line; System V allows four characters.
const INITTAB_ID: &str = "hn";

/// Who starts services on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum InitSystem {
    /// systemd runs each service itself.
    Systemd,
    /// A System V init runs our supervisor.
    SysvInit,
    /// As System V, but lines begin with a terminal instead of an identifier.
    BusyboxInit,
}

/// Why services could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing would start our services at boot.
    #[error(
        "no init system was found that could keep the node's services running: neither systemd (/run/systemd/system) \
         nor a System V init (/etc/inittab); run the host with one of them"
    )]
    Unknown,
    /// A file.
    #[error("failed to change the services of this host")]
    File {
        /// What the system said.
        #[from]
        source: io::Error,
    },
    /// systemctl or the signal to init.
    #[error("`{command}` failed: {cause}")]
    Command {
        /// What was run.
        command: String,
        /// What it said.
        cause: String,
    },
}

/// Finds the init system of the host at `root`.
pub fn detect(root: &HostRoot) -> Result<InitSystem, Error> {
    if root.path("/run/systemd/system").is_dir() {
        return Ok(InitSystem::Systemd);
    }
    if !root.path(INITTAB).is_file() {
        return Err(Error::Unknown);
    }
    let init = fs::read_link("/proc/1/exe").unwrap_or_default();
    let is_busybox = root.is_this_host() && init.file_name().is_some_and(|name| name == "busybox");
    Ok(if is_busybox { InitSystem::BusyboxInit } else { InitSystem::SysvInit })
}

impl InitSystem {
    /// Files this init system needs for `units`, beside the units' own JSON.
    fn files(self, units: &[Unit]) -> Vec<HostFile> {
        match self {
            Self::Systemd => {
                units.iter().map(|unit| HostFile::public(systemd_path(&unit.name), systemd_unit(unit))).collect()
            }
            Self::SysvInit | Self::BusyboxInit => Vec::new(),
        }
    }

    /// Writes what makes `units` start at boot. Returns whether anything changed. Starts nothing.
    pub fn install(self, root: &HostRoot, units: &[Unit]) -> Result<bool, Error> {
        let mut changed = false;
        for file in self.files(units) {
            changed |= root.write(&file.path, file.mode, file.contents.as_bytes())?;
        }
        if self != Self::Systemd {
            let text = root.read(INITTAB)?.unwrap_or_default();
            if let Some(with_line) = self.with_line(&text) {
                changed |= root.write(INITTAB, 0o644, with_line.as_bytes())?;
            }
        }
        Ok(changed)
    }

    fn line(self) -> String {
        let supervise = format!("{} supervise", paths::HOIST_NODE);
        match self {
            Self::BusyboxInit => format!("::respawn:{supervise}"),
            _ => format!("{INITTAB_ID}:2345:respawn:{supervise}"),
        }
    }

    fn with_line(self, inittab: &str) -> Option<String> {
        let line = self.line();
        if inittab.lines().any(|found| found == line) {
            return None;
        }
        let separator = if inittab.is_empty() || inittab.ends_with('\n') { "" } else { "\n" };
        Some(format!("{inittab}{separator}{line}\n"))
    }

    /// Starts `units`, which must be installed, or takes over what changed in them. Only on the running host.
    pub fn start(self, units: &[Unit]) -> Result<(), Error> {
        if self == Self::Systemd {
            systemctl(&["daemon-reload"])?;
            let names: Vec<String> = units.iter().map(|unit| service(&unit.name)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            systemctl(&[&["enable", "--quiet"], names.as_slice()].concat())?;
            // Not waiting for each other here is what lets all of them start at once.
            return systemctl(&[&["restart", "--no-block"], names.as_slice()].concat());
        }
        if supervisor::reload(&supervisor::Folders::of(&HostRoot::this_host()))? {
            return Ok(());
        }
        reread_inittab()
    }

    /// Whether a unit's process runs on this host.
    pub fn is_running(self, unit: &str) -> bool {
        if self == Self::Systemd {
            return systemctl(&["is-active", "--quiet", &service(unit)]).is_ok();
        }
        supervisor::runs(&supervisor::Folders::of(&HostRoot::this_host()), unit)
    }

    /// Number of a unit's process on this host, if it runs.
    pub fn process(self, unit: &str) -> Option<i32> {
        if self == Self::Systemd {
            let said = systemctl_says(&["show", "--property=MainPID", "--value", &service(unit)]);
            return said.parse().ok().filter(|pid| *pid > 0);
        }
        supervisor::process(&supervisor::Folders::of(&HostRoot::this_host()), unit)
    }

    /// Restarts one running unit, for example to run a new program.
    pub fn restart(self, unit: &str) -> Result<(), Error> {
        if self == Self::Systemd {
            return systemctl(&["restart", "--no-block", &service(unit)]);
        }
        Ok(supervisor::restart(&supervisor::Folders::of(&HostRoot::this_host()), unit)?)
    }

    /// Stops `units` until they are started again; returns when they have ended. The others, and what starts them at boot, stay.
    pub fn stop(self, root: &HostRoot, units: &[&str]) -> Result<(), Error> {
        if self == Self::Systemd {
            let names: Vec<String> = units.iter().map(|unit| service(unit)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            return systemctl(&[&["stop"], names.as_slice()].concat());
        }
        for unit in units {
            root.remove(&format!("{}/{unit}.json", paths::UNITS))?;
        }
        let folders = supervisor::Folders::of(root);
        supervisor::reload(&folders)?;
        let deadline = std::time::Instant::now() + STOP_DEADLINE;
        while let Some(unit) = units.iter().find(|unit| supervisor::runs(&folders, unit)) {
            if std::time::Instant::now() >= deadline {
                return Err(Error::Command {
                    command: format!("stop {unit}"),
                    cause: format!("it still runs after {} s", STOP_DEADLINE.as_secs()),
                });
            }
            // There is nothing to wait on: the process is another one's child.
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Stops `units` if they run and removes what [`Self::install`] wrote.
    pub fn remove(self, root: &HostRoot, units: &[String]) -> Result<(), Error> {
        if self == Self::Systemd {
            let present: Vec<&String> = units.iter().filter(|unit| root.path(&systemd_path(unit)).exists()).collect();
            if root.is_this_host() && !present.is_empty() {
                let names: Vec<String> = present.iter().map(|unit| service(unit)).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                systemctl(&[&["disable", "--quiet", "--now"], names.as_slice()].concat())?;
            }
            for unit in present {
                root.remove(&systemd_path(unit))?;
            }
            return if root.is_this_host() { systemctl(&["daemon-reload"]) } else { Ok(()) };
        }
        if let Some(text) = root.read(INITTAB)? {
            let line = self.line();
            let kept: String = text.lines().filter(|found| *found != line).flat_map(|found| [found, "\n"]).collect();
            root.write(INITTAB, 0o644, kept.as_bytes())?;
        }
        if root.is_this_host() {
            // First init forgets the line, then the supervisor ends: the other way round it would come back.
            reread_inittab()?;
            supervisor::stop(&supervisor::Folders::of(root))?;
        }
        Ok(())
    }
}

/// Makes systemd, where it runs, forget the slice `name` and all below it. The slice must be known to it.
pub fn end_slice(name: &str) -> Result<(), Error> {
    if HostRoot::this_host().path("/run/systemd/system").is_dir() { systemctl(&["stop", name]) } else { Ok(()) }
}

fn service(unit: &str) -> String {
    format!("hoist-{unit}.service")
}

fn systemd_path(unit: &str) -> String {
    format!("{SYSTEMD_UNITS}/{}", service(unit))
}

fn reread_inittab() -> Result<(), Error> {
    kill(Pid::from_raw(1), Signal::SIGHUP)
        .map_err(|cause| Error::Command { command: "kill -HUP 1".to_owned(), cause: cause.to_string() })
}

/// Longest that the supervisor may take to end services, by force if need be.
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// Longest that systemd may take to stop or start our services.
const SYSTEMCTL_DEADLINE: Duration = Duration::from_secs(60);

pub(crate) fn systemctl(arguments: &[&str]) -> Result<(), Error> {
    let command = format!("systemctl {}", arguments.join(" "));
    let failed = |cause: String| Error::Command { command: command.clone(), cause };
    let mut child = std::process::Command::new("systemctl")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|cause| failed(cause.to_string()))?;
    let deadline = std::time::Instant::now() + SYSTEMCTL_DEADLINE;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if std::time::Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Err(failed(format!("no answer within {} s", SYSTEMCTL_DEADLINE.as_secs())));
        }
        // The standard library has no wait with a deadline.
        std::thread::sleep(Duration::from_millis(20));
    };
    if status.success() {
        return Ok(());
    }
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        io::Read::read_to_string(&mut stderr, &mut said)?;
    }
    Err(failed(format!("{status}; {}", said.trim())))
}

/// The first line of what systemctl prints; its exit code says the same.
pub(crate) fn systemctl_says(arguments: &[&str]) -> String {
    let output =
        std::process::Command::new("systemctl").args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root_with_inittab(text: &str) -> (tempfile::TempDir, HostRoot) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        root.write(INITTAB, 0o644, text.as_bytes()).expect("written");
        (folder, root)
    }

    #[test]
    fn a_host_without_init_is_refused_and_told_what_is_missing() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = detect(&HostRoot::at(folder.path())).expect_err("no init");
        assert!(error.to_string().contains("/etc/inittab"), "{error}");
    }

    #[test]
    fn systemd_wins_over_an_inittab_left_from_older_days() {
        let (_folder, root) = root_with_inittab("");
        fs::create_dir_all(root.path("/run/systemd/system")).expect("a folder");
        assert_eq!(detect(&root).expect("an init"), InitSystem::Systemd);
    }

    #[test]
    fn the_inittab_gets_one_line_once_and_loses_only_that() {
        let (_folder, root) = root_with_inittab("id:2:initdefault:");
        assert_eq!(detect(&root).expect("an init"), InitSystem::SysvInit);
        assert!(InitSystem::SysvInit.install(&root, &[]).expect("installed"));
        assert!(!InitSystem::SysvInit.install(&root, &[]).expect("nothing to do"));
        assert_eq!(
            root.read(INITTAB).expect("read").as_deref(),
            Some("id:2:initdefault:\nhn:2345:respawn:/opt/hoist/bin/hoist-node supervise\n")
        );
        InitSystem::SysvInit.remove(&root, &[]).expect("removed");
        assert_eq!(root.read(INITTAB).expect("read").as_deref(), Some("id:2:initdefault:\n"));
    }

    #[test]
    fn systemd_gets_one_service_a_unit() {
        let (_folder, root) = root_with_inittab("");
        let unit = Unit::new("kubelet", ["/opt/hoist/bin/kubelet"]);
        assert!(InitSystem::Systemd.install(&root, &[unit]).expect("installed"));
        let path = "/etc/systemd/system/hoist-kubelet.service";
        assert!(root.path(path).exists());
        InitSystem::Systemd.remove(&root, &["kubelet".into(), "never-there".into()]).expect("removed");
        assert!(!root.path(path).exists());
    }
}
