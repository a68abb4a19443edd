//! Processes told apart by more than their number.
//!
//! A number is used again; number and start time together are not.

use std::{io, time::Duration};

use fs_err as fs;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

/// One process, as long as it lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: i32,
    /// Clock ticks between boot and its start.
    pub(crate) start_ticks: u64,
}

impl Process {
    /// The living process of this number.
    pub(crate) fn by_pid(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (state, start_ticks) = parse_stat(&stat)?;
        // A zombie does nothing any more; only its parent can remove it.
        (state != 'Z' && state != 'X').then_some(Self { pid, start_ticks })
    }

    /// Whether it still runs.
    pub(crate) fn is_alive(self) -> bool {
        Self::by_pid(self.pid) == Some(self)
    }

    /// Sends a signal; no matter if the process is gone.
    pub(crate) fn signal(self, signal: Signal) -> io::Result<()> {
        if !self.is_alive() {
            return Ok(());
        }
        match kill(Pid::from_raw(self.pid), signal) {
            Ok(()) | Err(nix::Error::ESRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends it: politely, and after `grace` by force. Blocks until it is gone.
    pub(crate) fn end(self, grace: Duration) -> io::Result<()> {
        self.signal(Signal::SIGTERM)?;
        if self.wait(grace) {
            return Ok(());
        }
        self.signal(Signal::SIGKILL)?;
        if self.wait(Duration::from_secs(5)) {
            return Ok(());
        }
        Err(io::Error::other(format!("process {} does not end, not even on SIGKILL", self.pid)))
    }

    /// Waits until it is gone; `false` when it was not within `limit`.
    pub(crate) fn wait(self, limit: Duration) -> bool {
        let deadline = std::time::Instant::now() + limit;
        while self.is_alive() {
            if std::time::Instant::now() >= deadline {
                return false;
            }
            // Not our child, so the kernel offers no wait without a file descriptor for every process.
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }
}

/// State and start time. The name, in parentheses, may hold anything, parentheses included.
fn parse_stat(stat: &str) -> Option<(char, u64)> {
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // Source: proc_pid_stat(5); fields 3 (state) and 22 (starttime), counted from 3 after the name.
    Some((fields.first()?.chars().next()?, fields.get(19)?.parse().ok()?))
}

/// Numbers of all processes that this program sees.
pub(crate) fn all() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "12 (a) b (c)) S 1 12 12 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
        assert_eq!(parse_stat(stat), Some(('S', 777)));
    }

    #[test]
    fn a_number_used_again_is_another_process() {
        let own = i32::try_from(std::process::id()).expect("a process number");
        let this = Process::by_pid(own).expect("this process");
        assert!(this.is_alive());
        assert!(!Process { start_ticks: this.start_ticks + 1, ..this }.is_alive());
    }

    #[test]
    fn a_process_that_ignores_sigterm_is_ended_by_force() {
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", "trap '' TERM; echo ready; while :; do sleep 1; done"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        io::BufRead::read_line(&mut io::BufReader::new(child.stdout.take().expect("its output")), &mut line)
            .expect("a line");
        let process = Process::by_pid(i32::try_from(child.id()).expect("a number")).expect("the child");
        process.end(Duration::from_millis(100)).expect("ended");
        assert!(!process.is_alive());
        child.wait().expect("reaped");
    }
}
