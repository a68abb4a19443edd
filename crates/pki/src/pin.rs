//! Fingerprints of public keys: a certificate may be renewed with the same key and its pin still holds.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::{CertificateFacts, Error};

/// SHA-256 of a SubjectPublicKeyInfo in DER, lowercase hexadecimal.
pub fn fingerprint(public_key: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(public_key))
}

/// The pin of the first certificate in a PEM text, `sha256:<64 hexadecimal digits>`, as join lines carry it.
pub fn of_certificate(certificate_pem: &str) -> Result<String, Error> {
    Ok(format!("sha256:{}", fingerprint(&CertificateFacts::from_pem(certificate_pem)?.public_key)))
}
