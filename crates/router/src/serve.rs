//! Accepts connections, within a limit, until told to stop.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};

use crate::addresses::Addresses;
use crate::connection;
use crate::metrics::Metrics;
use crate::names::Names;

/// Connections at a time; each takes two descriptors and some 20 KiB.
const CONNECTIONS: usize = 16_384;
/// After the order to stop: Services must forget this pod before it stops accepting.
const FORGOTTEN: Duration = Duration::from_secs(4);
/// Afterwards, for what is under way. Watches and agents connect again; whoever waits for an answer gets it mostly.
const GRACE: Duration = Duration::from_secs(4);

/// Serves until the order to stop, and a few seconds on.
pub async fn serve(listener: TcpListener, names: watch::Receiver<Arc<Names>>, metrics: Arc<Metrics>) {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let accepting = accept(listener, names, metrics, Arc::clone(&permits));
    let stopping = async {
        told_to_stop().await;
        tracing::info!("stopping");
        tokio::time::sleep(FORGOTTEN).await;
    };
    tokio::select! {
        () = accepting => {}
        () = stopping => {}
    }
    let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(GRACE, permits.acquire_many(all)).await;
}

async fn accept(
    listener: TcpListener,
    names: watch::Receiver<Arc<Names>>,
    metrics: Arc<Metrics>,
    permits: Arc<Semaphore>,
) {
    let addresses = Arc::new(Addresses::default());
    loop {
        let (client, peer) = match listener.accept().await {
            Ok((client, peer)) => (client, peer.ip()),
            Err(cause) => {
                // Out of descriptors, mostly.
                tracing::warn!(%cause, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            tracing::debug!("connection turned away: too many");
            continue;
        };
        let (names, metrics, addresses) = (Arc::clone(&names.borrow()), Arc::clone(&metrics), Arc::clone(&addresses));
        tokio::spawn(async move {
            metrics.opened();
            let outcome = connection::serve(client, peer, names, &addresses).await;
            metrics.ended(outcome);
            drop(permit);
        });
    }
}

async fn told_to_stop() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        (Err(cause), _) | (_, Err(cause)) => {
            tracing::error!(%cause, "signals cannot be heard; only SIGKILL will stop this router");
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests;
