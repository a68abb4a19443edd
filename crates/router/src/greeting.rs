//! The first bytes of a connection, which say whom it is for.
//!
//! Either a TLS hello with a server name (RFC 6066), which is passed on as it is, or an HTTP request to CONNECT (RFC 9110), after
//! whose answer anything may follow.

use std::io;

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest hello or request; a hello with keys of the post-quantum kind takes some two kilobytes.
const LIMIT: usize = 16 * 1024;
/// First byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;

/// Whom a connection is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The name.
    pub name: String,
    /// Whether it was said by CONNECT and is to be answered.
    pub is_connect: bool,
    /// What the server gets first.
    pub bytes: Vec<u8>,
}

/// Why a connection is not for anybody.
#[derive(Debug)]
pub enum Refusal {
    /// It ended, or lasted too long, before it said anything.
    Silent,
    /// Neither a hello with a name nor a request to CONNECT; the answer says so in the client's language.
    Unreadable {
        /// What is answered.
        answer: Vec<u8>,
    },
}

impl From<io::Error> for Refusal {
    fn from(_: io::Error) -> Self {
        Self::Silent
    }
}

/// Reads the greeting of a client.
pub async fn read(client: &mut (impl AsyncRead + Unpin)) -> Result<Greeting, Refusal> {
    let mut bytes = Vec::with_capacity(2048);
    more(client, &mut bytes).await?;
    if bytes[0] == HANDSHAKE { hello(client, bytes).await } else { connect(client, bytes).await }
}

async fn more(client: &mut (impl AsyncRead + Unpin), bytes: &mut Vec<u8>) -> Result<usize, Refusal> {
    let before = bytes.len();
    if before >= LIMIT || client.read_buf(bytes).await? == 0 {
        return Err(Refusal::Silent);
    }
    Ok(before)
}

async fn hello(client: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> Result<Greeting, Refusal> {
    let (mut acceptor, mut seen) = (Acceptor::default(), 0);
    loop {
        while seen < bytes.len() {
            match acceptor.read_tls(&mut &bytes[seen..]) {
                Ok(0) | Err(_) => return Err(Refusal::Silent),
                Ok(count) => seen += count,
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    return match accepted.client_hello().server_name() {
                        Some(name) => Ok(Greeting { name: name.to_owned(), is_connect: false, bytes }),
                        None => Err(Refusal::Unreadable { answer: alert(Alert::UnrecognizedName) }),
                    };
                }
                Ok(None) => {}
                Err((_, mut alert)) => {
                    let mut answer = Vec::new();
                    let _ = alert.write(&mut answer);
                    return Err(Refusal::Unreadable { answer });
                }
            }
        }
        more(client, &mut bytes).await?;
    }
}

/// Alerts of TLS that the router has to send itself, with their numbers in RFC 8446.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Alert {
    /// The client may not come in.
    AccessDenied = 49,
    /// The name leads nowhere.
    UnrecognizedName = 112,
}

/// The record of a fatal alert.
pub fn alert(alert: Alert) -> Vec<u8> {
    vec![21, 3, 3, 0, 2, 2, alert as u8]
}

async fn connect(client: &mut (impl AsyncRead + Unpin), mut bytes: Vec<u8>) -> Result<Greeting, Refusal> {
    const END: &[u8] = b"\r\n\r\n";
    let end = loop {
        if let Some(found) = bytes.windows(END.len()).position(|window| window == END) {
            break found + END.len();
        }
        more(client, &mut bytes).await?;
    };
    let rest = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    match (words.next(), words.next().and_then(|authority| authority.rsplit_once(':'))) {
        (Some("CONNECT"), Some((name, _))) => Ok(Greeting { name: name.to_owned(), is_connect: true, bytes: rest }),
        _ => Err(Refusal::Unreadable {
            answer: status("400 Bad Request", "expected TLS with a server name, or CONNECT name:port"),
        }),
    }
}

/// An HTTP answer that ends the connection.
pub fn status(status: &str, reason: &str) -> Vec<u8> {
    let length = reason.len() + 1;
    format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{reason}\n")
        .into_bytes()
}

#[cfg(test)]
pub mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// What a real client says first.
    pub fn client_hello(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut bytes = Vec::new();
        connection.write_tls(&mut bytes).expect("a hello");
        bytes
    }

    /// Says `parts` one after the other, each for itself.
    async fn greeting(parts: Vec<Vec<u8>>) -> Result<Greeting, Refusal> {
        let (mut client, mut server) = tokio::io::duplex(1);
        let saying = tokio::spawn(async move {
            for part in parts {
                let _ = client.write_all(&part).await;
            }
        });
        let found = read(&mut server).await;
        drop(server);
        saying.await.expect("said");
        found
    }

    #[tokio::test]
    async fn the_name_of_a_hello_is_read_byte_by_byte_and_nothing_is_lost() {
        let hello = client_hello("api.example.com");
        let found = greeting(vec![hello.clone()]).await.expect("a greeting");
        assert_eq!(found, Greeting { name: "api.example.com".to_owned(), is_connect: false, bytes: hello });
    }

    #[tokio::test]
    async fn a_hello_without_a_name_is_told_so() {
        let Err(Refusal::Unreadable { answer }) = greeting(vec![client_hello("192.0.2.1")]).await else {
            panic!("a name out of nowhere")
        };
        assert_eq!(answer, alert(Alert::UnrecognizedName));
    }

    #[tokio::test]
    async fn what_follows_connect_belongs_to_the_server() {
        let request = b"CONNECT api.example.com:30443 HTTP/1.1\r\nHost: api.example.com:30443\r\n\r\n".to_vec();
        let (mut client, mut server) = tokio::io::duplex(4096);
        client.write_all(&[request, b"early".to_vec()].concat()).await.expect("said");
        let found = read(&mut server).await.expect("a greeting");
        assert_eq!(found, Greeting { name: "api.example.com".to_owned(), is_connect: true, bytes: b"early".to_vec() });
    }

    #[rstest]
    #[case::another_method(b"GET / HTTP/1.1\r\n\r\n".to_vec(), "400 Bad Request")]
    #[case::no_port(b"CONNECT api.example.com HTTP/1.1\r\n\r\n".to_vec(), "400 Bad Request")]
    #[case::no_tls_after_all(vec![HANDSHAKE, 9, 9, 9, 9, 9, 9, 9, 9], "")]
    #[tokio::test]
    async fn what_cannot_be_read_is_answered(#[case] said: Vec<u8>, #[case] expected: &str) {
        let Err(Refusal::Unreadable { answer }) = greeting(vec![said]).await else { panic!("read nevertheless") };
        assert!(!answer.is_empty());
        assert!(String::from_utf8_lossy(&answer).contains(expected));
    }

    #[rstest]
    #[case::nothing(Vec::new())]
    #[case::half_a_request(b"CONNECT api.example".to_vec())]
    #[case::without_end(vec![b'x'; LIMIT + 1])]
    #[tokio::test]
    async fn who_says_too_little_or_too_much_is_left(#[case] said: Vec<u8>) {
        assert!(matches!(greeting(vec![said]).await, Err(Refusal::Silent)));
    }
}
