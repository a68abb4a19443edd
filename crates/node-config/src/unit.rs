//! One service of a host, as Hoist's own supervisor reads it and as systemd is told.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// When a started service counts as ready for those that come after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ready {
    /// A connection to this UNIX socket is accepted.
    UnixSocket(String),
    /// A connection to this `address:port` is accepted.
    Tcp(String),
    /// This file exists.
    File(String),
}

/// One service of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    /// Name; also the name of its file, its log and (with `hoist-` before it) its systemd unit.
    pub name: String,
    /// Program (absolute path) and arguments.
    pub argv: Vec<String>,
    /// Environment beside `PATH`.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Units that must be ready before this one starts.
    #[serde(default)]
    pub after: Vec<String>,
    /// When it is ready; `None`: as soon as it runs.
    #[serde(default)]
    pub ready: Option<Ready>,
    /// Pause before the first restart, milliseconds; later ones wait longer, up to five seconds.
    #[serde(default = "default_restart_delay")]
    pub restart_delay: u64,
    /// Whether the program tells systemd itself when it is ready (`sd_notify`).
    #[serde(default)]
    pub notifies: bool,
    /// Whether it makes control groups of its own below that of its unit.
    #[serde(default)]
    pub delegates: bool,
}

/// Long enough that a program that dies at once does not spin, short enough that nobody notices a single crash.
fn default_restart_delay() -> u64 {
    200
}

impl Unit {
    /// A unit that runs `argv`, ready at once, after nothing.
    pub fn new<A: Into<String>>(name: &str, argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            name: name.to_owned(),
            argv: argv.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            after: Vec::new(),
            ready: None,
            restart_delay: default_restart_delay(),
            notifies: false,
            delegates: false,
        }
    }

    /// The same unit, started after `other` is ready.
    #[must_use]
    pub fn after(mut self, other: &str) -> Self {
        self.after.push(other.to_owned());
        self
    }

    /// The same unit, ready when `ready` holds.
    #[must_use]
    pub fn ready_when(mut self, ready: Ready) -> Self {
        self.ready = Some(ready);
        self
    }

    /// The same unit with one more environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }
}
