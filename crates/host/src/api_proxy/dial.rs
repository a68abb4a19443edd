//! Opens a connection to an endpoint, directly or through an HTTP proxy, and past the router that may stand before it.

use std::{io, time::Duration};

use hoist_node_config::{Endpoint, ProxySettings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// An endpoint that takes longer is as good as dead: others may be better.
const DEADLINE: Duration = Duration::from_secs(3);
/// Longest answer of a proxy to CONNECT.
const ANSWER_LIMIT: usize = 8192;

/// Connects to `endpoint`.
pub(super) async fn dial(endpoint: &Endpoint, proxy: Option<&ProxySettings>) -> io::Result<TcpStream> {
    let connect = async {
        let mut stream = match proxy.filter(|proxy| !is_exempt(&endpoint.host, &proxy.no_proxy)) {
            None => TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await?,
            Some(proxy) => through(endpoint, &proxy.https_proxy).await?,
        };
        if endpoint.via_router {
            ask(&mut stream, endpoint, "router").await?;
        }
        Ok::<_, io::Error>(stream)
    };
    let stream = tokio::time::timeout(DEADLINE, connect)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", DEADLINE.as_secs())))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether `NO_PROXY` names this host: exactly, as a domain it belongs to, or by `*`.
pub fn is_exempt(host: &str, no_proxy: &str) -> bool {
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches('.');
        entry == "*" || host == domain || host.ends_with(&format!(".{domain}")) || is_in_network(host, entry)
    })
}

fn is_in_network(host: &str, entry: &str) -> bool {
    match (host.parse::<std::net::IpAddr>(), entry.parse::<ipnet::IpNet>()) {
        (Ok(address), Ok(network)) => network.contains(&address),
        _ => false,
    }
}

async fn through(endpoint: &Endpoint, proxy: &str) -> io::Result<TcpStream> {
    let address = proxy.strip_prefix("http://").unwrap_or(proxy).trim_end_matches('/');
    if address.contains("://") || address.contains('@') {
        return Err(io::Error::other("the local API proxy can go through http:// proxies without a password only"));
    }
    let mut stream = TcpStream::connect(address).await?;
    ask(&mut stream, endpoint, "proxy").await?;
    Ok(stream)
}

/// Has `asked` connect `stream` to `endpoint`.
async fn ask(stream: &mut TcpStream, endpoint: &Endpoint, asked: &str) -> io::Result<()> {
    let request = format!("CONNECT {endpoint} HTTP/1.1\r\nHost: {endpoint}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    // One byte at a time: what follows the answer belongs to the connection, and TLS servers speak second anyway.
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() >= ANSWER_LIMIT {
            return Err(io::Error::other(format!("the {asked}'s answer to CONNECT is too long")));
        }
        answer.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&answer);
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if status != "200" {
        return Err(io::Error::other(format!("the {asked} refused CONNECT {endpoint} with status {status}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("10.0.0.5", "10.0.0.0/8", true)]
    #[case("10.0.0.5", "10.0.0.5", true)]
    #[case("api.example.net", ".example.net", true)]
    #[case("api.example.net", "example.net, other", true)]
    #[case("example.network", "example.net", false)]
    #[case("11.0.0.5", "10.0.0.0/8", false)]
    #[case("anything", "*", true)]
    #[case("anything", "", false)]
    fn no_proxy_is_read_as_elsewhere(#[case] host: &str, #[case] no_proxy: &str, #[case] expected: bool) {
        assert_eq!(is_exempt(host, no_proxy), expected);
    }

    #[tokio::test]
    async fn a_proxy_is_asked_to_connect_and_its_refusal_is_told() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            for answer in ["HTTP/1.1 200 OK\r\n\r\nhello", "HTTP/1.1 403 Forbidden\r\n\r\n"] {
                let (mut stream, _) = listener.accept().await.expect("a client");
                let mut request = [0; 18];
                stream.read_exact(&mut request).await.expect("a request");
                assert_eq!(&request, b"CONNECT api.test:6");
                stream.write_all(answer.as_bytes()).await.expect("answered");
                let mut rest = Vec::new();
                let _ = stream.read_to_end(&mut rest).await;
            }
        });
        let endpoint = Endpoint::new("api.test", 6443);
        let proxy = ProxySettings { https_proxy: format!("http://{address}"), no_proxy: String::new() };
        let mut stream = dial(&endpoint, Some(&proxy)).await.expect("connected");
        let mut greeting = [0; 5];
        stream.read_exact(&mut greeting).await.expect("bytes behind the answer");
        assert_eq!(&greeting, b"hello");
        drop(stream);
        let error = dial(&endpoint, Some(&proxy)).await.expect_err("refused");
        assert!(error.to_string().contains("403"), "{error}");
    }

    #[tokio::test]
    async fn a_router_is_told_the_name_also_behind_a_proxy() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = tokio::spawn(async move {
            let mut heads = Vec::new();
            for expected in [1, 2] {
                let (mut stream, _) = listener.accept().await.expect("a client");
                for _ in 0..expected {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.expect("a request"));
                    }
                    heads.push(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned());
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answered");
                }
            }
            heads
        });
        let endpoint = Endpoint { via_router: true, ..Endpoint::new("localhost", address.port()) };
        dial(&endpoint, None).await.expect("connected directly");
        let proxy = ProxySettings { https_proxy: format!("http://{address}"), no_proxy: String::new() };
        dial(&endpoint, Some(&proxy)).await.expect("connected through a proxy");
        let line = format!("CONNECT localhost:{} HTTP/1.1", address.port());
        assert_eq!(server.await.expect("the server"), vec![line; 3]);
    }
}
