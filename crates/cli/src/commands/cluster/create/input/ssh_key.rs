//! The SSH key of the nodes: given as a file, or generated.

use anyhow::{Context as _, Result, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, RsaKeySize};
use secrecy::SecretString;

use crate::args::cluster::ClusterFlags;
use crate::args::files;
use crate::failure::usage;

/// Type of a generated key, as OpenSSH names it.
const RSA: &str = "ssh-rsa";
/// DER's tags of what an RSA key is made of.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// A public key, and the private one if it was made here.
pub struct SshKey {
    /// One line as in `authorized_keys`.
    pub public: String,
    /// PEM.
    pub private: Option<SecretString>,
}

/// The key that the flags ask for, if any.
pub fn ssh_key(flags: &ClusterFlags, lenient: &mut impl FnMut(Result<()>) -> Result<()>) -> Result<Option<SshKey>> {
    match (&flags.ssh_key, flags.generate_ssh.0) {
        (Some(_), true) => Err(usage("--generate-ssh and --ssh-key cannot be specified together")),
        (None, true) => Ok(Some(generate()?)),
        (Some(path), false) => {
            let content = files::read_text("--ssh-key", path)?;
            files::refuse_private_key("--ssh-key", path, &content)?;
            lenient(files::check_ssh_public_key(path, &content))?;
            Ok(Some(SshKey { public: content, private: None }))
        }
        (None, false) => Ok(None),
    }
}

/// An RSA key of 4096 bits, as HyperShift makes.
fn generate() -> Result<SshKey> {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_4096).context("--generate-ssh")?;
    let public =
        authorized_key(key.public_key_raw()).ok_or_else(|| anyhow!("--generate-ssh: the new key is malformed"))?;
    Ok(SshKey { public, private: Some(key.serialize_pem().into()) })
}

/// `ssh-rsa <base64>` of an RSA public key in DER: a sequence of modulus and exponent.
fn authorized_key(der: &[u8]) -> Option<String> {
    let (sequence, _) = element(der, SEQUENCE)?;
    let (modulus, rest) = element(sequence, INTEGER)?;
    let (exponent, _) = element(rest, INTEGER)?;
    let mut blob = Vec::new();
    // SSH writes integers as DER does, with a zero in front when the highest bit is set.
    for field in [RSA.as_bytes(), exponent, modulus] {
        blob.extend(u32::try_from(field.len()).ok()?.to_be_bytes());
        blob.extend(field);
    }
    Some(format!("{RSA} {}\n", STANDARD.encode(blob)))
}

/// The content of the element with this tag at the front, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (bytes.iter().fold(0_usize, |length, byte| (length << 8) | usize::from(*byte)), rest)
    };
    (found == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_generated_key_is_one_that_files_would_pass() {
        let key = generate().unwrap();
        files::check_ssh_public_key(std::path::Path::new("generated"), &key.public).unwrap();
        let blob = STANDARD.decode(key.public.trim().strip_prefix("ssh-rsa ").unwrap()).unwrap();
        // 4096 bits and the zero in front of them.
        assert_eq!(blob.len(), 4 + 7 + 4 + 3 + 4 + 513);
        let private = KeyPair::from_pem(key.private.unwrap().expose_secret()).unwrap();
        assert_eq!(authorized_key(private.public_key_raw()).unwrap(), key.public);
    }
}
