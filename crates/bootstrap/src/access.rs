//! Who sent a request, what it holds, and whether it speaks for the host it names.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    body::Body,
    http::{HeaderMap, header::AUTHORIZATION},
};
use hoist_api::host::Host;
use hoist_node_config::join::BODY_LIMIT;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::Api;
use serde::de::DeserializeOwned;

use crate::{app::App, kubernetes, refusal::Refusal, tokens};

/// Longest that a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// Where a connection came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Peer {
    /// Its address, without IPv6 clothing around an IPv4 one.
    pub(crate) fn address(self) -> IpAddr {
        self.0.ip().to_canonical()
    }
}

/// Counts a request against the limits.
pub(crate) fn admit(app: &App, peer: Peer, is_join: bool) -> Result<(), Refusal> {
    if app.limits.allows(peer.address(), is_join, Instant::now()) { Ok(()) } else { Err(Refusal::TooMany) }
}

/// Reads a JSON body of limited size in limited time.
pub(crate) async fn read_json<T: DeserializeOwned>(body: Body) -> Result<T, Refusal> {
    let collected = tokio::time::timeout(BODY_DEADLINE, Limited::new(body, BODY_LIMIT).collect())
        .await
        .map_err(|_| Refusal::TooSlow)?;
    let bytes = match collected {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Refusal::TooLarge),
        Err(error) => return Err(Refusal::Malformed(error.to_string())),
    };
    // The place of an error is enough; its text could repeat the token.
    serde_json::from_slice(&bytes)
        .map_err(|error| Refusal::Malformed(format!("line {} column {} of its JSON", error.line(), error.column())))
}

/// The host that a request speaks for, proven by its report token.
pub(crate) async fn host_of(app: &App, namespace: &str, name: &str, headers: &HeaderMap) -> Result<Arc<Host>, Refusal> {
    let token =
        headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer ")).unwrap_or_default();
    let Some(host) = current(app, namespace, name).await? else {
        return Err(missing(app, namespace).await);
    };
    if tokens::matches(token, &host.spec.report_token_hash) {
        return Ok(host);
    }
    // A host that just joined again has a newer token than the one we have seen.
    match fresh(app, namespace, name).await? {
        Some(host) if tokens::matches(token, &host.spec.report_token_hash) => Ok(host),
        Some(_) => Err(Refusal::ReportToken),
        None => Err(missing(app, namespace).await),
    }
}

/// What to say when a host does not exist: that its cluster is gone, if so.
pub(crate) async fn missing(app: &App, namespace: &str) -> Refusal {
    match kubernetes::control_plane_exists(&app.client, namespace).await {
        Ok(true) => Refusal::NoHost,
        Ok(false) => Refusal::Gone,
        Err(refusal) => refusal,
    }
}

async fn current(app: &App, namespace: &str, name: &str) -> Result<Option<Arc<Host>>, Refusal> {
    match app.hosts.get(namespace, name) {
        Some(host) => Ok(Some(host)),
        None => fresh(app, namespace, name).await,
    }
}

async fn fresh(app: &App, namespace: &str, name: &str) -> Result<Option<Arc<Host>>, Refusal> {
    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    Ok(kubernetes::optional("get host", api.get(name)).await?.map(Arc::new))
}
