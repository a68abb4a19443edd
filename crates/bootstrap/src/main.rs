//! hoist-bootstrap: the server that joining hosts talk to.
//!
//! It is the one program of ours that strangers can reach, so it can do little: look at join tokens' hashes, write Host
//! objects, and hand out the credential that the operator put into one. It can read no Secret.

mod access;
mod app;
mod clock;
mod downloads;
mod host_status;
mod hosts;
mod join;
mod kubernetes;
mod limits;
mod metrics;
mod orders;
mod refusal;
mod reports;
mod routes;
mod serve;
mod tls;
mod tokens;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use clap::Parser;
use tokio::{net::TcpListener, sync::watch};

use crate::{app::App, clock::Clock, hosts::Hosts, metrics::Metrics};

/// The server that joining hosts talk to
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to serve hosts, with TLS
    #[arg(long, default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where to serve /healthz, /readyz and /metrics, without TLS
    #[arg(long, default_value = "0.0.0.0:8081")]
    health_listen: SocketAddr,
    /// Folder with tls.crt, tls.key and ca.crt; read again when they change
    #[arg(long, default_value = "/etc/hoist/tls")]
    tls: PathBuf,
    /// The program that joining hosts download
    #[arg(long, default_value = "/usr/bin/hoist-node")]
    hoist_node: PathBuf,
}

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info")),
        )
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let arguments = Arguments::parse();
    // One thread is enough for thousands of waiting hosts, and keeps the memory of idle arenas away.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(arguments))
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let client = kube::Client::try_default().await.context("failed to find the management cluster's API")?;
    let metrics = Metrics::new();
    let tls = tls::Files::new(&arguments.tls);
    let certificates = tls::watch(tls.clone(), Arc::clone(&metrics))?;
    let (hosts, reflector) = Hosts::watch(client.clone());
    let app = Arc::new(App::new(client, hosts, Clock::system(), metrics, tls, arguments.hoist_node));

    let (stop, stop_order) = watch::channel(false);
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("failed to listen on {}", arguments.listen))?;
    let health = TcpListener::bind(arguments.health_listen)
        .await
        .with_context(|| format!("failed to listen on {}", arguments.health_listen))?;
    tracing::info!(listen = %arguments.listen, health = %arguments.health_listen, "serving");
    tokio::spawn(reflector);
    tokio::spawn(serve::until_signal(stop));
    let health_routes = routes::health(Arc::clone(&app));
    let health_server = axum::serve(health, health_routes).with_graceful_shutdown(serve::stopped(stop_order.clone()));
    let (for_hosts, for_health) =
        tokio::join!(serve::serve(listener, certificates, routes::hosts(Arc::clone(&app)), stop_order), health_server,);
    for_hosts?;
    Ok(for_health?)
}
