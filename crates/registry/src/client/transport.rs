//! TLS, proxy, socket and address policy of the HTTP client.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::{AddressPolicy, Options};
use crate::Error;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest silence within an answer before the connection counts as broken.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_REDIRECTS: usize = 5;

pub(super) fn build(options: &Options) -> Result<reqwest::Client, Error> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("hoist/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .no_proxy()
        .use_preconfigured_tls(tls(options.trust_bundle_pem.as_deref())?)
        .redirect(redirects(options.address_policy.clone()));
    if let Some(proxy) = &options.proxy {
        let proxy = reqwest::Proxy::all(proxy).map_err(|source| configuration("the proxy address", source))?;
        builder = builder.proxy(proxy);
    } else if let Some(policy) = &options.address_policy {
        builder = builder.dns_resolver(Arc::new(FilteredResolver { policy: policy.clone() }));
    }
    builder = match &options.unix_socket {
        Some(socket) => builder.unix_socket(socket.as_path()),
        None => builder.https_only(true),
    };
    builder.build().map_err(|source| configuration("the HTTP client", source))
}

/// The machine's own authorities, if it has any, and those of the bundle.
fn tls(trust_bundle: Option<&[u8]>) -> Result<rustls::ClientConfig, Error> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(bundle) = trust_bundle {
        let mut found = 0;
        for certificate in CertificateDer::pem_slice_iter(bundle) {
            let certificate = certificate.map_err(|source| configuration("the trust bundle", source))?;
            roots.add(certificate).map_err(|source| configuration("the trust bundle", source))?;
            found += 1;
        }
        if found == 0 {
            return Err(configuration("the trust bundle", "it holds no certificate in PEM form"));
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| configuration("the TLS library", source))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}

fn configuration(what: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Configuration { what, source: source.into() }
}

/// Blobs are often served from elsewhere; elsewhere must be allowed too.
fn redirects(policy: Option<AddressPolicy>) -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(move |attempt| {
        if attempt.previous().len() > MOST_REDIRECTS {
            return attempt.error("too many redirects");
        }
        match forbidden_literal(attempt.url(), policy.as_ref()) {
            Some((host, address)) => attempt.error(Forbidden { host, address }),
            None => attempt.follow(),
        }
    })
}

/// A host that is written as an address never reaches the resolver, so it is checked here.
pub(super) fn forbidden_literal(url: &reqwest::Url, policy: Option<&AddressPolicy>) -> Option<(String, IpAddr)> {
    let policy = policy?;
    let host = url.host_str()?;
    let address: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    (!allowed(policy, address)).then(|| (host.to_owned(), address))
}

/// `::ffff:127.0.0.1` reaches loopback as well as `127.0.0.1` does.
fn allowed(policy: &AddressPolicy, address: IpAddr) -> bool {
    policy(address.to_canonical())
}

/// Travels through the HTTP client's own error to [`super::request`].
#[derive(Debug, thiserror::Error)]
#[error("{host} is at {address}, which is not allowed")]
pub(super) struct Forbidden {
    pub(super) host: String,
    pub(super) address: IpAddr,
}

/// Resolves names and drops no address silently: one forbidden address forbids the name, or a tenant could alternate answers.
struct FilteredResolver {
    policy: AddressPolicy,
}

impl Resolve for FilteredResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            match found.iter().find(|address| !allowed(&policy, address.ip())) {
                Some(address) => Err(Box::new(Forbidden { host, address: address.ip() }) as Box<_>),
                None => Ok(Box::new(found.into_iter()) as Addrs),
            }
        })
    }
}
