//! The router between real sockets on loopback.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::greeting::tests::client_hello;
use crate::greeting::{Alert, alert};
use crate::names::Target;

/// A router that knows `names`, for everybody.
async fn router(names: Vec<(&str, SocketAddr)>) -> (SocketAddr, Arc<Metrics>, JoinHandle<()>) {
    guarded(names.into_iter().map(|(name, server)| (name, server, None)).collect()).await
}

/// A router that knows `names`, for those in a block.
async fn guarded(names: Vec<(&str, SocketAddr, Option<&str>)>) -> (SocketAddr, Arc<Metrics>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let names = names.into_iter().map(|(name, server, block)| {
        let target = Target { host: server.ip().to_string(), port: server.port() };
        (name.to_owned(), target, block.map(|block| vec![block.parse().expect("a block")]))
    });
    let (_, names) = watch::channel(Arc::new(names.collect::<Names>()));
    let metrics = Arc::new(Metrics::default());
    let task = tokio::spawn(accept(listener, names, Arc::clone(&metrics), Arc::new(Semaphore::new(16))));
    (address, metrics, task)
}

/// A server that answers the first bytes it gets with themselves and its name.
async fn server(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap_or_default();
            let _ = stream.write_all(&[&bytes[..count], name.as_bytes()].concat()).await;
        }
    });
    address
}

async fn said(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.expect("the router");
    stream.write_all(bytes).await.expect("said");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn each_name_leads_to_its_server_and_others_nowhere() {
    let (first, second) = (server("first").await, server("second").await);
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");
    let names = vec![("a.example.com", first), ("b.example.com", second), ("gone.example.com", gone)];
    let (router, metrics, task) = router(names).await;
    let connect = |name: &str| format!("CONNECT {name}:443 HTTP/1.1\r\n\r\nhello ").into_bytes();
    let established = "HTTP/1.1 200 Connection established\r\n\r\n";
    assert_eq!(said(router, &connect("a.example.com")).await, format!("{established}hello first"));
    assert_eq!(said(router, &connect("B.example.com")).await, format!("{established}hello second"));
    assert!(said(router, &connect("c.example.com")).await.starts_with("HTTP/1.1 404 "));
    assert!(said(router, &connect("gone.example.com")).await.starts_with("HTTP/1.1 502 "));
    task.abort();
    let metrics = metrics.encode().expect("metrics");
    for line in [
        r#"hcp_router_connections_total{outcome="Forwarded"} 2"#,
        r#"hcp_router_connections_total{outcome="UnknownName"} 1"#,
        r#"hcp_router_connections_total{outcome="Unreachable"} 1"#,
        "hcp_router_open_connections 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}

#[tokio::test]
async fn tls_is_passed_on_untouched_or_refused_in_its_own_words() {
    let hello = client_hello("a.example.com");
    let (router, _, task) = router(vec![("a.example.com", server("server").await)]).await;
    let answer = said(router, &hello).await;
    assert_eq!(answer, format!("{}server", String::from_utf8_lossy(&hello)));
    assert_eq!(
        said(router, &client_hello("b.example.com")).await,
        String::from_utf8_lossy(&alert(Alert::UnrecognizedName))
    );
    task.abort();
}

#[tokio::test]
async fn who_is_not_allowed_is_told_so() {
    let names = vec![
        ("a.example.com", server("server").await, Some("192.0.2.0/24")),
        ("b.example.com", server("server").await, Some("127.0.0.0/8")),
    ];
    let (router, metrics, task) = guarded(names).await;
    let refused = said(router, b"CONNECT a.example.com:443 HTTP/1.1\r\n\r\nhello ").await;
    assert!(refused.starts_with("HTTP/1.1 403 ") && refused.contains("allowedCIDRBlocks"), "{refused}");
    assert_eq!(
        said(router, &client_hello("a.example.com")).await,
        String::from_utf8_lossy(&alert(Alert::AccessDenied))
    );
    assert!(said(router, &client_hello("b.example.com")).await.ends_with("server"));
    task.abort();
    let metrics = metrics.encode().expect("metrics");
    assert!(metrics.contains(r#"hcp_router_connections_total{outcome="NotAllowed"} 2"#), "{metrics}");
}
