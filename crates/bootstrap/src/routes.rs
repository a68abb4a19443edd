//! Which path leads where.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};

use crate::{app::App, downloads, join, orders, reports};

/// Paths for hosts.
pub(crate) fn hosts(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/hoist-node", get(downloads::hoist_node))
        .route("/v1/ca", get(downloads::certificate_authority))
        .route("/v1/clusters/{namespace}/join", post(join::join))
        .route("/v1/clusters/{namespace}/hosts/{name}/report", post(reports::report))
        .route("/v1/clusters/{namespace}/hosts/{name}/orders", get(orders::orders))
        .route("/v1/clusters/{namespace}/hosts/{name}/left", post(reports::left))
        .with_state(app)
}

/// Paths for the management cluster.
pub(crate) fn health(app: Arc<App>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|State(app): State<Arc<App>>| async move { app.metrics.text() }))
        .with_state(app)
}

/// Ready once the hosts are known: before that every host would seem not to exist.
async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.hosts.is_complete() {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "hosts are not known yet")
    }
}
