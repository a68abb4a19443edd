//! The first half of a host's start: control group, namespaces and network, seen from outside.
//!
//! It runs in a process of its own that ends when the host is up; the init it starts is then an
//! orphan, which no signal to a terminal and no death of `hcp` reaches.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, Stdio},
};

use nix::sched::{CloneFlags, unshare};
use serde::{Deserialize, Serialize};

use super::{Error, step};
use crate::{cgroup::Cgroups, files, instance::Instance, network::switch, process::Process};

/// What PID 1 writes when the host is up.
pub(super) const READY: &str = "ready";

/// Everything the start of a host needs to know, as JSON on standard input.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Orders {
    /// Name of the instance.
    pub instance: String,
    /// The instance's state folder.
    pub state_dir: PathBuf,
    /// Name of the host.
    pub host: String,
    /// Its address on the bridge.
    pub address: Ipv4Addr,
    /// The read-only root file system below it.
    pub base: PathBuf,
    /// The host's folder: `upper`, `work`, `root` and `var` inside.
    pub folder: PathBuf,
}

/// Reads the orders from standard input. They are no arguments, because those of PID 1 can be read
/// inside the host, which has no business with the machine's folders.
pub(super) fn read_orders() -> Result<Orders, Error> {
    serde_json::from_reader(std::io::stdin()).map_err(|source| Error::Orders { source })
}

pub(super) fn boot() -> Result<(), Error> {
    let orders = read_orders()?;
    let instance = Instance::new(&orders.instance, Some(&orders.state_dir))
        .map_err(|error| step("use the instance")(std::io::Error::other(error)))?;

    let group = Cgroups::detect()?.host(&instance.cgroup_name(), &orders.host);
    group.create()?;
    group.join_root()?;

    // Threads that talk to the switch must be done before the process namespace is unshared:
    // afterwards the kernel refuses new threads.
    unshare(CloneFlags::CLONE_NEWNET).map_err(step("make a network namespace"))?;
    let network = File::open("/proc/self/ns/net").map_err(step("open the network namespace"))?;
    switch::add_port(&instance, orders.address, &network)?;

    unshare(
        CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWCGROUP,
    )
    .map_err(step("make the host's namespaces"))?;
    // The folder itself is now the root of the host's control groups. Nothing may stay in it: on
    // cgroup v2 it could not hand controllers to its children.
    group.join()?;

    let mut init = Command::new("/proc/self/exe")
        .arg0("init")
        .args(["local-init", "pid1"])
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(step("start the host's init"))?;
    if let Some(stdin) = init.stdin.take() {
        serde_json::to_writer(stdin, &orders).map_err(|source| Error::Orders { source })?;
    }
    let mut answer = String::new();
    let stdout = init.stdout.take().ok_or(Error::Ended)?;
    BufReader::new(stdout).read_line(&mut answer).map_err(step("hear from the host's init"))?;
    if answer.trim_end() != READY {
        return Err(Error::Ended);
    }
    let pid =
        i32::try_from(init.id()).map_err(|error| step("read the init's process id")(std::io::Error::other(error)))?;
    let process = Process::find(pid).ok_or(Error::Ended)?;
    // Written here and not by the caller, so that a killed caller leaves no unknown host.
    files::write_json(&instance.run_dir().join(format!("{}.json", orders.host)), &process, 0o600)
        .map_err(step("record the host's init"))
}
