//! `local host …` and the logs of hosts.

use std::ffi::OsString;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use hoist_local::commands::hosts;

use crate::args::output::OutputFlags;
use crate::commands::Context;
use crate::commands::local::{InstanceFlags, LogsArguments};
use crate::failure::Ended;
use crate::printer::Table;

/// How often a followed log is looked at.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(300);
/// What a shell adds to the number of the signal that ended a command.
const SIGNAL_BASE: i32 = 128;

/// `local host …`.
#[derive(Debug, Subcommand)]
pub enum HostCommand {
    /// Make a plain host and start it
    #[command(after_help = "Examples:
  hcp local host add worker-1")]
    Add(HostArguments),
    /// Show the hosts and their state
    List(ListArguments),
    /// Run a command in a host, with its exit code as ours
    #[command(after_help = "Examples:
  hcp local host exec worker-1 -- hostname
  hcp local host exec worker-1 -- sh -c \"$(hcp create join-command --name demo)\"")]
    Exec(ExecArguments),
    /// Print what a host and its services wrote
    #[command(after_help = "Examples:
  hcp local host logs worker-1 --unit kubelet --follow")]
    Logs(HostLogsArguments),
    /// Pull a host's power and leave it off
    #[command(after_help = "Examples:
  hcp local host stop worker-1

Its disk stays. It is off until `hcp local host start` or the next `hcp local up`.")]
    Stop(HostArguments),
    /// Switch a host on
    #[command(after_help = "Examples:
  hcp local host start worker-1")]
    Start(HostArguments),
    /// Pull a host's power and erase it
    #[command(after_help = "Examples:
  hcp local host remove worker-1

A host that joined a cluster leaves it properly with `hcp remove host` first.")]
    Remove(HostArguments),
}

/// A host by name.
#[derive(Debug, Args)]
pub struct HostArguments {
    /// Name of the host
    name: String,
    #[command(flatten)]
    instance: InstanceFlags,
}

/// `local host list`.
#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    instance: InstanceFlags,
    #[command(flatten)]
    output: OutputFlags,
}

/// `local host exec`.
#[derive(Debug, Args)]
pub struct ExecArguments {
    /// Name of the host
    name: String,
    #[command(flatten)]
    instance: InstanceFlags,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// `local host logs`.
#[derive(Debug, Args)]
pub struct HostLogsArguments {
    /// Name of the host
    name: String,
    #[command(flatten)]
    instance: InstanceFlags,
    #[command(flatten)]
    view: LogFlags,
}

/// Which part of a log.
#[derive(Debug, Clone, Args)]
pub struct LogFlags {
    /// Only this service of the host, such as kubelet
    #[arg(long, value_name = "SERVICE")]
    unit: Option<String>,
    /// Only the last lines
    #[arg(long, value_name = "LINES")]
    tail: Option<usize>,
    /// Keep printing what is added
    #[arg(long, short)]
    follow: bool,
}

/// Runs `local host …`.
pub fn run(command: HostCommand, context: &Context) -> Result<()> {
    match command {
        HostCommand::Add(arguments) => {
            let host = hosts::add(&arguments.instance.instance()?, &arguments.name)?;
            context.printer.note(&format!("Host {} runs at {}.", host.name, host.address));
            Ok(())
        }
        HostCommand::List(arguments) => list(&arguments, context),
        HostCommand::Exec(arguments) => {
            let status = hosts::exec(&arguments.instance.instance()?, &arguments.name, &arguments.command)?;
            let code = status.code().or_else(|| status.signal().map(|signal| SIGNAL_BASE + signal)).unwrap_or(1);
            if code == 0 { Ok(()) } else { Err(Ended(u8::try_from(code).unwrap_or(1)).into()) }
        }
        HostCommand::Logs(arguments) => {
            let instance = arguments.instance.instance()?;
            let paths = hosts::logs(&instance, &arguments.name, arguments.view.unit.as_deref())?;
            show(&paths, &arguments.view, context)
        }
        HostCommand::Stop(arguments) => {
            let was_on = hosts::stop(&arguments.instance.instance()?, &arguments.name)?;
            let outcome = if was_on { "is off" } else { "was off already; nothing to do" };
            context.printer.note(&format!("Host {} {outcome}.", arguments.name));
            Ok(())
        }
        HostCommand::Start(arguments) => {
            let (host, was_off) = hosts::start(&arguments.instance.instance()?, &arguments.name)?;
            let outcome = if was_off { "runs" } else { "ran already" };
            context.printer.note(&format!("Host {} {outcome} at {}.", host.name, host.address));
            Ok(())
        }
        HostCommand::Remove(arguments) => {
            hosts::remove(&arguments.instance.instance()?, &arguments.name)?;
            context.printer.note(&format!("Host {} is gone.", arguments.name));
            Ok(())
        }
    }
}

/// Runs `local logs`.
pub fn instance_logs(arguments: &LogsArguments, context: &Context) -> Result<()> {
    let instance = arguments.instance.instance()?;
    instance.record()?;
    let paths = match &arguments.host {
        Some(host) => hosts::logs(&instance, host, arguments.view.unit.as_deref())?,
        None => vec![instance.daemon_log()],
    };
    show(&paths, &arguments.view, context)
}

fn list(arguments: &ListArguments, context: &Context) -> Result<()> {
    let hosts = hosts::list(&arguments.instance.instance()?)?;
    context.printer.document(arguments.output.output, &hosts, || {
        let mut table = Table::new(&["NAME", "ROLE", "ADDRESS", "STATE", "PID"]);
        for host in &hosts {
            let pid = host.pid.map(|pid| pid.to_string()).unwrap_or_default();
            table.row([host.name.clone(), host.role.to_owned(), host.address.to_string(), host.state.to_owned(), pid]);
        }
        if table.is_empty() { "No hosts. `hcp local host add NAME` makes one.".to_owned() } else { table.text(0) }
    })
}

/// Prints files one after the other, and then what is added to any of them.
fn show(paths: &[PathBuf], view: &LogFlags, context: &Context) -> Result<()> {
    let mut positions = vec![0; paths.len()];
    let mut shown_last = None;
    let mut first = true;
    loop {
        for (index, path) in paths.iter().enumerate() {
            let mut text = added(path, &mut positions[index])?;
            if let (true, Some(lines)) = (first, view.tail) {
                text = last_lines(&text, lines);
            }
            if text.is_empty() {
                continue;
            }
            if paths.len() > 1 && shown_last != Some(index) {
                context.printer.data(&format!("==> {} <==", path.display()))?;
            }
            shown_last = Some(index);
            context.printer.data(&text)?;
        }
        if !view.follow {
            return Ok(());
        }
        first = false;
        std::thread::sleep(FOLLOW_INTERVAL);
    }
}

/// What a file has beyond `position`; all of it when it was cut or replaced.
fn added(path: &Path, position: &mut u64) -> Result<String> {
    let mut file = match fs_err::File::open(path) {
        // A service that has not written yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(String::new()),
        file => file.context("cannot read the log")?,
    };
    let length = file.metadata()?.len();
    if length < *position {
        *position = 0;
    }
    file.seek(SeekFrom::Start(*position))?;
    let mut bytes = Vec::new();
    file.take(length - *position).read_to_end(&mut bytes)?;
    *position = length;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_added_is_read_and_a_shorter_file_is_read_anew() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut position = 0;
        fs_err::write(file.path(), "one\n").unwrap();
        assert_eq!(added(file.path(), &mut position).unwrap(), "one\n");
        fs_err::write(file.path(), "one\ntwo\n").unwrap();
        assert_eq!(added(file.path(), &mut position).unwrap(), "two\n");
        fs_err::write(file.path(), "x\n").unwrap();
        assert_eq!(added(file.path(), &mut position).unwrap(), "x\n");
    }

    #[test]
    fn the_tail_may_be_longer_than_the_log() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\n", 5), "a");
    }
}
