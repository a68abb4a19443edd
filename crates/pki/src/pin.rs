//! Fingerprints of public keys: a certificate may be renewed with the same key and its pin still holds.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::{CertificateFacts, Error};

/// SHA-256 of a SubjectPublicKeyInfo in DER, lowercase hexadecimal.
pub fn fingerprint(public_key: &[u8]) -> String {
    Sha256::digest(public_key).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The pin of the first certificate in a PEM text, `sha256:<64 hexadecimal digits>`, as join lines carry it.
pub fn of_certificate(certificate_pem: &str) -> Result<String, Error> {
    Ok(format!("sha256:{}", fingerprint(&CertificateFacts::from_pem(certificate_pem)?.public_key)))
}
