//! The key a host is known by. It is made here and never leaves.

use hoist_host::HostRoot;
use hoist_node_config::paths;
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::cause::Cause;

/// The key of this host, and a request for a certificate made with it.
pub(crate) struct HostKey {
    /// Private key, PEM.
    pub(crate) key_pem: String,
    /// Certificate signing request, PEM. Its names say nothing: the operator decides who this host is.
    pub(crate) request_pem: String,
}

/// Reads the key, or makes it the first time; a host that asks again must be known again.
pub(crate) fn load_or_make(root: &HostRoot) -> Result<HostKey, Cause> {
    let file = |cause: std::io::Error| {
        Cause::new(format!("failed to use {}: {cause}", paths::BOOTSTRAP_KEY), "check that /var/lib is writable")
    };
    let made = |cause: rcgen::Error| {
        Cause::new(
            format!("failed to use the key of this host: {cause}"),
            format!("remove {} and run the same line again", paths::BOOTSTRAP_KEY),
        )
    };
    let key = if let Some(pem) = root.read(paths::BOOTSTRAP_KEY).map_err(file)? {
        KeyPair::from_pem(&pem).map_err(made)?
    } else {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(made)?;
        root.write(paths::BOOTSTRAP_KEY, 0o600, key.serialize_pem().as_bytes()).map_err(file)?;
        key
    };
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    let request_pem = parameters.serialize_request(&key).and_then(|request| request.pem()).map_err(made)?;
    Ok(HostKey { key_pem: key.serialize_pem(), request_pem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_keeps_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = HostRoot::at(folder.path());
        let first = load_or_make(&root).expect("a key");
        let second = load_or_make(&root).expect("a key");
        assert_eq!(first.key_pem, second.key_pem);
        assert!(first.request_pem.contains("CERTIFICATE REQUEST"));
    }
}
