//! `hoist-operator`: starts, waits for the lease, runs the controllers, ends when told to or when the lease is lost.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser;
use futures::{FutureExt, StreamExt};
use hoist_api::cluster_sizing::ClusterSizingConfiguration;
use hoist_api::etcd_backup::HCPEtcdBackup;
use hoist_controller::events::Events;
use hoist_controller::lease::Elector;
use hoist_controller::metrics::Metrics;
use hoist_controller::probes::{self, Readiness};
use hoist_controller::{ApplySet, Calls, Clock, error_chain};
use hoist_deployment::LEASE;
use hoist_operator::bootstrap_server::BootstrapServer;
use hoist_operator::context::Context;
use hoist_operator::front::Front;
use hoist_operator::guest::Guests;
use hoist_operator::hosted_cluster::neighbours::HostedClusters;
use hoist_operator::hosted_cluster::published_name::Lookups;
use hoist_operator::keys::SpareKeys;
use hoist_operator::management::Management;
use hoist_operator::references::References;
use hoist_operator::releases::Releases;
use hoist_operator::rights::Rights;
use hoist_operator::settings::Settings;
use hoist_operator::triggers::Triggers;
use hoist_operator::{
    break_glass, hosted_cluster, hosted_control_plane, node_bootstrap, node_pool, unserved, wait_for_tcp,
};
use tokio::signal::unix::{SignalKind, signal};

/// Reconciles are short and mostly wait; two threads serve hundreds of clusters, and each further one costs memory.
const WORKERS: usize = 2;

/// How soon after one was used the next spare key is made: not while the cluster that took it starts.
const SPARE_KEY: std::time::Duration = std::time::Duration::from_secs(20);

/// The runtime's own span around each pass repeats ours.
const LOGGED: &str = "info,kube_runtime::controller=warn";

fn main() -> ExitCode {
    if let Some(address) = wait_for_tcp::requested(std::env::args()) {
        wait_for_tcp::wait(&address);
        return ExitCode::SUCCESS;
    }
    let settings = Settings::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(LOGGED)),
        )
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    match start(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = error_chain(error.as_ref()), "the operator ends");
            ExitCode::FAILURE
        }
    }
}

fn start(settings: Settings) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("another TLS provider was installed before aws-lc-rs"))?;
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(WORKERS)
        .enable_all()
        .build()?
        .block_on(run(settings))
}

async fn run(settings: Settings) -> anyhow::Result<()> {
    let client = kube::Client::try_default().await.context("failed to find the management cluster's API")?;
    let metrics = Metrics::default();
    let readiness = Readiness::default();
    let scraped = metrics.clone();
    let server = probes::serve(settings.metrics_address, move || scraped.encode(), readiness.clone());
    let address = settings.metrics_address;
    let server =
        tokio::spawn(async move { server.await.with_context(|| format!("failed to serve probes at {address}")) });
    let me = settings.identity.clone().unwrap_or_else(|| format!("local-{}", std::process::id()));
    let elector = Elector::new(client.clone(), &settings.namespace, LEASE, &me);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // A process that stands by is as ready as it gets: a rollout must not wait for the lease that the old one holds.
    readiness.set();
    tokio::select! {
        () = elector.acquire() => {}
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    }
    metrics.set_leader(true);
    tracing::info!(identity = me, version = env!("CARGO_PKG_VERSION"), "leading");
    let outcome = tokio::select! {
        outcome = lead(client, settings, metrics, me) => outcome,
        lost = elector.hold() => return Err(lost.into()),
        server = server => server.context("the probe server ended")?,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    elector.release().await;
    tracing::info!("ending");
    outcome
}

/// Runs the controllers; returns only when one of them ends.
async fn lead(client: kube::Client, settings: Settings, metrics: Metrics, me: String) -> anyhow::Result<()> {
    let calls = Calls::new("hoist-operator");
    let clock = Clock::system();
    let keys = Arc::new(SpareKeys::default());
    let bootstrap = BootstrapServer::default();
    bootstrap
        .prepare(&client, &calls, &settings.namespace, &clock, keys.as_ref())
        .await
        .context("failed to prepare the bootstrap server")?;
    let front = Front::default();
    front
        .read(&client, &calls, &settings.namespace, settings.router)
        .await
        .context("failed to read the Services of the bootstrap server and the router")?;
    let (management, writers) = Management::new();
    let changes = Management::watch(&client, writers);
    let ctx = Arc::new(Context {
        sets: ApplySet::new(calls),
        calls,
        clock: clock.clone(),
        keys: keys.clone(),
        metrics,
        events: Events::new(client.clone(), "hoist-operator", Some(me)),
        releases: Releases::from_registries(settings.registry_trust_bundle.clone(), settings.registry_proxy.clone()),
        references: References::default(),
        pool_references: References::default(),
        management: management.clone(),
        guests: Guests::default(),
        rights: Rights::new(&settings.namespace, &settings.service_account),
        front,
        hosted_clusters: HostedClusters::default(),
        lookups: Lookups::default(),
        triggers: Triggers::default(),
        client: client.clone(),
        settings: settings.clone(),
    });
    // The stores fill while this stream is polled, and the first reconciles need them full.
    let (sender, receiver) = futures::channel::mpsc::unbounded();
    let following = changes.for_each(move |()| {
        let _ = sender.unbounded_send(());
        futures::future::ready(())
    });
    let mut following = std::pin::pin!(following.fuse());
    tokio::select! {
        () = management.ready() => {}
        () = &mut following => anyhow::bail!("the management cluster's nodes are not watched any more"),
    }
    let hosted_clusters = hosted_cluster::run(Arc::clone(&ctx), receiver).for_each(|()| async {});
    let control_planes = hosted_control_plane::run(Arc::clone(&ctx)).for_each(|()| async {});
    let node_pools = node_pool::run(Arc::clone(&ctx)).for_each(|()| async {});
    let hosts = node_bootstrap::run(Arc::clone(&ctx)).for_each(|()| async {});
    let requests = break_glass::run(Arc::clone(&ctx)).for_each(|()| async {});
    let backups = unserved::run::<HCPEtcdBackup>(Arc::clone(&ctx)).for_each(|()| async {});
    let sizing = unserved::run::<ClusterSizingConfiguration>(Arc::clone(&ctx)).for_each(|()| async {});
    let spare = Arc::clone(&keys);
    let fill = async {
        loop {
            let keys = Arc::clone(&spare);
            let _ = tokio::task::spawn_blocking(move || keys.fill()).await;
            tokio::time::sleep(SPARE_KEY).await;
        }
    };
    let ended = tokio::select! {
        () = fill => "keys",
        () = following => "management cluster",
        // Each controller is a task of its own, so that they run on both threads.
        _ = tokio::spawn(hosted_clusters) => "HostedCluster",
        _ = tokio::spawn(control_planes) => "HostedControlPlane",
        _ = tokio::spawn(node_pools) => "NodePool",
        _ = tokio::spawn(hosts) => "Host",
        _ = tokio::spawn(requests) => "CertificateSigningRequest",
        () = backups => "HCPEtcdBackup",
        () = sizing => "ClusterSizingConfiguration",
        () = node_bootstrap::tokens::clear(Arc::clone(&ctx)) => "JoinToken",
        () = bootstrap.keep(&ctx) => "bootstrap server",
    };
    anyhow::bail!("the controller of {ended} ended; the process starts anew")
}
