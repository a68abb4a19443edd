//! What every request handler shares.

use std::{path::PathBuf, sync::Arc};

use kube::Client;
use tokio::sync::Semaphore;

use crate::{clock::Clock, hosts::Hosts, limits::Limits, metrics::Metrics, tls};

/// Downloads of the agent at a time: each holds a buffer, and a slow network must not collect them.
const DOWNLOADS: usize = 32;

/// State of the server.
pub(crate) struct App {
    pub(crate) client: Client,
    pub(crate) hosts: Hosts,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: tls::Files,
    pub(crate) hoist_node: PathBuf,
    pub(crate) downloads: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(
        client: Client,
        hosts: Hosts,
        clock: Clock,
        metrics: Arc<Metrics>,
        tls: tls::Files,
        hoist_node: PathBuf,
    ) -> Self {
        Self {
            client,
            hosts,
            clock,
            limits: Limits::new(),
            metrics,
            tls,
            hoist_node,
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
        }
    }
}
