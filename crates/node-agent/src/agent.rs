//! The service that listens for orders and keeps the host's settings as a node needs them.
//!
//! It acts on what the pinned server says, and never on silence: a server that is away for a year changes nothing here.

use std::{process::Stdio, time::Duration};

use anyhow::Context as _;
use hoist_host::{HostRoot, host_configuration, init_system::InitSystem, prepare};
use hoist_node_config::{join::Order, paths};
use rand::Rng as _;
use tokio::process::Command;
use tracing::{error, info, warn};

use crate::{cause::chain, state::State};

/// Pauses after failures grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between tries of an ordered leave that failed.
const LEAVE_PAUSE: Duration = Duration::from_secs(10);

/// Runs until this host has left.
pub(crate) async fn run() -> anyhow::Result<()> {
    let root = HostRoot::this_host();
    // Settings do not outlive a reboot, and nobody else would bring them back.
    prepare::kernel()?;
    if let Err(cause) = host_configuration::kernel(&root) {
        // Orders are listened to all the same: one of them may mend it.
        error!(cause = chain(&cause), "kernel settings of the NodePool were not all set");
    }
    let mut pause = Duration::from_secs(1);
    loop {
        // Read each time: joining again changes the report token.
        let state = State::load(&root)
            .map_err(|cause| anyhow::anyhow!("{cause}"))?
            .context("this host never joined; run the line that `hcp create join-command` prints")?;
        let server = state.server()?;
        match server.orders(&state.this_host.node_name, &state.report_token).await {
            Ok(Order::None) => pause = Duration::from_secs(1),
            Ok(Order::Leave) => {
                info!(cluster = state.cluster, "ordered to leave");
                leave(&root).await;
            }
            Err(cause) if cause.is_gone() => {
                info!(cluster = state.cluster, "the pinned server says that the cluster is gone: leaving");
                leave(&root).await;
            }
            Err(cause) => {
                warn!(%cause, pause_s = pause.as_secs(), "no orders; asking again");
                // Hosts that lost their server together must not come back together.
                let jitter = rand::rng().random_range(0.5..1.5);
                tokio::time::sleep(pause.mul_f64(jitter)).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

/// Starts the leave apart from this service, which the leave itself will stop; and again while it fails.
async fn leave(root: &HostRoot) {
    let program = root.path(paths::HOIST_NODE);
    let is_systemd = matches!(hoist_host::init_system::detect(root), Ok(InitSystem::Systemd));
    loop {
        let mut command = if is_systemd {
            // A child of ours would be in our control group, and could end with it.
            let mut command = Command::new("systemd-run");
            command.args(["--quiet", "--collect", "--wait", "--unit=hoist-leave"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        command
            .args(["leave", "--ordered"])
            .stdin(Stdio::null())
            // Our log is among what the leave removes; the process must not end on a closed pipe.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        match command.status().await {
            Ok(status) if status.success() => return,
            Ok(status) => error!(%status, "leaving failed; tried again"),
            Err(cause) => error!(%cause, "leaving could not be started; tried again"),
        }
        tokio::time::sleep(LEAVE_PAUSE).await;
    }
}
