//! Running a command inside a running host, as ssh would: in all its namespaces and its control
//! group, with the caller's terminal, streams and exit code.

use std::{ffi::OsString, os::fd::AsFd, path::PathBuf};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sched::{CloneFlags, setns},
    sys::{
        signal::{SigSet, Signal, kill},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, chdir},
};
use rustix::process::{PidfdFlags, pidfd_open};

use super::{
    Error,
    spawn::{self, Group},
    step,
};
use crate::{
    cgroup::Cgroups,
    instance::Instance,
    process::{Process, Stamp},
};

/// Variables of the caller that describe its terminal, which the command shares.
const KEPT: [&str; 4] = ["TERM", "COLORTERM", "COLUMNS", "LINES"];

/// Arguments: instance, state folder, host, PID 1 and its stamp, command and its arguments.
pub(super) fn enter(mut arguments: impl Iterator<Item = OsString>) -> Result<u8, Error> {
    let mut text = || arguments.next().and_then(|argument| argument.into_string().ok()).ok_or(Error::Usage);
    let (name, state_dir, host) = (text()?, PathBuf::from(text()?), text()?);
    let pid: i32 = text()?.parse().map_err(|_| Error::Usage)?;
    let stamp = Stamp::parse(&text()?).ok_or(Error::Usage)?;
    let program = arguments.next().ok_or(Error::Usage)?;
    let instance = Instance::new(&name, Some(&state_dir)).map_err(|_| Error::Usage)?;

    let init = rustix::process::Pid::from_raw(pid).ok_or(Error::Usage)?;
    let init = pidfd_open(init, PidfdFlags::empty())
        .map_err(|error| step("find the host's init")(std::io::Error::from(error)))?;
    // Compared after the process is held, so that a new process under the old number is noticed.
    if (Process { pid, stamp }).is_alive() {
        Cgroups::detect()?.host(&instance.cgroup_name(), &host).join()?;
    } else {
        return Err(Error::Ended);
    }
    setns(
        init.as_fd(),
        CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWPID
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWCGROUP,
    )
    .map_err(step("enter the host's namespaces"))?;
    drop(init);
    chdir("/").map_err(step("go to /"))?;

    // A terminal sends its signals to the command as well; those sent to this process alone are
    // passed on.
    let passed = [Signal::SIGTERM, Signal::SIGHUP];
    let mut signals = SigSet::from_iter([Signal::SIGCHLD, Signal::SIGINT, Signal::SIGQUIT]);
    for signal in passed {
        signals.add(signal);
    }
    signals.thread_block().map_err(step("block signals"))?;
    let signals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .map_err(step("wait for signals"))?;
    // Whoever kills the caller means the command.
    let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM));

    let kept = KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
    let usual = [("PATH", spawn::PATH), ("HOME", "/root"), ("USER", "root"), ("LANG", "C.UTF-8")];
    let variables: Vec<_> = kept.chain(usual.map(|(name, value)| (name, OsString::from(value)))).collect();
    let arguments: Vec<OsString> = arguments.collect();
    let child = spawn::spawn(&program, &arguments, &variables, Group::Same)
        .map_err(|source| Error::Run { program: program.to_string_lossy().into_owned(), source })?;
    wait(child, &signals, &passed)
}

fn wait(child: Pid, signals: &SignalFd, passed: &[Signal]) -> Result<u8, Error> {
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG)).map_err(step("wait for the command"))? {
            WaitStatus::Exited(_, code) => return Ok(u8::try_from(code).unwrap_or(1)),
            WaitStatus::Signaled(_, signal, _) => return Ok(u8::try_from(128 + signal as i32).unwrap_or(1)),
            _ => {}
        }
        let mut watched = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut watched, PollTimeout::NONE);
        while let Ok(Some(info)) = signals.read_signal() {
            let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
            if let Some(signal) = signal.filter(|signal| passed.contains(signal)) {
                let _ = kill(child, signal);
            }
        }
    }
}
