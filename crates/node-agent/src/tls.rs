//! TLS configurations of our clients.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};

use crate::pin::PinVerifier;

/// Why credentials cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Not PEM, or not what it should be.
    #[error("{what} is not usable PEM")]
    Pem { what: &'static str, source: rustls_pki_types::pem::Error },
    /// They do not fit together.
    #[error("failed to set up TLS")]
    Tls {
        #[from]
        source: rustls::Error,
    },
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Trusts only the pinned authority.
pub(crate) fn pinned(verifier: Arc<PinVerifier>) -> Result<ClientConfig, Error> {
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth())
}

/// Trusts these authorities and shows this certificate. All PEM.
pub(crate) fn mutual(authorities: &str, certificate: &str, key: &str) -> Result<ClientConfig, Error> {
    let pem = |what| move |source| Error::Pem { what, source };
    let mut roots = RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        roots.add(authority.map_err(pem("the API's certificate authority"))?)?;
    }
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(pem("the client certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(pem("the client key"))?;
    Ok(ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?)
}
