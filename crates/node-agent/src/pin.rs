//! Trust in the bootstrap server: its chain must end in the authority whose key the join line names.
//!
//! The authority arrives in the handshake itself, which is safe because only the right one hashes to the pin. The server's
//! name is fixed, whatever address is dialled, so that no address needs to be in a certificate.

use std::{
    fmt,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
};

use data_encoding::HEXLOWER;
use hoist_node_config::join::SERVER_NAME;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// SHA-256 of an authority's SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Pin([u8; 32]);

/// Not a pin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{text:?} is no pin; it must be sha256: and 64 hexadecimal digits, as `hcp create join-command` prints it")]
pub(crate) struct InvalidPin {
    text: String,
}

impl FromStr for Pin {
    type Err = InvalidPin;

    fn from_str(text: &str) -> Result<Self, InvalidPin> {
        let invalid = || InvalidPin { text: text.to_owned() };
        let digits = text.strip_prefix("sha256:").ok_or_else(invalid)?;
        if digits.len() != 64 || !digits.is_ascii() {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Pin {
    type Error = InvalidPin;

    fn try_from(text: String) -> Result<Self, InvalidPin> {
        text.parse()
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> Self {
        pin.to_string()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", HEXLOWER.encode(&self.0))
    }
}

impl Pin {
    fn matches(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, parsed)) = X509Certificate::from_der(certificate) else { return false };
        Sha256::digest(parsed.public_key().raw).as_slice() == self.0
    }
}

/// Why the server was not trusted; TLS libraries bury it deep in their errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// No certificate it sent has the pinned key.
    OtherAuthority,
    /// By this host's clock its certificate is not valid yet, or not any more.
    Clock,
    /// Anything else.
    Certificate,
}

/// Verifies the bootstrap server.
#[derive(Debug)]
pub(crate) struct PinVerifier {
    pin: Pin,
    provider: Arc<CryptoProvider>,
    distrust: Arc<Mutex<Option<Distrust>>>,
}

impl PinVerifier {
    pub(crate) fn new(pin: Pin, provider: Arc<CryptoProvider>) -> Self {
        Self { pin, provider, distrust: Arc::default() }
    }

    /// Where the reason of the last refusal will be found.
    pub(crate) fn distrust(&self) -> Arc<Mutex<Option<Distrust>>> {
        Arc::clone(&self.distrust)
    }

    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| self.pin.matches(certificate))
            .ok_or_else(|| Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(NotPinned)))))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|cause| Error::General(cause.to_string()))?;
        let name = ServerName::try_from(SERVER_NAME).map_err(|cause| Error::General(cause.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, &name, &[], now)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no certificate of the server has the pinned key")]
struct NotPinned;

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.verify(end_entity, intermediates, now);
        let distrust = verified.as_ref().err().map(|error| match error {
            Error::InvalidCertificate(CertificateError::Other(_)) => Distrust::OtherAuthority,
            Error::InvalidCertificate(
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. },
            ) => Distrust::Clock,
            _ => Distrust::Certificate,
        });
        *self.distrust.lock().unwrap_or_else(PoisonError::into_inner) = distrust;
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_read_as_it_is_printed() {
        let text = format!("sha256:{}", "0aF1".repeat(16));
        assert_eq!(text.parse::<Pin>().expect("a pin").to_string(), text.to_lowercase());
    }

    #[test]
    fn anything_else_is_no_pin() {
        for text in
            ["", "sha256:", "0af1", &format!("sha256:{}", "g".repeat(64)), &format!("sha256:{}", "é".repeat(32))]
        {
            assert!(text.parse::<Pin>().is_err(), "{text}");
        }
    }
}
