//! Certificate authorities: make, read, renew, sign.

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber};
use sha2::{Digest as _, Sha256};

use crate::certificate::CertificateFacts;
use crate::{CertificateRequest, Error, KeySource, Leaf, Subject, lifetime};

/// An authority with its key.
pub struct Authority {
    certificate_pem: String,
    facts: CertificateFacts,
    issuer: Issuer<'static, KeyPair>,
}

/// A leaf certificate with its key, both PEM.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub certificate_pem: String,
    /// The key, PKCS#8.
    pub key_pem: String,
}

impl Authority {
    /// A new authority that names itself `common_name`, valid for ten years from `now`.
    pub fn generate(common_name: &str, now: Timestamp, keys: &dyn KeySource) -> Result<Self, Error> {
        Self::generate_for(common_name, lifetime::AUTHORITY, now, keys)
    }

    /// The same with another validity.
    pub fn generate_for(
        common_name: &str,
        lifetime: SignedDuration,
        now: Timestamp,
        keys: &dyn KeySource,
    ) -> Result<Self, Error> {
        Self::self_sign(common_name, lifetime, now, keys.ecdsa()?)
    }

    /// The authority in two PEM texts. Fails when they do not belong together.
    pub fn from_pem(certificate_pem: &str, key_pem: &str) -> Result<Self, Error> {
        let key = KeyPair::from_pem(key_pem).map_err(|source| Error::Key { source })?;
        let facts = CertificateFacts::from_pem(certificate_pem)?;
        if !facts.is_authority {
            return Err(Error::Certificate { detail: "it is not the certificate of an authority".to_owned() });
        }
        if facts.public_key != key.subject_public_key_info() {
            return Err(Error::Certificate { detail: "it does not belong to the key beside it".to_owned() });
        }
        let issuer = Issuer::from_ca_cert_pem(certificate_pem, key)
            .map_err(|source| Error::Certificate { detail: source.to_string() })?;
        Ok(Self { certificate_pem: certificate_pem.to_owned(), facts, issuer })
    }

    /// The same authority, name and key, with a new certificate: what it signed before stays valid.
    pub fn renew(self, lifetime: SignedDuration, now: Timestamp) -> Result<Self, Error> {
        let key = KeyPair::from_pem(&self.key_pem()).map_err(|source| Error::Key { source })?;
        Self::self_sign(&self.facts.subject.common_name, lifetime, now, key)
    }

    fn self_sign(common_name: &str, lifetime: SignedDuration, now: Timestamp, key: KeyPair) -> Result<Self, Error> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = Subject::user(common_name).distinguished_name();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut parameters, now, lifetime::shift(now, lifetime)?)?;
        parameters.serial_number = Some(serial_number(&key, common_name, now));
        let certificate =
            parameters.self_signed(&key).map_err(|source| Error::Sign { subject: common_name.to_owned(), source })?;
        let certificate_pem = certificate.pem();
        let facts = CertificateFacts::from_pem(&certificate_pem)?;
        Ok(Self { certificate_pem, facts, issuer: Issuer::new(parameters, key) })
    }

    /// PEM of its certificate.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// PEM of its key, PKCS#8.
    pub fn key_pem(&self) -> String {
        self.issuer.key().serialize_pem()
    }

    /// What its certificate says.
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// A new key and a certificate for it.
    pub fn issue(&self, leaf: &Leaf, now: Timestamp, keys: &dyn KeySource) -> Result<Issued, Error> {
        let key = keys.ecdsa()?;
        Ok(Issued { certificate_pem: self.sign(leaf, &key, now)?, key_pem: key.serialize_pem() })
    }

    /// PEM of a certificate for the key of a request that somebody else made. Only the key is taken from the request:
    /// subject, names, usage and lifetime are those of `leaf`.
    pub fn sign_request(&self, leaf: &Leaf, request: &CertificateRequest, now: Timestamp) -> Result<String, Error> {
        self.sign(leaf, request.public_key(), now)
    }

    fn sign(&self, leaf: &Leaf, key: &impl PublicKeyData, now: Timestamp) -> Result<String, Error> {
        let mut parameters = leaf.parameters()?;
        let wanted_end = lifetime::shift(now, leaf.lifetime)?;
        set_validity(&mut parameters, now, wanted_end.min(self.facts.not_after))?;
        parameters.serial_number = Some(serial_number(key, &leaf.subject.common_name, now));
        let certificate = parameters
            .signed_by(key, &self.issuer)
            .map_err(|source| Error::Sign { subject: leaf.subject.common_name.clone(), source })?;
        Ok(certificate.pem())
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Issued").field("certificate_pem", &self.certificate_pem).finish_non_exhaustive()
    }
}

/// rcgen's own serial number is a hash of the key alone: two certificates for one key would share it, which X.509 forbids.
/// 16 bytes, positive.
fn serial_number(key: &impl PublicKeyData, common_name: &str, now: Timestamp) -> SerialNumber {
    let mut hasher = Sha256::new();
    hasher.update(key.subject_public_key_info());
    hasher.update(common_name);
    hasher.update(now.as_nanosecond().to_be_bytes());
    let mut bytes = hasher.finalize()[..16].to_vec();
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from(bytes)
}

fn set_validity(parameters: &mut CertificateParams, now: Timestamp, not_after: Timestamp) -> Result<(), Error> {
    // Go and OpenSSL compare in whole seconds; rcgen would otherwise round by itself.
    parameters.not_before = lifetime::to_certificate_time(lifetime::shift(now, -lifetime::BACKDATED)?)?;
    parameters.not_after = lifetime::to_certificate_time(not_after)?;
    Ok(())
}
