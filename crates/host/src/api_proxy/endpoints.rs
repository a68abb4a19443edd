//! The published addresses of the API and which of them answer.

use std::sync::{Arc, Mutex, PoisonError};

use hoist_node_config::{Endpoint, ProxySettings};
use tokio::{net::TcpStream, sync::watch};
use tracing::{info, warn};

use super::{Config, dial::dial};

/// One endpoint and its health.
#[derive(Debug)]
pub(super) struct Member {
    endpoint: Endpoint,
    is_healthy: watch::Sender<bool>,
}

impl Member {
    fn new(endpoint: Endpoint) -> Arc<Self> {
        // Healthy until proven otherwise: a node that just booted must not wait for the first check.
        Arc::new(Self { endpoint, is_healthy: watch::Sender::new(true) })
    }

    /// Its health from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<bool> {
        self.is_healthy.subscribe()
    }

    fn set_healthy(&self, is_healthy: bool, cause: &str) {
        let changed = self.is_healthy.send_if_modified(|current| std::mem::replace(current, is_healthy) != is_healthy);
        match (changed, is_healthy) {
            (true, true) => info!(endpoint = %self.endpoint, "API endpoint answers again"),
            (true, false) => warn!(endpoint = %self.endpoint, cause, "API endpoint does not answer"),
            (false, _) => {}
        }
    }
}

/// All endpoints, best first.
#[derive(Debug)]
pub(super) struct Endpoints {
    list: Mutex<(Vec<Arc<Member>>, Option<ProxySettings>)>,
}

impl Endpoints {
    pub(super) fn new(config: &Config) -> Self {
        let members = config.endpoints.iter().cloned().map(Member::new).collect();
        Self { list: Mutex::new((members, config.proxy.clone())) }
    }

    /// Takes over a new list. Endpoints that stay keep their health and their connections.
    pub(super) fn replace(&self, config: &Config) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let old = std::mem::take(&mut list.0);
        list.0 = config
            .endpoints
            .iter()
            .map(|endpoint| {
                old.iter()
                    .find(|member| member.endpoint == *endpoint)
                    .map_or_else(|| Member::new(endpoint.clone()), Arc::clone)
            })
            .collect();
        list.1.clone_from(&config.proxy);
        for gone in old.iter().filter(|member| !config.endpoints.contains(&member.endpoint)) {
            gone.set_healthy(false, "it is no longer published");
        }
    }

    fn snapshot(&self) -> (Vec<Arc<Member>>, Option<ProxySettings>) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connects to the first endpoint that answers: healthy ones first, then the others, for health may be old news.
    pub(super) async fn connect(&self) -> Option<(TcpStream, Arc<Member>)> {
        let (mut members, proxy) = self.snapshot();
        members.sort_by_key(|member| !*member.is_healthy.borrow());
        for member in members {
            match dial(&member.endpoint, proxy.as_ref()).await {
                Ok(stream) => {
                    member.set_healthy(true, "");
                    return Some((stream, member));
                }
                Err(cause) => member.set_healthy(false, &cause.to_string()),
            }
        }
        None
    }

    /// Tries all endpoints at once and notes which answer.
    pub(super) async fn check_all(&self) {
        let (members, proxy) = self.snapshot();
        let mut checks = tokio::task::JoinSet::new();
        for member in members {
            let proxy = proxy.clone();
            checks.spawn(async move {
                match dial(&member.endpoint, proxy.as_ref()).await {
                    Ok(_) => member.set_healthy(true, ""),
                    Err(cause) => member.set_healthy(false, &cause.to_string()),
                }
            });
        }
        checks.join_all().await;
    }
}
