//! The proxy between real sockets on loopback.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A server that says its name on every connection and then echoes.
async fn server(name: &'static str) -> (Endpoint, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.spawn(async move {
                let _ = stream.write_all(name.as_bytes()).await;
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
            });
        }
    });
    (Endpoint::new("127.0.0.1", port), task)
}

struct Proxy {
    folder: tempfile::TempDir,
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    async fn start(endpoints: Vec<Endpoint>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let path = folder.path().join("api-proxy.json");
        write_config(&path, address, endpoints);
        let config = read_config(&path).expect("a configuration");
        let task = tokio::spawn(forward(listener, path, config));
        Self { folder, address, task }
    }

    fn replace(&self, endpoints: Vec<Endpoint>) {
        write_config(&self.folder.path().join("api-proxy.json"), self.address, endpoints);
    }

    async fn connect(&self) -> (TcpStream, String) {
        self.try_connect().await.expect("a name")
    }

    /// Fails when the connection is cut at once, as happens while its endpoint is being taken from the list.
    async fn try_connect(&self) -> std::io::Result<(TcpStream, String)> {
        let mut stream = TcpStream::connect(self.address).await?;
        let mut name = [0; 1];
        stream.read_exact(&mut name).await?;
        Ok((stream, String::from_utf8_lossy(&name).into_owned()))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn write_config(path: &std::path::Path, listen: SocketAddr, endpoints: Vec<Endpoint>) {
    let text = serde_json::to_vec(&Config { listen, endpoints, proxy: None }).expect("JSON");
    fs_err::write(path, text).expect("written");
}

#[tokio::test]
async fn bytes_go_both_ways() {
    let (endpoint, _server) = server("a").await;
    let proxy = Proxy::start(vec![endpoint]).await;
    let (mut stream, name) = proxy.connect().await;
    assert_eq!(name, "a");
    stream.write_all(b"ping").await.expect("written");
    let mut echoed = [0; 4];
    stream.read_exact(&mut echoed).await.expect("echoed");
    assert_eq!(&echoed, b"ping");
}

#[tokio::test]
async fn a_dead_endpoint_is_passed_over_and_its_connections_are_cut() {
    let ((first, first_server), (second, _second_server)) = (server("a").await, server("b").await);
    let proxy = Proxy::start(vec![first, second]).await;
    let (mut stream, name) = proxy.connect().await;
    assert_eq!(name, "a");
    first_server.abort();
    let _ = first_server.await;
    // The first try may meet the old endpoint's last moment.
    let passed_over = async { while !matches!(proxy.try_connect().await, Ok((_, name)) if name == "b") {} };
    tokio::time::timeout(Duration::from_secs(10), passed_over).await.expect("passed over");
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("cut in time").ok();
}

#[tokio::test]
async fn a_changed_list_is_taken_over_without_a_restart() {
    let ((first, _first_server), (second, _second_server)) = (server("a").await, server("b").await);
    let proxy = Proxy::start(vec![first]).await;
    assert_eq!(proxy.connect().await.1, "a");
    proxy.replace(vec![second]);
    let moved = async { while !matches!(proxy.try_connect().await, Ok((_, name)) if name == "b") {} };
    tokio::time::timeout(Duration::from_secs(10), moved).await.expect("taken over");
}

#[tokio::test]
async fn without_any_endpoint_a_client_is_turned_away_at_once() {
    let proxy = Proxy::start(Vec::new()).await;
    let mut stream = TcpStream::connect(proxy.address).await.expect("the proxy");
    let mut rest = Vec::new();
    tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.expect("closed").ok();
    assert!(rest.is_empty());
}
