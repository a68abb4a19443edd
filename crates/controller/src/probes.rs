//! The HTTP server for kubelet and Prometheus: `/healthz`, `/readyz`, `/metrics`.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

/// Whether the program is ready; set once by `main`.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on the program is ready.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Serves until the process ends; `metrics` writes them in the OpenMetrics text format. Errors when the address is taken.
pub async fn serve(
    address: SocketAddr,
    metrics: impl Fn() -> Result<String, fmt::Error> + Clone + Send + Sync + 'static,
    readiness: Readiness,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind(address).await?;
    axum::serve(listener, router(metrics, readiness)).await
}

fn router(
    metrics: impl Fn() -> Result<String, fmt::Error> + Clone + Send + Sync + 'static,
    readiness: Readiness,
) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .with_state(readiness)
        .route("/metrics", get(move || async move { scrape(metrics()) }))
}

async fn ready(State(readiness): State<Readiness>) -> impl IntoResponse {
    if readiness.is_set() { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "starting") }
}

fn scrape(metrics: Result<String, fmt::Error>) -> impl IntoResponse {
    match metrics {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
