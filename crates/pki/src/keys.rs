//! Where private keys come from.

use rcgen::KeyPair;

use crate::Error;

/// Makes private keys. A trait, so that a program may keep a stock of RSA keys, which take a tenth of a second each.
pub trait KeySource: Send + Sync {
    /// A new ECDSA P-256 key.
    fn ecdsa(&self) -> Result<KeyPair, Error>;
    /// A new RSA key of 2048 bits.
    fn rsa(&self) -> Result<KeyPair, Error>;
}

/// Keys from the system's random numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemKeys;

impl KeySource for SystemKeys {
    fn ecdsa(&self) -> Result<KeyPair, Error> {
        KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(|source| Error::MakeKey { algorithm: "ECDSA P-256", source })
    }

    fn rsa(&self) -> Result<KeyPair, Error> {
        KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
            .map_err(|source| Error::MakeKey { algorithm: "RSA 2048", source })
    }
}

/// DER of the SubjectPublicKeyInfo that belongs to a private key in PEM.
pub fn public_half(pem: &str) -> Result<Vec<u8>, Error> {
    let key = KeyPair::from_pem(pem).map_err(|source| Error::Key { source })?;
    Ok(rcgen::PublicKeyData::subject_public_key_info(&key))
}

/// Whether `pem` is a private key that can sign service-account tokens.
pub fn check_signing_key(pem: &str) -> Result<(), Error> {
    KeyPair::from_pem(pem).map(|_| ()).map_err(|source| Error::Key { source })
}
