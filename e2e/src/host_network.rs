//! The network of a local host, entered from outside: for what no program on a plain host could do.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::thread;

use anyhow::{Context, anyhow};
use nix::sched::{CloneFlags, setns};
use serde_json::Value;

/// What `hcp local status` says of a host.
fn host<'a>(status: &'a Value, name: &str) -> anyhow::Result<&'a Value> {
    let hosts = status["hosts"].as_array().into_iter().flatten();
    hosts
        .into_iter()
        .find(|host| host["name"] == name)
        .with_context(|| format!("`hcp local status` lists no host {name}"))
}

/// Address of a host.
pub fn address(status: &Value, name: &str) -> anyhow::Result<String> {
    Ok(host(status, name)?["address"].as_str().context("the host has no address")?.to_owned())
}

/// Listens inside a host's network; the socket stays there whoever holds it.
pub fn listen(status: &Value, name: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    inside(status, name, move || Ok(TcpListener::bind(address)?))
}

/// Runs `act` in a thread that is inside a host's network, and so is every thread that it starts.
pub fn inside<T: Send + 'static>(
    status: &Value,
    name: &str,
    act: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    let pid = host(status, name)?["pid"].as_i64().with_context(|| format!("host {name} does not run"))?;
    let namespace = File::open(format!("/proc/{pid}/ns/net"))?;
    let thread = thread::spawn(move || {
        setns(namespace, CloneFlags::CLONE_NEWNET).context("failed to enter the host's network")?;
        act()
    });
    thread.join().map_err(|_| anyhow!("the thread inside {name}'s network panicked"))?
}
