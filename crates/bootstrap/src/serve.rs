//! Accepts connections, within limits, until told to stop.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use tracing::{debug, error, info, warn};

use crate::access::Peer;

/// Connections at a time. Each waiting host holds one; each costs about 40 KiB with TLS.
const CONNECTIONS: usize = 4096;
/// Longest for a TLS handshake, and for the head of a request.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// Longest that open requests may go on after the order to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Resolves once `stopped` is true.
pub(crate) async fn stopped(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Turns SIGTERM and SIGINT into the order to stop.
pub(crate) async fn until_signal(stop: watch::Sender<bool>) {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            info!("stopping");
        }
        (Err(cause), _) | (_, Err(cause)) => {
            error!(%cause, "signals cannot be heard; only SIGKILL will stop this server");
            std::future::pending::<()>().await;
        }
    }
    stop.send_replace(true);
}

/// Serves `router` over TLS until `stop` turns true; then finishes what is under way, for a few seconds at most.
pub(crate) async fn serve(
    listener: TcpListener,
    certificates: watch::Receiver<Arc<ServerConfig>>,
    router: Router,
    stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let permits = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(stop.clone()) => break,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(cause) => {
                // Out of descriptors, mostly.
                warn!(%cause, "connection not accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            debug!(%peer, "connection turned away: too many");
            continue;
        };
        let acceptor = TlsAcceptor::from(Arc::clone(&certificates.borrow()));
        let (router, stop) = (router.clone(), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, acceptor, router, stop).await;
            drop(permit);
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: TlsAcceptor,
    router: Router,
    stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let Ok(Ok(stream)) = tokio::time::timeout(HEAD_DEADLINE, acceptor.accept(stream)).await else {
        debug!(%peer, "no TLS handshake");
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request).await;
            Ok::<_, Infallible>(response)
        }
    });
    let mut serving = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopped(stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(cause) = ended {
        debug!(%peer, %cause, "connection ended badly");
    }
}
