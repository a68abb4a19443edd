//! What a host remembers of its join, so that it can go on, report and leave.
//!
//! The join token is not in it. The report token is: it speaks for this host only, and the file is for root only.

use std::{collections::BTreeMap, io};

use hoist_host::HostRoot;
use hoist_node_config::{
    NodeConfig, Stage, ThisHost,
    join::{Confidential, Credential},
    paths,
};
use serde::{Deserialize, Serialize};

use crate::{cause::Cause, pin::Pin, server::Server};

/// The hosted cluster's configuration of this node, as last read.
const CONFIG_FILE: &str = "/var/lib/hoist/node/config.json";

/// State of a host.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    pub(crate) server: String,
    pub(crate) cluster: String,
    pub(crate) ca_pin: Pin,
    pub(crate) node_pool: String,
    pub(crate) host_uid: String,
    pub(crate) report_token: Confidential,
    pub(crate) this_host: ThisHost,
    pub(crate) swap_allowed: bool,
    /// Last stage that was finished.
    pub(crate) stage: Stage,
    /// Kept only until kubelet has a certificate of its own.
    #[serde(default)]
    pub(crate) credential: Option<Credential>,
    /// Versions of what was installed.
    #[serde(default)]
    pub(crate) versions: BTreeMap<String, String>,
    /// Revision of the node configuration that runs.
    #[serde(default)]
    pub(crate) revision: Option<String>,
    /// The last repair that was done, by its name.
    #[serde(default)]
    pub(crate) last_repair: Option<String>,
    /// Units that were installed.
    #[serde(default)]
    pub(crate) units: Vec<String>,
}

impl State {
    /// The state of this host; `None` when it never joined.
    pub(crate) fn load(root: &HostRoot) -> Result<Option<Self>, Cause> {
        read(root, paths::STATE_FILE)
    }

    /// Writes it.
    pub(crate) fn save(&self, root: &HostRoot) -> Result<(), Cause> {
        write(root, paths::STATE_FILE, self)
    }

    /// Its bootstrap server.
    pub(crate) fn server(&self) -> Result<Server, crate::server::Error> {
        Server::new(&self.server, &self.cluster, self.ca_pin, self.this_host.proxy.as_ref())
    }
}

/// The node's configuration as last read.
pub(crate) fn load_config(root: &HostRoot) -> Result<Option<NodeConfig>, Cause> {
    read(root, CONFIG_FILE)
}

/// Remembers the node's configuration.
pub(crate) fn save_config(root: &HostRoot, config: &NodeConfig) -> Result<(), Cause> {
    write(root, CONFIG_FILE, config)
}

pub(crate) fn read<T: serde::de::DeserializeOwned>(root: &HostRoot, path: &str) -> Result<Option<T>, Cause> {
    let unreadable = |cause: io::Error| {
        Cause::new(
            format!("failed to read {path}: {cause}"),
            "run as root; if the file is damaged, run `hoist-node leave --force` and join again",
        )
    };
    let Some(text) = root.read(path).map_err(unreadable)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|cause| unreadable(cause.into()))
}

pub(crate) fn write<T: Serialize>(root: &HostRoot, path: &str, value: &T) -> Result<(), Cause> {
    let unwritable = |cause: io::Error| {
        Cause::new(format!("failed to write {path}: {cause}"), "check that /var/lib is writable and has space")
    };
    let text = serde_json::to_vec_pretty(value).map_err(|cause| unwritable(cause.into()))?;
    root.write(path, 0o600, &text).map(drop).map_err(unwritable)
}
