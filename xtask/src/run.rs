//! Programs of other people: run them, keep their output, and say how to get one that is missing.

use std::io::ErrorKind;
use std::process::{Command, Output};

use anyhow::{Context as _, Result, bail};

/// Runs to the end and returns standard output; a failure carries the last lines of standard error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = raw(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = errors.lines().collect();
    let last = lines[lines.len().saturating_sub(15)..].join("\n");
    bail!("{} ended with {}:\n{last}", describe(command), output.status);
}

fn raw(command: &mut Command) -> Result<Output> {
    match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let program = command.get_program().to_string_lossy().into_owned();
            bail!("{program} is not installed; {}", how_to_get(&program))
        }
        outcome => outcome.with_context(|| format!("{} cannot be started", describe(command))),
    }
}

/// Program and arguments, shortened for messages.
fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let text = words.map(std::ffi::OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
    if text.chars().count() > 160 { text.chars().take(160).chain("…".chars()).collect() } else { text }
}

fn how_to_get(program: &str) -> String {
    let package = match program {
        "go" => return "install Go 1.26 or newer and put it on PATH".to_owned(),
        "pkg-config" => "pkg-config",
        "gcc" => "gcc",
        "dpkg-query" => "dpkg",
        other => other,
    };
    format!("on Debian: apt-get install {package}")
}
