//! hoist-router: leads connections to hosted control planes by the names under which they are published.
//!
//! One port serves all hosted clusters. It reads the name that a client says in its TLS hello, or that a host's own proxy asks for
//! by CONNECT, and passes bytes on: it ends no TLS, holds no key, and sees nothing of what is said.

mod addresses;
mod connection;
mod control_planes;
mod greeting;
mod metrics;
mod names;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use hoist_api::names::OPERATOR_NAMESPACE;
use hoist_controller::probes::{self, Readiness};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;

use crate::metrics::Metrics;

/// Leads connections to hosted control planes by their names
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where clients and hosts connect
    #[arg(long, default_value = "0.0.0.0:8443")]
    listen: SocketAddr,
    /// Where to serve /healthz, /readyz and /metrics, without TLS
    #[arg(long, default_value = "0.0.0.0:8081")]
    health_listen: SocketAddr,
    /// Domain of names for Routes that have none, as the operator has it
    #[arg(long)]
    domain: Option<String>,
    /// Namespace of the bootstrap server
    #[arg(long, env = "POD_NAMESPACE", default_value = OPERATOR_NAMESPACE)]
    namespace: String,
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
    allow_many_descriptors()?;
    // Passing bytes on costs a processor little, and waking another thread for them costs more.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(arguments))
}

/// Two descriptors for each connection: the soft limit of many runtimes is 1024.
fn allow_many_descriptors() -> anyhow::Result<()> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).context("failed to raise the limit of open files to its hard limit")
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let client = kube::Client::try_default().await.context("failed to find the management cluster's API")?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .with_context(|| format!("failed to listen on {}", arguments.listen))?;
    let (metrics, readiness) = (Arc::new(Metrics::default()), Readiness::default());
    let scraped = Arc::clone(&metrics);
    let (names, following) = control_planes::follow(client, arguments.namespace, arguments.domain, readiness.clone());
    tracing::info!(listen = %arguments.listen, health = %arguments.health_listen, "serving");
    tokio::select! {
        () = following => anyhow::bail!("HostedControlPlanes are not watched any more; the process starts anew"),
        ended = probes::serve(arguments.health_listen, move || scraped.encode(), readiness) => {
            ended.with_context(|| format!("failed to serve {}", arguments.health_listen))
        }
        () = serve::serve(listener, names, metrics) => Ok(()),
    }
}
