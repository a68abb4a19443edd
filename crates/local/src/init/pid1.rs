//! PID 1 of a host: a small init in the manner of sysvinit.
//!
//! It reaps orphans, keeps the processes of /etc/inittab running, reads that file again on SIGHUP
//! and shuts the host down on SIGTERM. It runs nothing else. Its death, however it comes, ends
//! every process of the host at once.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    ffi::OsStr,
    io::Write,
    os::fd::AsFd,
    time::{Duration, Instant},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, Signal, kill},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, setsid},
};
use rustix::{
    process::{Resource, getrlimit, setrlimit},
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
};

use super::{
    Error, boot,
    inittab::{self, Action, Entry},
    root,
    spawn::{self, Group},
    step,
};

/// A process that ran this long was not failing at its start and is started again at once.
const SETTLED: Duration = Duration::from_secs(1);
/// Longest pause before a process that keeps ending is started again; killed processes must be
/// back within 5 s.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Time for processes to end by themselves at shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

pub(super) fn run() -> Result<Infallible, Error> {
    let orders = boot::read_orders()?;
    setsid().map_err(step("make a session"))?;
    let signals = SigSet::from_iter([Signal::SIGCHLD, Signal::SIGHUP, Signal::SIGTERM]);
    signals.thread_block().map_err(step("block signals"))?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .map_err(step("wait for signals"))?;
    let console = fs_err::OpenOptions::new()
        .create(true)
        .append(true)
        .open(orders.folder.join("console.log"))
        .map_err(step("open the host's console"))?;
    root::enter(&orders)?;
    // `ps` should show what it is, not where it came from.
    rustix::thread::set_name(c"init").map_err(|error| step("take the name init")(std::io::Error::from(error)))?;
    raise_open_files();

    let mut init = Init { entries: BTreeMap::new() };
    let mut answer = std::io::stdout();
    writeln!(answer, "{}", boot::READY).and_then(|()| answer.flush()).map_err(step("report readiness"))?;
    // From here on nobody is at the other end of the pipes.
    let nothing = fs_err::File::open("/dev/null").map_err(step("open /dev/null"))?;
    dup2_stdin(&nothing)
        .and_then(|()| dup2_stdout(&console))
        .and_then(|()| dup2_stderr(&console))
        .map_err(|error| step("write to the console")(std::io::Error::from(error)))?;
    drop(console);
    init.reload();
    loop {
        init.start_due();
        let mut watched = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        // An interruption only makes the loop look once more.
        let _ = poll(&mut watched, init.next_start());
        while let Ok(Some(info)) = signals.read_signal() {
            match i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok()) {
                Some(Signal::SIGHUP) => init.reload(),
                Some(Signal::SIGTERM) => shut_down(&signals),
                _ => {}
            }
        }
        init.reap();
    }
}

/// Programs expect the soft limit that servers have; the hard one cannot be raised everywhere.
fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}

/// State of one inittab line.
struct Process {
    entry: Entry,
    state: State,
    pause: Duration,
}

enum State {
    Running { pid: Pid, since: Instant },
    Due(Instant),
    Done,
}

struct Init {
    entries: BTreeMap<String, Process>,
}

impl Init {
    /// Reads /etc/inittab: new lines start, lines that went or changed are ended.
    fn reload(&mut self) {
        let wanted = inittab::parse(&fs_err::read_to_string("/etc/inittab").unwrap_or_default());
        self.entries.retain(|_, process| {
            let stays = wanted.contains(&process.entry);
            if let (false, State::Running { pid, .. }) = (stays, &process.state) {
                // The whole group: the line's shell may have started others.
                let _ = kill(Pid::from_raw(-pid.as_raw()), Signal::SIGTERM);
            }
            stays
        });
        for entry in wanted {
            self.entries.entry(entry.id.clone()).or_insert_with(|| Process {
                entry,
                state: State::Due(Instant::now()),
                pause: Duration::ZERO,
            });
        }
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        for process in self.entries.values_mut() {
            if !matches!(process.state, State::Due(at) if at <= now) {
                continue;
            }
            process.state = match start(&process.entry.command) {
                Ok(pid) => State::Running { pid, since: now },
                Err(error) => {
                    eprintln!("init: cannot start `{}`: {error}", process.entry.command);
                    State::Due(now + LONGEST_PAUSE)
                }
            };
        }
    }

    fn next_start(&self) -> PollTimeout {
        let due = self.entries.values().filter_map(|process| match process.state {
            State::Due(at) => Some(at.saturating_duration_since(Instant::now())),
            _ => None,
        });
        // One millisecond more, because the conversion rounds down and would spin until then.
        due.min()
            .and_then(|wait| PollTimeout::try_from(wait + Duration::from_millis(1)).ok())
            .unwrap_or(PollTimeout::NONE)
    }

    fn reap(&mut self) {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let pid = match status {
                WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, ..) => pid,
                WaitStatus::StillAlive => return,
                _ => continue,
            };
            if let Some(process) = self
                .entries
                .values_mut()
                .find(|process| matches!(process.state, State::Running { pid: own, .. } if own == pid))
            {
                process.ended(status);
            }
        }
    }
}

impl Process {
    fn ended(&mut self, status: WaitStatus) {
        let State::Running { since, .. } = self.state else { return };
        if self.entry.action == Action::Once {
            self.state = State::Done;
            return;
        }
        self.pause = if since.elapsed() >= SETTLED {
            Duration::ZERO
        } else {
            (self.pause * 2).clamp(Duration::from_millis(500), LONGEST_PAUSE)
        };
        eprintln!("init: `{}` ended ({status:?}), started again in {:?}", self.entry.command, self.pause);
        self.state = State::Due(Instant::now() + self.pause);
    }
}

fn start(command: &str) -> std::io::Result<Pid> {
    let script = ["-c".to_owned(), format!("exec {command}")];
    let variables = [("PATH", spawn::PATH), ("HOME", "/"), ("TERM", "linux")];
    spawn::spawn(OsStr::new("/bin/sh"), &script, &variables, Group::Own)
}

/// Ends every process, first politely, and then init itself, which ends the host.
fn shut_down(signals: &SignalFd) -> ! {
    let everyone = Pid::from_raw(-1);
    let _ = kill(everyone, Signal::SIGTERM);
    let deadline = Instant::now() + SHUTDOWN_GRACE;
    while let Some(left) = deadline.checked_duration_since(Instant::now()) {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => break,
                Ok(_) => {}
                // No children: everything in the namespace has ended.
                Err(_) => std::process::exit(0),
            }
        }
        let mut watched = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut watched, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO));
        while let Ok(Some(_)) = signals.read_signal() {}
    }
    // What is left dies with PID 1.
    std::process::exit(0)
}
