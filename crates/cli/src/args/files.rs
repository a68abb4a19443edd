//! The files that flags name: read with a size cap, and checked for being what they should be.

use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_registry::DockerConfig;

use crate::failure::usage;

/// Larger than any pull secret, key or bundle; a Secret holds at most 1 MiB.
const SIZE_LIMIT: u64 = 1 << 20;

/// A pull secret whose every entry can be used.
pub fn pull_secret(path: &Path) -> Result<Vec<u8>> {
    let content = read("--pull-secret", path)?;
    DockerConfig::parse(&content).map_err(|error| usage(format!("--pull-secret {}: {error}", path.display())))?;
    Ok(content)
}

/// One SSH public key on one line.
pub fn ssh_public_key(path: &Path) -> Result<String> {
    let refuse = |found: &str| {
        usage(format!(
            "--ssh-key {}: {found}; expected one OpenSSH public key, such as \"ssh-ed25519 AAAA… comment\"",
            path.display()
        ))
    };
    let content = String::from_utf8(read("--ssh-key", path)?).map_err(|_| refuse("it is not text"))?;
    if content.contains("PRIVATE KEY") {
        return Err(refuse("it holds a private key, which belongs to nobody else"));
    }
    let key = content.trim();
    if key.lines().count() != 1 {
        return Err(refuse("it does not hold exactly one line"));
    }
    let mut words = key.split_whitespace();
    let (Some(kind), Some(data)) = (words.next(), words.next()) else {
        return Err(refuse("it has no type and key"));
    };
    let decoded = STANDARD.decode(data).map_err(|_| refuse("its key is not base64"))?;
    // The key itself begins with its type, as a length and that many bytes.
    let named = decoded.get(4..).and_then(|rest| rest.get(..kind.len()));
    let length = decoded.get(..4).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    if named != Some(kind.as_bytes()) || length.and_then(|length| usize::try_from(length).ok()) != Some(kind.len()) {
        return Err(refuse("its key is not of the type that it names"));
    }
    Ok(key.to_owned())
}

/// PEM certificates.
pub fn trust_bundle(path: &Path) -> Result<String> {
    let refuse = |found: &str| {
        usage(format!("--additional-trust-bundle {}: {found}; expected certificates in PEM", path.display()))
    };
    let content = String::from_utf8(read("--additional-trust-bundle", path)?).map_err(|_| refuse("it is not text"))?;
    if content.contains("PRIVATE KEY") {
        return Err(refuse("it holds a private key, which belongs to nobody else"));
    }
    if !content.contains("-----BEGIN CERTIFICATE-----") {
        return Err(refuse("it holds no certificate"));
    }
    Ok(content)
}

/// Reads a file that a flag names.
pub fn read(flag: &str, path: &Path) -> Result<Vec<u8>> {
    let refuse = |cause: &str| usage(format!("{flag} {}: {cause}", path.display()));
    let metadata = fs_err::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => refuse("there is no such file"),
        std::io::ErrorKind::PermissionDenied => refuse("permission to read it is missing"),
        _ => refuse(&error.to_string()),
    })?;
    if metadata.is_dir() {
        return Err(refuse("it is a folder, expected a file"));
    }
    if metadata.len() > SIZE_LIMIT {
        return Err(refuse(&format!("it has {} bytes, expected at most {SIZE_LIMIT}", metadata.len())));
    }
    fs_err::read(path).map_err(|error| refuse(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA me@example";

    fn file(content: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), content).unwrap();
        file
    }

    #[test]
    fn a_public_key_is_taken_without_its_line_end() {
        assert_eq!(ssh_public_key(file(&format!("{KEY}\n")).path()).unwrap(), KEY);
    }

    #[rstest]
    #[case("-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "a private key")]
    #[case("ssh-rsa", "no type and key")]
    #[case("ssh-rsa !!!", "not base64")]
    #[case("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAA", "not of the type")]
    #[case("", "exactly one line")]
    #[case("a\nb", "exactly one line")]
    fn other_texts_are_no_public_key(#[case] content: &str, #[case] cause: &str) {
        let error = ssh_public_key(file(content).path()).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }

    #[test]
    fn a_missing_file_is_named_with_its_flag() {
        let error = pull_secret(Path::new("/nowhere/secret")).unwrap_err().to_string();
        assert_eq!(error, "--pull-secret /nowhere/secret: there is no such file");
    }

    #[test]
    fn a_trust_bundle_without_certificates_is_refused() {
        assert!(trust_bundle(file("hello").path()).unwrap_err().to_string().contains("holds no certificate"));
    }
}
