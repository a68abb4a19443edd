//! Running commands inside a running host.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::{ChildStdin, Command, ExitStatus, Stdio},
};

use nix::sys::signal::{SigSet, Signal};

use super::{Error, Host};

impl Host {
    /// A command that runs `program` inside the host with the caller's streams; its exit code is
    /// the program's, or 125 when the host cannot be entered, 126 or 127 when it cannot be run.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command, Error> {
        let init = self.init().ok_or_else(|| Error::Off { name: self.name().to_owned() })?;
        let mut command = Command::new(self.instance.program());
        command
            .args(["local-init", "enter", self.instance.name()])
            .arg(self.instance.state_dir())
            .args([self.name(), &init.pid.to_string(), &init.stamp.to_string()])
            .arg(program);
        Ok(command)
    }

    /// Runs a command inside with the caller's streams and waits for it.
    pub fn exec(&self, arguments: &[OsString]) -> Result<ExitStatus, Error> {
        let (program, rest) = arguments.split_first().ok_or_else(|| Error::Io {
            action: "run a command",
            name: self.name().to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidInput, "no command was given"),
        })?;
        let mut command = self.command(program)?;
        // The terminal sends its signals to the command as well, which decides what they mean.
        let ignored = SigSet::from_iter([Signal::SIGINT, Signal::SIGQUIT]);
        let _ = ignored.thread_block();
        let status = command.args(rest).status();
        let _ = ignored.thread_unblock();
        status.map_err(|source| Error::Io { action: "enter the namespaces", name: self.name().to_owned(), source })
    }

    /// Runs a command inside and returns what it wrote to standard output.
    pub fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let name = self.name().to_owned();
        let program = arguments.first().copied().unwrap_or("true");
        let output = self
            .command(program)?
            .args(arguments.iter().skip(1))
            .stdin(Stdio::null())
            .output()
            .map_err(|source| Error::Io { action: "enter the namespaces", name: name.clone(), source })?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Command { name, command: arguments.join(" "), status: output.status, output: text })
    }

    /// Runs a command inside that reads what `write` writes; returns what `write` returned once
    /// the command has succeeded.
    pub fn feed<T>(&self, arguments: &[&str], write: impl FnOnce(ChildStdin) -> T) -> Result<T, Error> {
        let name = self.name().to_owned();
        let program = arguments.first().copied().unwrap_or("true");
        let failed = |source| Error::Io { action: "enter the namespaces", name: name.clone(), source };
        let mut child = self
            .command(program)?
            .args(arguments.iter().skip(1))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // Its complaints fit into a pipe; they are read when it has ended.
        let outcome = child.stdin.take().map(write);
        let output = child.wait_with_output().map_err(failed)?;
        if let (Some(outcome), true) = (outcome, output.status.success()) {
            return Ok(outcome);
        }
        let text = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Command { name, command: arguments.join(" "), status: output.status, output: text })
    }
}
