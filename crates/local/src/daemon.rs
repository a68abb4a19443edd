//! `local-daemon`, the hidden subcommand that serves an instance on the machine itself: the
//! loopback proxy, and the provisioner of volumes.
//!
//! It lives in the instance's switch but for one socket, which it opened on the machine's loopback
//! before it went there: so it reaches the instance and nothing else, and no route of the machine
//! leads to the instance.

mod provisioner;
mod proxy;

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::MetadataExt,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
};

use nix::{
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::{Pid, setsid},
};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use serde::{Deserialize, Serialize};

use crate::{
    cgroup::{self, Cgroups},
    files,
    instance::{self, Instance},
    network::switch,
    process::Process,
};

/// What the daemon writes when it serves.
const READY: &str = "ready";
/// Its control group; no host's name begins with a dot.
const CGROUP: &str = ".daemon";

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Called by hand.
    #[error("`local-daemon` is started by `hcp local up` itself")]
    Usage,
    /// The instance.
    #[error(transparent)]
    Instance(#[from] instance::Error),
    /// Its control group.
    #[error("cannot put the daemon into its control group")]
    Cgroup(#[from] cgroup::Error),
    /// The switch.
    #[error("cannot reach the instance's switch")]
    Switch(#[from] switch::Error),
    /// The port is taken.
    #[error(
        "cannot listen on 127.0.0.1:{port}, which the instance's kubeconfigs name: expected it free; `ss -ltnp sport = :{port}` shows who has it"
    )]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused a step.
    #[error("cannot {action}")]
    Step {
        /// What was tried.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// It ended before it served.
    #[error("the instance's daemon does not start: {cause}")]
    Start {
        /// What it wrote.
        cause: String,
    },
}

/// What is remembered of a running daemon.
#[derive(Deserialize, Serialize)]
struct Running {
    process: Process,
    /// The program it was started from; another one means that it is outdated.
    program: String,
}

/// The daemon's process, while it runs.
pub fn running(instance: &Instance) -> Option<Process> {
    read(instance).map(|running| running.process)
}

/// Starts the daemon unless this very program's daemon runs already; says whether it was started.
///
/// - `anew`: start it in any case, since the switch it stands in is gone.
pub fn ensure(instance: &Instance, anew: bool) -> Result<bool, Error> {
    let program = program(instance)?;
    if !anew && read(instance).is_some_and(|running| running.program == program) {
        return Ok(false);
    }
    stop(instance)?;
    let mut child = Command::new(instance.program())
        .args(["local-daemon", instance.name()])
        .arg(instance.state_dir())
        .arg(&program)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(step("start the instance's daemon"))?;
    let mut answer = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout).read_line(&mut answer).map_err(step("hear from the instance's daemon"))?;
    }
    if answer.trim_end() == READY {
        return Ok(true);
    }
    let mut cause = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        let _ = stderr.read_to_string(&mut cause);
    }
    let _ = child.wait();
    Err(Error::Start { cause: cause.trim().to_owned() })
}

/// Ends the daemon; one that does not run is fine.
pub fn stop(instance: &Instance) -> Result<(), Error> {
    if let Some(running) = read(instance) {
        let _ = kill(Pid::from_raw(running.process.pid), Signal::SIGKILL);
    }
    Cgroups::detect()?.host(&instance.cgroup_name(), CGROUP).destroy()?;
    files::remove(&record(instance)).map_err(step("forget the daemon"))
}

/// Runs the hidden subcommand.
///
/// - `arguments`: those after `local-daemon`.
/// - Must be called before any thread exists, on the main thread.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match run(arguments.into_iter()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", crate::error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<(), Error> {
    let mut text = || arguments.next().and_then(|argument| argument.into_string().ok()).ok_or(Error::Usage);
    let (name, state_dir, program) = (text()?, PathBuf::from(text()?), text()?);
    let instance = Instance::new(&name, Some(&state_dir))?;
    let port = instance.record()?.proxy_port;
    setsid().map_err(step("make a session"))?;
    let group = Cgroups::detect()?.host(&instance.cgroup_name(), CGROUP);
    group.create()?;
    group.join()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|source| Error::Port { port, source })?;
    listener.set_nonblocking(true).map_err(step("prepare the proxy's socket"))?;
    let log = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(instance.daemon_log())
        .map_err(step("open the daemon's log"))?;
    // Before any thread exists, so that all of them are inside.
    setns(switch::open(&instance)?, CloneFlags::CLONE_NEWNET).map_err(step("enter the instance's switch"))?;
    let own = i32::try_from(std::process::id()).ok().and_then(Process::find);
    let process = own.ok_or_else(|| step("find the daemon's own process")(io::Error::other("it is not in /proc")))?;
    files::write_json(&record(&instance), &Running { process, program }, 0o600).map_err(step("record the daemon"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(step("start the daemon's runtime"))?;
    let mut answer = io::stdout();
    writeln!(answer, "{READY}").and_then(|()| answer.flush()).map_err(step("report readiness"))?;
    dup2_stdout(&log)
        .and_then(|()| dup2_stderr(&log))
        .map_err(|error| step("write to the log")(io::Error::from(error)))?;
    drop(log);
    tracing_subscriber::fmt().with_ansi(false).with_writer(io::stderr).init();
    // The first caller decides, and both would decide alike.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    runtime.block_on(serve(instance, listener)).map_err(step("serve the proxy"))
}

async fn serve(instance: Instance, listener: TcpListener) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    tracing::info!(instance = instance.name(), "daemon started");
    let instance = Arc::new(instance);
    tokio::spawn(provisioner::run(Arc::clone(&instance)));
    proxy::serve(listener, instance).await
}

fn record(instance: &Instance) -> PathBuf {
    instance.run_dir().join(".daemon.json")
}

fn read(instance: &Instance) -> Option<Running> {
    let running: Running = serde_json::from_slice(&fs_err::read(record(instance)).ok()?).ok()?;
    running.process.is_alive().then_some(running)
}

/// Tells one build of the program from another.
fn program(instance: &Instance) -> Result<String, Error> {
    let status = fs_err::metadata(instance.program()).map_err(step("look at the program"))?;
    Ok(format!("{}:{}:{}", status.dev(), status.ino(), status.mtime()))
}

fn step<E: Into<io::Error>>(action: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error::Step { action, source: error.into() }
}
