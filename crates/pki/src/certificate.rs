//! What an existing certificate says, and whether it is still what a table asks for.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::error::PEMError;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::{Pem, parse_x509_pem};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::{AlternativeName, Authority, Error, Leaf, Subject, Usage, lifetime};

/// The parts of a certificate that decisions need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whom it names.
    pub subject: Subject,
    /// What it speaks for.
    pub names: BTreeSet<AlternativeName>,
    /// What it is for; absent when it says nothing of TLS.
    pub usage: Option<Usage>,
    /// Begin of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// Whether it may sign others.
    pub is_authority: bool,
    /// DER of its SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
}

impl CertificateFacts {
    /// Reads the first certificate of a PEM text.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        Self::from_der(&der_of(text)?)
    }

    /// Reads every certificate of a PEM text; there must be one, and nothing else.
    pub fn all_from_pem(text: &str) -> Result<Vec<Self>, Error> {
        let read = |pem: Result<Pem, PEMError>| Self::from_der(&contents(pem.map_err(unreadable)?)?);
        let all = Pem::iter_from_buffer(text.as_bytes()).map(read).collect::<Result<Vec<Self>, Error>>()?;
        if all.is_empty() { Err(unreadable("it holds none")) } else { Ok(all) }
    }

    fn from_der(der: &[u8]) -> Result<Self, Error> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(unreadable)?;
        let names = match certificate.subject_alternative_name() {
            Ok(Some(extension)) => extension.value.general_names.iter().filter_map(alternative_name).collect(),
            Ok(None) => BTreeSet::new(),
            Err(error) => return Err(unreadable(error)),
        };
        let usage = match certificate.extended_key_usage() {
            Ok(Some(extension)) => match (extension.value.server_auth, extension.value.client_auth) {
                (true, true) => Some(Usage::Both),
                (true, false) => Some(Usage::Server),
                (false, true) => Some(Usage::Client),
                (false, false) => None,
            },
            Ok(None) => None,
            Err(error) => return Err(unreadable(error)),
        };
        let validity = certificate.validity();
        Ok(Self {
            subject: subject_of(certificate.subject()),
            names,
            usage,
            not_before: moment(validity.not_before.timestamp())?,
            not_after: moment(validity.not_after.timestamp())?,
            is_authority: certificate.is_ca(),
            public_key: certificate.public_key().raw.to_vec(),
        })
    }

    /// When it is due for renewal.
    pub fn renewal_time(&self) -> Timestamp {
        lifetime::renewal_time(self.not_before, self.not_after)
    }
}

/// Why a leaf has to be made anew, or nothing if `certificate_pem` and `key_pem` are still what `leaf` asks for.
pub(crate) fn reason_to_reissue(
    leaf: &Leaf,
    certificate_pem: &str,
    key_pem: &str,
    authority: &Authority,
    now: Timestamp,
) -> Option<String> {
    let facts = match CertificateFacts::from_pem(certificate_pem) {
        Ok(facts) => facts,
        Err(error) => return Some(error.to_string()),
    };
    match rcgen::KeyPair::from_pem(key_pem) {
        Ok(key) if rcgen::PublicKeyData::subject_public_key_info(&key) == facts.public_key => {}
        Ok(_) => return Some("its key does not belong to it".to_owned()),
        Err(_) => return Some("its key cannot be read".to_owned()),
    }
    if !is_signed_by(certificate_pem, authority) {
        return Some(format!("it is not signed by {:?}", authority.facts().subject.common_name));
    }
    if facts.subject != leaf.subject {
        return Some("it names another subject".to_owned());
    }
    if facts.usage != Some(leaf.usage) {
        return Some("it is for another use".to_owned());
    }
    let wanted: BTreeSet<_> = leaf.names.iter().cloned().collect();
    if facts.names != wanted {
        let changed: Vec<_> = wanted.symmetric_difference(&facts.names).map(ToString::to_string).collect();
        return Some(format!("its names differ by {}", changed.join(", ")));
    }
    (now >= facts.renewal_time()).then(|| format!("it ends at {}", facts.not_after))
}

fn is_signed_by(certificate_pem: &str, authority: &Authority) -> bool {
    let (Ok(leaf), Ok(issuer)) = (der_of(certificate_pem), der_of(authority.certificate_pem())) else { return false };
    let (Ok((_, leaf)), Ok((_, issuer))) = (X509Certificate::from_der(&leaf), X509Certificate::from_der(&issuer))
    else {
        return false;
    };
    leaf.issuer() == issuer.subject() && leaf.verify_signature(Some(issuer.public_key())).is_ok()
}

pub(crate) fn subject_of(name: &X509Name<'_>) -> Subject {
    let text = |value: &x509_parser::x509::AttributeTypeAndValue<'_>| value.as_str().unwrap_or_default().to_owned();
    Subject {
        common_name: name.iter_common_name().next().map(text).unwrap_or_default(),
        organizations: name.iter_organization().map(text).collect(),
    }
}

pub(crate) fn alternative_name(name: &GeneralName<'_>) -> Option<AlternativeName> {
    match name {
        GeneralName::DNSName(name) => Some(AlternativeName::Dns((*name).to_owned())),
        GeneralName::IPAddress(bytes) => address(bytes).map(AlternativeName::Ip),
        _ => None,
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn der_of(text: &str) -> Result<Vec<u8>, Error> {
    contents(parse_x509_pem(text.as_bytes()).map_err(unreadable)?.1)
}

fn contents(pem: Pem) -> Result<Vec<u8>, Error> {
    if pem.label == "CERTIFICATE" {
        Ok(pem.contents)
    } else {
        Err(Error::Certificate { detail: format!("it is a {}", pem.label) })
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Certificate { detail: error.to_string() }
}

fn moment(seconds: i64) -> Result<Timestamp, Error> {
    Timestamp::from_second(seconds).map_err(unreadable)
}
