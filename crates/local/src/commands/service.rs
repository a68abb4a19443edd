//! The systemd service that brings an instance back when the machine starts.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::Error;
use crate::{files, instance::Instance, machine};

/// Where administrators' services lie.
const FOLDER: &str = "/etc/systemd/system";
/// There only while systemd is the machine's init.
const RUNNING: &str = "/run/systemd/system";

/// Refuses where no service can be installed.
pub fn check(instance: &Instance) -> Result<(), Error> {
    check_in(instance, Path::new(RUNNING))
}

fn check_in(instance: &Instance, running: &Path) -> Result<(), Error> {
    if running.is_dir() { Ok(()) } else { Err(Error::NoSystemd { instance: instance.name().to_owned() }) }
}

/// Installs the service and lets it start with the machine. Says whether it was different before.
///
/// - `program`: the `hcp` it runs, by an absolute path that stays.
pub fn install(instance: &Instance, program: &Path) -> Result<bool, Error> {
    machine::require_root()?;
    instance.record()?;
    check(instance)?;
    let path = path(instance);
    let failed = |source| Error::Io { action: "write the instance's service", source };
    if !files::write_if_changed(&path, unit(instance, program), 0o644).map_err(failed)? {
        return Ok(false);
    }
    systemctl(&["daemon-reload"])?;
    systemctl(&["enable", "--quiet", &name(instance)])?;
    Ok(true)
}

/// Removes the service; one that is not there is fine.
pub(super) fn remove(instance: &Instance) -> Result<(), Error> {
    let path = path(instance);
    if !path.exists() {
        return Ok(());
    }
    // Not stopped: it may be what runs this, and everything it started is gone already.
    systemctl(&["disable", "--quiet", &name(instance)])?;
    files::remove(&path).map_err(|source| Error::Io { action: "remove the instance's service", source })?;
    systemctl(&["daemon-reload"])
}

fn name(instance: &Instance) -> String {
    format!("hoist-{}.service", instance.cgroup_name())
}

fn path(instance: &Instance) -> PathBuf {
    Path::new(FOLDER).join(name(instance))
}

/// The cache is found by its own path: a service has no home folder.
fn unit(instance: &Instance, program: &Path) -> String {
    format!(
        "[Unit]\n\
         Description=Local Hoist instance {name}\n\
         After=local-fs.target\n\
         \n\
         [Service]\n\
         Type=oneshot\n\
         RemainAfterExit=yes\n\
         Environment=HOIST_CACHE={cache}\n\
         ExecStart={program} local up --instance {name} --state-dir {state_dir}\n\
         # Hosts have control groups of their own and outlive this service.\n\
         KillMode=process\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n",
        name = instance.name(),
        cache = machine::cache_dir().display(),
        program = program.display(),
        state_dir = instance.state_dir().display(),
    )
}

fn systemctl(arguments: &[&str]) -> Result<(), Error> {
    let output = Command::new("systemctl").args(arguments).stdin(Stdio::null()).output();
    let failed = |source| Error::Io { action: "ask systemd to take notice of the instance's service", source };
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(std::io::Error::other(format!("`systemctl {}`: {text}", arguments.join(" ")))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_brings_up_this_very_instance() {
        let instance = Instance::new("lab", Some(Path::new("/srv/lab"))).unwrap();
        let unit = unit(&instance, Path::new("/usr/local/bin/hcp"));
        assert!(unit.contains("ExecStart=/usr/local/bin/hcp local up --instance lab --state-dir /srv/lab\n"), "{unit}");
        assert!(unit.contains(&format!("Environment=HOIST_CACHE={}\n", machine::cache_dir().display())), "{unit}");
        // Else systemd would end the hosts with the service that started them.
        assert!(unit.contains("KillMode=process\n") && unit.contains("RemainAfterExit=yes\n"), "{unit}");
        assert!(unit.ends_with("[Install]\nWantedBy=multi-user.target\n"), "{unit}");
        assert_eq!(name(&instance), format!("hoist-{}.service", instance.cgroup_name()));
    }

    #[test]
    fn without_systemd_it_is_said_what_to_do_instead() {
        let instance = Instance::new("lab", None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        check_in(&instance, folder.path()).unwrap();
        let error = check_in(&instance, &folder.path().join("absent")).unwrap_err().to_string();
        assert!(error.contains("expected systemd") && error.contains("hcp local up"), "{error}");
    }
}
