//! Leave: the node drained and removed by its cluster, then the host as it was before it joined.
//!
//! Nothing is undone before the cluster agrees, unless by force; and nothing of the undoing needs a working node.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    time::{Duration, Instant},
};

use hoist_host::{HostRoot, init_system, teardown, undo::Journal};
use hoist_node_config::{
    Stage,
    join::{Failure, Order, Report},
};

use crate::{
    arguments::LeaveArguments,
    cause::Cause,
    lock,
    progress::{Progress, say},
    server::Server,
    state::State,
};

/// How long draining may take; pods have their own grace periods.
const DRAIN_DEADLINE: Duration = Duration::from_secs(300);
/// How long an unreachable server is tried before leaving is given up.
const UNREACHABLE_DEADLINE: Duration = Duration::from_secs(20);
/// Between tries of a host that was ordered to leave and could not be restored.
const RESTORE_PAUSE: Duration = Duration::from_secs(5);
/// A join that is at work is waited for this long.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// Runs the leave; prints as it goes and ends with the truth.
pub(crate) async fn leave(arguments: &LeaveArguments) -> ExitCode {
    let progress = Progress::new();
    match run(arguments, &progress).await {
        Ok(text) => {
            progress.succeeded(&text);
            ExitCode::SUCCESS
        }
        Err(cause) => {
            progress.failed("Not left", Stage::Leaving, &cause);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &LeaveArguments, progress: &Progress) -> Result<String, Cause> {
    if !nix::unistd::geteuid().is_root() {
        return Err(Cause::new("not running as root", "run `hoist-node leave` as root, for example with sudo"));
    }
    let root = HostRoot::this_host();
    let patience = if arguments.ordered { DRAIN_DEADLINE } else { LOCK_PATIENCE };
    let _lock = lock::take("hoist-node leave", patience).await?;
    let mut state = match State::load(&root) {
        // A damaged state must not keep anybody from leaving by force.
        Err(_) if arguments.force => None,
        state => state?,
    };
    let mut journal = Journal::open(&root).map_err(|cause| Cause::of(&cause, "check /var/lib/hoist/node"))?;
    if state.is_none() && journal.steps().is_empty() {
        return Ok("Nothing to do: this host is no node".to_owned());
    }
    let server = match &state {
        Some(state) => Some(state.server().map_err(|error| error.cause())?),
        None => None,
    };
    if let (Some(state), Some(server), false) = (&mut state, &server, arguments.force || arguments.ordered) {
        agree(&root, state, server, progress).await?;
    }
    if let Some(state) = &mut state {
        leaving(&root, state)?;
    }
    while let Err(cause) = restore(&root, state.as_ref(), &mut journal, progress) {
        if let (Some(state), Some(server)) = (&state, &server) {
            let (name, token) = (&state.this_host.node_name, &state.report_token);
            // Told where people look first; the cause is in the log all the same.
            let _ = server.report(name, token, &report(state, Some(&cause))).await;
        }
        if !arguments.ordered {
            return Err(cause);
        }
        // The agent, who would ask again, is among what was stopped.
        say(format!("Not restored: {cause}; tried again in {} s", RESTORE_PAUSE.as_secs()));
        tokio::time::sleep(RESTORE_PAUSE).await;
    }
    if let (Some(state), Some(server)) = (&state, &server)
        && let Err(error) = server.left(&state.this_host.node_name, &state.report_token).await
        && !error.is_gone()
    {
        progress.note(&format!("the cluster was not told: {error}"));
        if arguments.force {
            progress.note("remove the host there with `hcp remove host`");
        }
    }
    lock::remove();
    Ok("Left: this host is as it was before it joined".to_owned())
}

/// What `hoist-node status` says from here on.
fn leaving(root: &HostRoot, state: &mut State) -> Result<(), Cause> {
    state.stage = Stage::Leaving;
    state.save(root)
}

/// What the cluster is told.
fn report(state: &State, failure: Option<&Cause>) -> Report {
    Report {
        stage: Stage::Leaving,
        failed_stage: failure.map(|_| Stage::Leaving),
        failure: failure.map(|cause| Failure { cause: cause.cause.clone(), next_step: cause.next_step.clone() }),
        times: BTreeMap::default(),
        versions: state.versions.clone(),
        revision: None,
        last_repair: None,
    }
}

/// Asks to leave and waits until the cluster has drained the node.
async fn agree(root: &HostRoot, state: &mut State, server: &Server, progress: &Progress) -> Result<(), Cause> {
    let by_force = "run `hoist-node leave --force` to restore this host without asking; its pods end at once";
    let (name, token) = (&state.this_host.node_name.clone(), &state.report_token.clone());
    let report = report(state, None);
    say(format!("Leaving cluster {}", state.cluster));
    let started = Instant::now();
    let mut is_told = false;
    loop {
        let answer = if is_told {
            server.orders(name, token).await.map(|orders| orders.order)
        } else {
            let told = server.report(name, token, &report).await;
            if told.is_ok() {
                is_told = true;
                leaving(root, state)?;
                progress.note("asked the cluster to drain and remove the node");
            }
            told.map(|()| Order::None)
        };
        match answer {
            Ok(Order::Leave) => {
                progress.note("the node is drained; the cluster removes it as soon as this host is restored");
                return Ok(());
            }
            // One who leaves changes to nothing any more.
            Ok(Order::None | Order::Update | Order::Replace | Order::Repair) => {}
            Err(error) if error.is_gone() => {
                progress.note("the cluster no longer exists");
                return Ok(());
            }
            Err(error) if error.is_transient() && started.elapsed() < UNREACHABLE_DEADLINE => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(Cause::new(error.cause().cause, by_force)),
        }
        if started.elapsed() > DRAIN_DEADLINE {
            return Err(Cause::new(
                format!("the cluster has not drained node {name} within {} s", DRAIN_DEADLINE.as_secs()),
                format!("look at `hcp get hosts`; {by_force}"),
            ));
        }
    }
}

/// Stops services, ends pods, and undoes every recorded change.
fn restore(root: &HostRoot, state: Option<&State>, journal: &mut Journal, progress: &Progress) -> Result<(), Cause> {
    let again = "correct the cause and run `hoist-node leave --force` again";
    if let (Some(state), Ok(init)) = (state, init_system::detect(root)) {
        init.remove(root, &state.units).map_err(|cause| Cause::of(&cause, again))?;
        progress.note("services stopped");
    }
    teardown::end_pods().map_err(|cause| Cause::of(&cause, again))?;
    progress.note("pods ended");
    let failed = journal.undo().map_err(|cause| Cause::of(&cause, again))?;
    if let Some(first) = failed.first() {
        return Err(Cause::new(
            format!("{} change(s) could not be undone, the first is {:?}: {}", failed.len(), first.step, first.cause),
            again,
        ));
    }
    progress.note("files, settings and network restored");
    Ok(())
}
