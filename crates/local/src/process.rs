//! Processes of ours on the machine, remembered so that a recycled number is never mistaken.

use std::fmt;

use serde::{Deserialize, Serialize};

/// When a process started: the boot of the machine, and clock ticks since that.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Stamp {
    boot: String,
    ticks: u64,
}

/// A process of ours.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it started.
    pub stamp: Stamp,
}

/// The machine's boot; empty when the kernel does not tell.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

impl Process {
    /// Looks up a running process, or none when there is none under this number.
    pub fn find(pid: i32) -> Option<Self> {
        let boot = boot_id();
        let (flags, ticks) = parse_stat(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
        // A killed init waits for all it had to end, and any process for its parent to look; both do
        // nothing any more.
        (flags & EXITING == 0).then_some(Self { pid, stamp: Stamp { boot, ticks } })
    }

    /// Whether this very process still runs.
    pub fn is_alive(&self) -> bool {
        Self::find(self.pid).is_some_and(|found| found.stamp == self.stamp)
    }
}

impl Stamp {
    /// Reads what `Display` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (boot, ticks) = text.split_once('/')?;
        Some(Self { boot: boot.to_owned(), ticks: ticks.parse().ok()? })
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.boot, self.ticks)
    }
}

/// Set from the moment a process begins to end. Source: Linux `include/linux/sched.h`, PF_EXITING.
const EXITING: u64 = 0x4;

/// Flags and start time of /proc/<pid>/stat. The command in it may hold spaces and parentheses.
fn parse_stat(stat: &str) -> Option<(u64, u64)> {
    let (_, rest) = stat.rsplit_once(") ")?;
    // Fields 9 and 22, counted from 1; the first that is left is field 3.
    let mut fields = rest.split(' ').skip(6);
    Some((fields.next()?.parse().ok()?, fields.nth(12)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_parentheses_does_not_confuse_the_start_time() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194564 1 2 3 4 5 6 7 8 20 0 1 0 4242 99 1";
        assert_eq!(parse_stat(stat), Some((4_194_564, 4242)));
    }

    #[test]
    fn this_process_is_alive_and_an_older_one_under_its_number_is_not() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let own = Process::find(pid).unwrap();
        assert!(own.is_alive());
        let older =
            Process { pid, stamp: Stamp { boot: own.stamp.boot.clone(), ticks: own.stamp.ticks.wrapping_sub(1) } };
        assert!(!older.is_alive());
        assert_eq!(Stamp::parse(&own.stamp.to_string()), Some(own.stamp));
    }
}
