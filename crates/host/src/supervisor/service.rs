//! One service: started when what it needs is ready, and again whenever it ends.

use std::{
    io,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use hoist_node_config::{Unit, paths};
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::Instant,
};
use tracing::{error, info, warn};

use super::{Folders, log, readiness, record};
use crate::processes::Process;

/// How long a service may take to end before it is ended by force.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// Longest pause between restarts: whatever the service lacked, it is back five seconds after that comes.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A service that ran this long is taken to be well; its next restart is quick again.
const WELL_AFTER: Duration = Duration::from_secs(10);

/// Keeps `unit` running until `stop` turns true; then ends it.
pub(super) async fn keep_running(
    unit: Unit,
    folders: Folders,
    dependencies: Vec<watch::Receiver<bool>>,
    ready: Arc<watch::Sender<bool>>,
    mut stop: watch::Receiver<bool>,
) {
    let first_pause = Duration::from_millis(unit.restart_delay).min(LONGEST_PAUSE);
    let mut pause = first_pause;
    end_leftover(&unit, &folders).await;
    for mut dependency in dependencies {
        tokio::select! {
            _ = dependency.wait_for(|ready| *ready) => {}
            () = stopped(&mut stop) => return,
        }
    }
    loop {
        let started = Instant::now();
        match spawn(&unit, &folders) {
            Ok(mut child) => {
                info!(unit = unit.name, pid = child.id(), "started");
                let ended = tokio::select! {
                    ended = watch_over(&unit, &mut child, &ready) => Some(ended),
                    () = stopped(&mut stop) => None,
                };
                ready.send_replace(false);
                let Some(ended) = ended else {
                    end(&unit, &mut child).await;
                    return;
                };
                match ended {
                    Ok(status) => warn!(unit = unit.name, %status, pause_ms = pause.as_millis(), "ended; starts again"),
                    Err(cause) => error!(unit = unit.name, %cause, "cannot be waited for; starts again"),
                }
            }
            Err(cause) => error!(unit = unit.name, program = unit.argv[0], %cause, "cannot be started"),
        }
        if started.elapsed() >= WELL_AFTER {
            pause = first_pause;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stopped(&mut stop) => return,
        }
        pause = (pause * 2).clamp(Duration::from_millis(100), LONGEST_PAUSE);
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the supervisor itself is gone, which is a stop as well.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ends what a supervisor that was killed left running, so that two never run side by side.
async fn end_leftover(unit: &Unit, folders: &Folders) {
    let Some(process) = record::read(&record::path(&folders.run, &unit.name)) else { return };
    if !process.is_alive() {
        return;
    }
    info!(unit = unit.name, pid = process.pid, "ending the process that an earlier supervisor left");
    if let Ok(Err(cause)) = tokio::task::spawn_blocking(move || process.end(GRACE)).await {
        error!(unit = unit.name, %cause, "left-over process not ended");
    }
}

fn spawn(unit: &Unit, folders: &Folders) -> io::Result<Child> {
    let (stdout, stderr) = log::open(&folders.logs, &unit.name)?;
    let child = Command::new(&unit.argv[0])
        .args(&unit.argv[1..])
        .env_clear()
        .env("PATH", paths::SEARCH_PATH)
        .env("HOME", "/root")
        .envs(&unit.env)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr)
        // A Ctrl-C meant for a supervisor in a terminal must not reach the services past it.
        .process_group(0)
        .spawn()?;
    if let Some(pid) = child.id() {
        record::write(&record::path(&folders.run, &unit.name), pid)?;
    }
    Ok(child)
}

/// Waits for the end of `child`, and says on the way when it is ready.
async fn watch_over(unit: &Unit, child: &mut Child, ready: &watch::Sender<bool>) -> io::Result<ExitStatus> {
    tokio::select! {
        ended = child.wait() => return ended,
        () = readiness::wait(unit.ready.as_ref()) => {}
    }
    ready.send_replace(true);
    child.wait().await
}

async fn end(unit: &Unit, child: &mut Child) {
    if let Some(process) = child.id().and_then(|pid| Process::by_pid(i32::try_from(pid).ok()?))
        && let Err(cause) = process.signal(nix::sys::signal::Signal::SIGTERM)
    {
        error!(unit = unit.name, %cause, "cannot be signalled");
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        warn!(unit = unit.name, "did not end in time; killed");
        if let Err(cause) = child.kill().await {
            error!(unit = unit.name, %cause, "cannot be killed");
        }
    }
    info!(unit = unit.name, "stopped");
}
