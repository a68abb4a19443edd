//! Pulls plugs: what dies here dies without a word, as in a power cut.

use std::path::Path;

use anyhow::{Context, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// Kills the init of one host; the kernel kills everything else in it.
pub fn cut_host(status: &Value, name: &str) -> anyhow::Result<()> {
    let host = hosts(status)
        .find(|host| host["name"] == name)
        .with_context(|| format!("`hcp local status` lists no host {name}"))?;
    let pid = host["pid"].as_i64().with_context(|| format!("host {name} does not run"))?;
    kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGKILL)
        .with_context(|| format!("failed to kill the init of {name}"))
}

/// What a restart of the machine leaves of an instance: its state folder. Processes, namespaces, control groups and what was
/// mounted are gone.
pub fn cut_machine(status: &Value) -> anyhow::Result<()> {
    let state = status["stateDir"].as_str().context("the status has no stateDir")?;
    kill_everything(status)?;
    let mounts = fs_err::read_to_string("/proc/self/mounts")?;
    for mount in mounts.lines().filter_map(|line| line.split_whitespace().nth(1)).filter(|path| path.starts_with(state))
    {
        nix::mount::umount2(mount, nix::mount::MntFlags::MNT_DETACH)
            .with_context(|| format!("failed to unmount {mount}"))?;
    }
    Ok(())
}

/// Kills every process of an instance, and leaves mounts, links and files as they are.
pub fn kill_everything(status: &Value) -> anyhow::Result<()> {
    let state = status["stateDir"].as_str().context("the status has no stateDir")?;
    for host in hosts(status) {
        if let Some(pid) = host["pid"].as_i64() {
            // One that died meanwhile is as dead.
            let _ = kill(Pid::from_raw(i32::try_from(pid)?), Signal::SIGKILL);
        }
    }
    for process in processes_naming(state)? {
        let _ = kill(process, Signal::SIGKILL);
    }
    let left = processes_naming(state)?;
    ensure!(left.is_empty() || all_end(&left), "still running: {left:?}");
    Ok(())
}

fn hosts(status: &Value) -> impl Iterator<Item = &Value> {
    status["hosts"].as_array().into_iter().flatten()
}

/// Processes whose command line names the state folder: the instance's daemon and inits.
fn processes_naming(state: &str) -> anyhow::Result<Vec<Pid>> {
    let me = std::process::id();
    let mut found = Vec::new();
    for entry in fs_err::read_dir("/proc")? {
        let path = entry?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let command = std::fs::read(path.join("cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&command).contains(state) && id.unsigned_abs() != me {
            found.push(Pid::from_raw(id));
        }
    }
    Ok(found)
}

fn all_end(processes: &[Pid]) -> bool {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while std::time::Instant::now() < end {
        if processes.iter().all(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            return true;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    false
}
