//! Certificate requests that others make: hosts that join, and kubelets.

use std::collections::BTreeSet;

use rcgen::CertificateSigningRequestParams;
use rustls_pki_types::CertificateSigningRequestDer;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use crate::certificate::{alternative_name, subject_of};
use crate::{AlternativeName, Error, Subject, pin};

/// A PKCS#10 request whose signature was checked, so whoever made it has the key.
#[derive(Debug, Clone)]
pub struct CertificateRequest {
    /// Whom it asks to be.
    pub subject: Subject,
    /// DNS names and addresses it asks for.
    pub names: BTreeSet<AlternativeName>,
    /// Whether it asks for names of another kind (e-mail, URI, …).
    pub has_other_names: bool,
    /// SHA-256 of its public key (SubjectPublicKeyInfo), lowercase hexadecimal.
    pub key_fingerprint: String,
    public_key: rcgen::SubjectPublicKeyInfo,
}

impl CertificateRequest {
    /// Reads and checks a request.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        let (_, pem) = parse_x509_pem(text.as_bytes()).map_err(wrong)?;
        if pem.label != "CERTIFICATE REQUEST" {
            return Err(wrong(format!("it is a {}", pem.label)));
        }
        // Checks the signature, and refuses extensions that a signer would have to understand.
        CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(pem.contents.as_slice()))
            .map_err(wrong)?;
        let (rest, request) = X509CertificationRequest::from_der(&pem.contents).map_err(wrong)?;
        if !rest.is_empty() {
            return Err(wrong("something follows it"));
        }
        let info = &request.certification_request_info;
        let mut names = BTreeSet::new();
        let mut has_other_names = false;
        for extension in request.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(asked) = extension {
                for name in &asked.general_names {
                    match alternative_name(name) {
                        Some(name) => {
                            names.insert(name);
                        }
                        None => has_other_names = true,
                    }
                }
            }
        }
        Ok(Self {
            subject: subject_of(&info.subject),
            names,
            has_other_names,
            key_fingerprint: pin::fingerprint(info.subject_pki.raw),
            public_key: rcgen::SubjectPublicKeyInfo::from_der(info.subject_pki.raw).map_err(wrong)?,
        })
    }

    pub(crate) fn public_key(&self) -> &rcgen::SubjectPublicKeyInfo {
        &self.public_key
    }
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Request { detail: error.to_string() }
}
