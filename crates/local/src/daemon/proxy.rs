//! The loopback proxy: HTTP CONNECT and plain HTTP proxying into the instance's network.
//!
//! It resolves no names but those of the instance's hosts: everything else an instance offers is
//! reached by address.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use http_body_util::{Either, Full};
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    header::{CONNECTION, HOST, HeaderName, HeaderValue},
    service::service_fn,
    upgrade,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use crate::{host::Host, instance::Instance};

/// Longest wait for a connection inside the instance, where nothing is further than a bridge.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

type Body = Either<Incoming, Full<Bytes>>;

/// Serves until the listener fails.
pub(super) async fn serve(listener: TcpListener, instance: Arc<Instance>) -> io::Result<()> {
    loop {
        let (stream, _) = match listener.accept().await {
            Ok(accepted) => accepted,
            // The peer left before it was accepted, or file descriptors ran out for a moment.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let instance = Arc::clone(&instance);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let instance = Arc::clone(&instance);
                async move { Ok::<_, std::convert::Infallible>(answer(request, &instance).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .preserve_header_case(true)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
        });
    }
}

async fn answer(request: Request<Incoming>, instance: &Instance) -> Response<Body> {
    let outcome = if request.method() == Method::CONNECT {
        tunnel(request, instance).await
    } else {
        forward(request, instance).await
    };
    outcome.unwrap_or_else(|refusal| {
        let mut response = Response::new(Either::Right(Full::new(Bytes::from(format!("{}\n", refusal.1)))));
        *response.status_mut() = refusal.0;
        response
    })
}

/// What the client is told instead.
struct Refusal(StatusCode, String);

async fn tunnel(request: Request<Incoming>, instance: &Instance) -> Result<Response<Body>, Refusal> {
    let mut target = dial(request.uri(), None, instance).await?;
    tokio::spawn(async move {
        match upgrade::on(request).await {
            Ok(client) => {
                // Either side may just hang up; there is nobody to tell.
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut target).await;
            }
            Err(error) => tracing::debug!(%error, "a client left before its tunnel stood"),
        }
    });
    Ok(Response::new(Either::Right(Full::default())))
}

async fn forward(mut request: Request<Incoming>, instance: &Instance) -> Result<Response<Body>, Refusal> {
    let uri = request.uri().clone();
    if uri.scheme_str() != Some("http") {
        let text = "this is the HTTP proxy of a local Hoist instance: expected CONNECT or an http:// address; use it as a proxy";
        return Err(Refusal(StatusCode::BAD_REQUEST, text.to_owned()));
    }
    let stream = dial(&uri, Some(80), instance).await?;
    let failed = |error: hyper::Error| Refusal(StatusCode::BAD_GATEWAY, crate::error_chain(&error));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    // These concern the client and this proxy only. Source: RFC 9110, section 7.6.1.
    for name in
        [CONNECTION, HeaderName::from_static("proxy-connection"), HeaderName::from_static("proxy-authorization")]
    {
        request.headers_mut().remove(name);
    }
    if let Some(host) = uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok()) {
        request.headers_mut().insert(HOST, host);
    }
    let response = sender.send_request(request).await.map_err(failed)?;
    Ok(response.map(Either::Left))
}

async fn dial(uri: &Uri, default_port: Option<u16>, instance: &Instance) -> Result<TcpStream, Refusal> {
    let bad = |text: String| Refusal(StatusCode::BAD_REQUEST, text);
    let host = uri.host().ok_or_else(|| bad("the request names no host".to_owned()))?;
    let port = uri.port_u16().or(default_port).ok_or_else(|| bad(format!("the request names no port of {host}")))?;
    let address = resolve(host, instance).ok_or_else(|| {
        let text =
            format!("`{host}` is no address and no host of instance `{}`: expected one of these", instance.name());
        Refusal(StatusCode::BAD_GATEWAY, text)
    })?;
    let target = SocketAddr::new(address, port);
    match tokio::time::timeout(DIAL_TIMEOUT, TcpStream::connect(target)).await {
        Ok(Ok(stream)) => {
            let _ = stream.set_nodelay(true);
            Ok(stream)
        }
        Ok(Err(error)) => Err(Refusal(StatusCode::BAD_GATEWAY, format!("cannot reach {target}: {error}"))),
        Err(_) => Err(Refusal(StatusCode::GATEWAY_TIMEOUT, format!("{target} does not answer"))),
    }
}

fn resolve(host: &str, instance: &Instance) -> Option<IpAddr> {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse() {
        return Some(address);
    }
    let hosts = Host::list(instance).ok()?;
    hosts.iter().find(|known| known.name() == host).map(|known| known.address().into())
}
