//! The service that listens for orders and keeps the host's settings as a node needs them.
//!
//! It acts on what the pinned server says, and never on silence: a server that is away for a year changes nothing here. Only what
//! was begun is ended without being asked again.

mod work;

use std::time::Duration;

use anyhow::Context as _;
use hoist_host::{HostRoot, host_configuration, prepare};
use hoist_node_config::join::{Order, Orders};
use rand::Rng as _;
use tracing::{error, info, warn};

use crate::{
    arguments::UpdateArguments,
    cause::chain,
    server::{Error, Server},
    state::State,
    update,
};
use work::Work;

/// Pauses after failures grow up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Between tries of an ordered leave that failed.
const LEAVE_PAUSE: Duration = Duration::from_secs(10);
/// How often orders are looked at while one is carried out: to leave goes before all else.
const LOOK: Duration = Duration::from_secs(5);
/// After an update that failed, so that what it told is known before the next order is read.
const UPDATE_PAUSE: Duration = Duration::from_secs(5);

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
    let mut update: Option<Work> = update::unfinished(&root).and_then(|unfinished| begin(&root, &unfinished));
    loop {
        // Read each time: joining again changes the report token.
        let state = State::load(&root)
            .map_err(|cause| anyhow::anyhow!("{cause}"))?
            .context("this host never joined; run the line that `hcp create join-command` prints")?;
        let server = state.server()?;
        let is_updating = update.is_some();
        let orders = tokio::select! {
            is_well = ended(&mut update) => {
                update = None;
                if !is_well {
                    tokio::time::sleep(UPDATE_PAUSE).await;
                }
                continue;
            }
            orders = ask(&server, &state, is_updating) => orders,
        };
        match orders {
            Ok(Orders { order: Order::None, .. }) => pause = Duration::from_secs(1),
            Ok(Orders { order: Order::Leave, .. }) => {
                info!(cluster = state.cluster, "ordered to leave");
                leave(&root, update.take()).await;
            }
            Ok(Orders {
                order: order @ (Order::Update | Order::Replace | Order::Repair),
                revision: Some(revision),
                repair,
            }) => {
                pause = Duration::from_secs(1);
                if !is_updating {
                    info!(revision, ?order, "ordered to change");
                    let replace = order != Order::Update;
                    update = begin(&root, &UpdateArguments { revision, replace, repair });
                    if update.is_none() {
                        tokio::time::sleep(UPDATE_PAUSE).await;
                    }
                }
            }
            Ok(orders) => {
                warn!(?orders, "an order that says not to what; asking again");
                tokio::time::sleep(LONGEST_PAUSE).await;
            }
            Err(cause) if cause.is_gone() => {
                info!(cluster = state.cluster, "the pinned server says that the cluster is gone: leaving");
                leave(&root, update.take()).await;
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

/// Orders, as soon as there are some; an order that is being carried out stands, so then a while later.
async fn ask(server: &Server, state: &State, is_updating: bool) -> Result<Orders, Error> {
    if is_updating {
        tokio::time::sleep(LOOK).await;
    }
    server.orders(&state.this_host.node_name, &state.report_token).await
}

/// Waits for the end of an update; for ever when there is none.
async fn ended(update: &mut Option<Work>) -> bool {
    match update {
        Some(update) => match update.ended().await {
            Ok(status) => {
                info!(%status, "the update has ended");
                status.success()
            }
            Err(cause) => {
                error!(%cause, "the update cannot be waited for");
                false
            }
        },
        None => std::future::pending().await,
    }
}

fn begin(root: &HostRoot, arguments: &UpdateArguments) -> Option<Work> {
    let mut words = vec!["update", "--revision", arguments.revision.as_str()];
    if arguments.replace {
        words.push("--replace");
    }
    if let Some(repair) = &arguments.repair {
        words.extend(["--repair", repair]);
    }
    Work::start(root, "update", &words).inspect_err(|cause| error!(%cause, "the update could not be started")).ok()
}

/// Leaves, and tries again while that fails.
async fn leave(root: &HostRoot, update: Option<Work>) {
    if let Some(update) = update {
        info!("the update is given up");
        update.stop().await;
    }
    loop {
        let outcome = match Work::start(root, "leave", &["leave", "--ordered"]) {
            Ok(mut leaving) => leaving.ended().await,
            Err(cause) => Err(cause),
        };
        match outcome {
            Ok(status) if status.success() => return,
            Ok(status) => error!(%status, "leaving failed; tried again"),
            Err(cause) => error!(%cause, "leaving could not be started; tried again"),
        }
        tokio::time::sleep(LEAVE_PAUSE).await;
    }
}
