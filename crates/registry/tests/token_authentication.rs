//! Bearer tokens, against a registry of a few lines: the distribution registry would want a signing service.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails fails the test")]

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use hoist_registry::{Client, DockerConfig, Options};
use hoist_release::{Digest, ImageReference};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

const MANIFEST: &str = r#"{"schemaVersion":2}"#;

/// Answers one request after the other and remembers their first lines.
async fn serve(stream: UnixStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let request = head.lines().next().unwrap().to_owned();
        let authorization = head.lines().find_map(|line| line.strip_prefix("authorization: ")).unwrap_or("").to_owned();
        let credentials = base64::engine::general_purpose::STANDARD.encode("me:secret");
        let answer = if request.starts_with("GET /token?") {
            if authorization == format!("Basic {credentials}") {
                r#"HTTP/1.1 200 OK|{"access_token":"good"}"#.to_owned()
            } else {
                "HTTP/1.1 401 Unauthorized|".to_owned()
            }
        } else if authorization == "Bearer good" {
            format!("HTTP/1.1 200 OK|{MANIFEST}")
        } else {
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer realm=\"http://auth.example.com/token\",service=\"me, myself\"|"
                .to_owned()
        };
        seen.lock().unwrap().push(request);
        let (head, body) = answer.split_once('|').unwrap();
        let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(text.as_bytes()).await.unwrap();
    }
}

#[tokio::test]
async fn a_token_is_fetched_with_the_pull_secret_and_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("registry.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, log.clone()));
        }
    });
    let client = Client::new(Options {
        unix_socket: Some(socket),
        docker_config: Some(DockerConfig::single("registry.example.com", "me", "secret".into())),
        ..Options::default()
    })
    .unwrap();
    let image: ImageReference = "registry.example.com/hoist/release:1".parse().unwrap();
    assert_eq!(client.resolve(&image).await.unwrap(), Digest::of(MANIFEST.as_bytes()));
    client.resolve(&image).await.unwrap();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            "GET /v2/hoist/release/manifests/1 HTTP/1.1",
            "GET /token?scope=repository%3Ahoist%2Frelease%3Apull&service=me%2C+myself HTTP/1.1",
            "GET /v2/hoist/release/manifests/1 HTTP/1.1",
            "GET /v2/hoist/release/manifests/1 HTTP/1.1",
        ]
    );

    let wrong = Client::new(Options {
        unix_socket: Some(folder.path().join("registry.sock")),
        docker_config: Some(DockerConfig::single("registry.example.com", "me", "wrong".into())),
        ..Options::default()
    })
    .unwrap();
    let error = wrong.resolve(&image).await.unwrap_err();
    assert_eq!(error.reason(), "RegistryUnauthorized", "{error}");
    server.abort();
}
