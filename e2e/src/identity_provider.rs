//! An OpenID Connect provider inside the network of a local host: its metadata, its key, and tokens that it signs.
//!
//! It logs nobody in: tokens come from the test itself. What kube-apiserver asks of a provider is all there.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rcgen::{CertificateParams, IsCa, KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, SanType, SigningKey as _};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use crate::host_network;

/// Longest that a client may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long a token is good.
const LIFETIME: u64 = 300;
const KEY_ID: &str = "one";

/// The provider; dropping it ends it.
#[derive(Debug)]
pub struct IdentityProvider {
    /// Its address, as it stands in tokens.
    pub issuer: String,
    /// PEM of its own certificate, which signed itself.
    pub certificate: String,
    key: KeyPair,
    is_over: Arc<AtomicBool>,
}

impl IdentityProvider {
    /// Starts one in the network of host `name`, at `address`.
    pub fn start(status: &Value, name: &str, address: SocketAddr) -> anyhow::Result<Self> {
        let (key, own_key) = (KeyPair::generate_for(&PKCS_RSA_SHA256)?, KeyPair::generate()?);
        let mut own = CertificateParams::default();
        own.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        own.subject_alt_names = vec![SanType::IpAddress(address.ip())];
        let own = own.self_signed(&own_key)?;
        let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![own.der().clone()], private)?;
        let issuer = format!("https://{address}");
        let documents = Arc::new((metadata(&issuer), key_set(&key)?));
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, tls) = (Arc::clone(&is_over), Arc::new(tls));
        let listener = host_network::listen(status, name, address)?;
        listener.set_nonblocking(true)?;
        thread::spawn(move || accept(&listener, &tls, &documents, &over));
        Ok(Self { issuer, certificate: own.pem(), key, is_over })
    }

    /// A token for `audience` that says who the user is.
    pub fn token(&self, audience: &str, user: &str, groups: &[&str]) -> anyhow::Result<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encode(&json!({"alg": "RS256", "typ": "JWT", "kid": KEY_ID}));
        let claims = encode(&json!({
            "iss": self.issuer, "aud": audience, "sub": user, "groups": groups, "iat": now, "exp": now + LIFETIME,
        }));
        let signature = self.key.sign(format!("{header}.{claims}").as_bytes())?;
        Ok(format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

fn metadata(issuer: &str) -> String {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/authorize"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
    .to_string()
}

fn key_set(key: &KeyPair) -> anyhow::Result<String> {
    let der = key.subject_public_key_info();
    let (_, info) = SubjectPublicKeyInfo::from_der(&der).context("the key cannot be read")?;
    let PublicKey::RSA(rsa) = info.parsed()? else { bail!("the key is not of RSA") };
    // In DER a number that begins with a set bit has a zero before it.
    let number = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes.strip_prefix(&[0]).unwrap_or(bytes));
    let key = json!({
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID,
        "n": number(rsa.modulus), "e": number(rsa.exponent),
    });
    Ok(json!({"keys": [key]}).to_string())
}

fn accept(listener: &TcpListener, tls: &Arc<ServerConfig>, documents: &Arc<(String, String)>, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((client, _)) => {
                let (tls, documents) = (Arc::clone(tls), Arc::clone(documents));
                // A client that errs loses its own connection only.
                thread::spawn(move || serve(client, tls, &documents));
            }
            // Nothing to accept: the only way to notice the end as well.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn serve(client: TcpStream, tls: Arc<ServerConfig>, documents: &(String, String)) -> io::Result<()> {
    client.set_nonblocking(false)?;
    client.set_read_timeout(Some(DEADLINE))?;
    let mut stream = StreamOwned::new(ServerConnection::new(tls).map_err(io::Error::other)?, client);
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&part[..count]),
        }
    }
    let request = String::from_utf8_lossy(&request);
    let (status, body) = match request.split_whitespace().nth(1) {
        Some("/.well-known/openid-configuration") => ("200 OK", documents.0.as_str()),
        Some("/keys") => ("200 OK", documents.1.as_str()),
        _ => ("404 Not Found", "{}"),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}
