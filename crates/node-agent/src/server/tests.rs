//! Trust in the server, over real TLS on loopback.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256};
use rstest::rstest;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::*;

struct Fake {
    url: String,
    pin: Pin,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key")
}

/// A server with a certificate for `name`, valid until `last_year`, that answers every request with `answer`.
async fn fake(name: &str, last_year: i32, answer: &'static str) -> Fake {
    fake_that_drops(0, name, last_year, answer).await
}

/// The same, but the first `drops` requests get no answer and a closed connection.
async fn fake_that_drops(drops: usize, name: &str, last_year: i32, answer: &'static str) -> Fake {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
    let mut leaf = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    leaf.not_after = rcgen::date_time_ymd(last_year, 1, 1);
    let leaf_key = key();
    let leaf = leaf.signed_by(&leaf_key, &authority).expect("a certificate");
    let (_, parsed) = X509Certificate::from_der(authority.der()).expect("a certificate");
    let pin = hoist_release::Digest::of(parsed.public_key().raw).to_string().parse().expect("a pin");
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let config = rustls::ServerConfig::builder_with_provider(tls::provider())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a certificate");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let task = tokio::spawn(async move {
        let mut left_to_drop = drops;
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            if left_to_drop > 0 {
                left_to_drop -= 1;
                continue;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    Fake { url, pin, task }
}

const OK: &str =
    "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: Thu, 01 Jan 1970 00:01:00 GMT\r\nconnection: close\r\n\r\nok";

fn client(fake: &Fake, pin: Pin) -> Server {
    Server::new(&fake.url, "clusters-demo", pin, None).expect("a client")
}

#[tokio::test]
async fn the_pinned_server_is_trusted_by_any_address_and_tells_the_time() {
    let fake = fake(hoist_node_config::join::SERVER_NAME, 2100, OK).await;
    let skew = client(&fake, fake.pin).contact().await.expect("trusted").expect("a time");
    assert!((skew - (Timestamp::now().as_second() - 60)).abs() < 60, "{skew}");
}

#[tokio::test]
async fn a_wrong_pin_is_refused_and_said_to_be_one() {
    let fake = fake(hoist_node_config::join::SERVER_NAME, 2100, OK).await;
    let pin = format!("sha256:{}", "0".repeat(64)).parse().expect("a pin");
    let error = client(&fake, pin).contact().await.expect_err("another authority");
    assert!(matches!(error, Error::OtherAuthority { .. }), "{error:?}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused_even_from_the_pinned_authority() {
    let fake = fake("registry.hypershift.svc", 2100, OK).await;
    let error = client(&fake, fake.pin).contact().await.expect_err("another name");
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_ended_points_at_the_clock() {
    let fake = fake(hoist_node_config::join::SERVER_NAME, 2001, OK).await;
    let error = client(&fake, fake.pin).contact().await.expect_err("an old certificate");
    assert!(matches!(error, Error::Clock { .. }), "{error:?}");
    assert!(error.cause().next_step.contains("clock"));
}

const GONE: &str =
    "HTTP/1.1 410 Gone\r\ncontent-length: 28\r\nconnection: close\r\n\r\n{\"message\":\"x\",\"gone\":true}\n";
const BARE_GONE: &str = "HTTP/1.1 410 Gone\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const UNAVAILABLE: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[rstest]
#[case::said(GONE, true)]
#[case::a_bare_status_is_not_enough(BARE_GONE, false)]
#[case::nor_is_unavailable(UNAVAILABLE, false)]
#[tokio::test]
async fn only_the_whole_answer_means_that_the_cluster_is_gone(#[case] answer: &'static str, #[case] expected: bool) {
    let fake = fake(hoist_node_config::join::SERVER_NAME, 2100, answer).await;
    let error = client(&fake, fake.pin).orders("w1", &Confidential::new("t")).await.expect_err("a refusal");
    assert_eq!(error.is_gone(), expected, "{error:?}");
}

#[tokio::test]
async fn nobody_listening_is_worth_another_try() {
    let pin = format!("sha256:{}", "0".repeat(64)).parse().expect("a pin");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let error = Server::new(&url, "c", pin, None).expect("a client").contact().await.expect_err("nobody");
    assert!(error.is_transient() && error.to_string().contains("refused"), "{error}");
}

#[test]
fn a_server_without_tls_is_not_even_asked() {
    let pin = format!("sha256:{}", "0".repeat(64)).parse().expect("a pin");
    assert!(Server::new("http://192.0.2.1:1", "c", pin, None).is_err());
}

#[tokio::test]
async fn a_farewell_is_told_again_when_the_connection_had_died() {
    let name = hoist_node_config::join::SERVER_NAME;
    let once = fake_that_drops(1, name, 2100, OK).await;
    client(&once, once.pin).left("w1", &Confidential::new("t")).await.expect("told at the second attempt");
    let always = fake_that_drops(usize::MAX, name, 2100, OK).await;
    let error = client(&always, always.pin).left("w1", &Confidential::new("t")).await.expect_err("nobody answers");
    assert!(error.is_transient(), "{error}");
}
