//! Runs the program in an empty folder, with an environment of its own.

#![allow(dead_code, reason = "not every test program needs everything")]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use tempfile::TempDir;

/// The program under one of its names.
pub struct Program {
    name: &'static str,
    folder: TempDir,
}

impl Program {
    /// As `hcp`.
    pub fn hcp() -> Self {
        Self::named("hcp")
    }

    /// As `hypershift`.
    pub fn hypershift() -> Self {
        Self::named("hypershift")
    }

    /// As `kubectl-hcp`, which kubectl starts.
    pub fn kubectl() -> Self {
        Self::named("kubectl-hcp")
    }

    fn named(name: &'static str) -> Self {
        Self { name, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// Puts a file where the program runs.
    pub fn file(&self, name: &str, content: &str) {
        fs_err::write(self.folder.path().join(name), content).expect("a file in a temporary folder");
    }

    /// Reads a file that the program wrote.
    pub fn read(&self, name: &str) -> String {
        fs_err::read_to_string(self.folder.path().join(name)).expect("a file that the program wrote")
    }

    /// Names of the files in a folder that the program wrote.
    pub fn list(&self, name: &str) -> Vec<String> {
        let entries = fs_err::read_dir(self.folder.path().join(name)).expect("a folder that the program wrote");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs a script where the program ran, and gives what it printed.
    pub fn bash(&self, script: &str) -> String {
        let output = Command::new("bash").args(["--norc", "-c", script]).current_dir(self.folder.path()).output();
        let output = output.expect("bash starts");
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// Runs it and gives exit code, standard output and standard error, without what differs from run to run.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_hcp"))
            .arg0(self.name)
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .output()
            .expect("the program starts");
        let text = format!(
            "exit code: {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let lines: Vec<String> = text.lines().map(same_every_time).collect();
        lines.join("\n")
    }
}

/// The line without random keys and without the time of a log line.
fn same_every_time(line: &str) -> String {
    if let Some((_, rest)) =
        line.split_once('\t').filter(|(_, rest)| rest.starts_with("INFO\t") || rest.starts_with("WARN\t"))
    {
        return format!("(time)\t{rest}");
    }
    let random = |value: &str, kind: &str| line.replace(value, kind);
    match line.trim().split_once(": ") {
        // 32 bytes are 44 characters of base64; now and then one looks like a number and is written in quotes.
        Some(("key", value)) if value.trim_matches('"').len() == 44 => random(value, "(32 random bytes)"),
        Some(("id_rsa" | "id_rsa.pub", value)) if value.len() > 900 => random(value, "(a random key)"),
        _ => line.to_owned(),
    }
}

/// A pull secret with one entry.
pub fn pull_secret() -> String {
    r#"{"auths":{"registry.example.com":{"auth":"aG9pc3Q6c2VjcmV0"}}}"#.to_owned()
}
