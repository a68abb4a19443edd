//! Runs a program to its end and keeps what it said.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// What a program said.
#[derive(Debug, Clone)]
pub struct Said {
    /// Exit code; 128 + signal when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Said {
    /// The standard output of a success; anything else is an error that shows all that was said.
    pub fn success(self) -> anyhow::Result<String> {
        if self.code != 0 {
            bail!("exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr);
        }
        Ok(self.stdout)
    }

    /// All that a refused program said; a success is an error.
    pub fn refusal(self) -> anyhow::Result<String> {
        if self.code == 0 {
            bail!("it succeeded, though it should have been refused\n--- stdout\n{}", self.stdout);
        }
        Ok(format!("{}{}", self.stdout, self.stderr))
    }
}

/// Runs `program` with `arguments` and no standard input.
pub fn run(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<Said> {
    let output = Command::new(program)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {program}"))?;
    let code = output.status.code().unwrap_or_else(|| {
        use std::os::unix::process::ExitStatusExt;
        128 + output.status.signal().unwrap_or(0)
    });
    Ok(Said {
        code,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
