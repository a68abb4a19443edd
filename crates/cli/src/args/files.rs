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
    check_pull_secret(path, &content)?;
    Ok(content)
}

/// PEM certificates.
pub fn trust_bundle(path: &Path) -> Result<String> {
    let content = read_text("--additional-trust-bundle", path)?;
    refuse_private_key("--additional-trust-bundle", path, &content)?;
    check_trust_bundle(path, &content)?;
    Ok(content)
}

/// Checks that every entry of a pull secret can be used.
pub fn check_pull_secret(path: &Path, content: &[u8]) -> Result<()> {
    DockerConfig::parse(content)
        .map(|_| ())
        .map_err(|error| usage(format!("--pull-secret {}: {error}", path.display())))
}

/// Refuses a file with a private key where a public one belongs.
pub fn refuse_private_key(flag: &str, path: &Path, content: &str) -> Result<()> {
    if content.contains("PRIVATE KEY") {
        return Err(usage(format!(
            "{flag} {}: it holds a private key, which belongs to nobody else; expected what is public",
            path.display()
        )));
    }
    Ok(())
}

/// Checks that a text is one SSH public key on one line.
pub fn check_ssh_public_key(path: &Path, content: &str) -> Result<()> {
    let refuse = |found: &str| {
        usage(format!(
            "--ssh-key {}: {found}; expected one OpenSSH public key, such as \"ssh-ed25519 AAAA… comment\"",
            path.display()
        ))
    };
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
    Ok(())
}

/// Checks that a text holds PEM certificates.
pub fn check_trust_bundle(path: &Path, content: &str) -> Result<()> {
    if content.contains("-----BEGIN CERTIFICATE-----") {
        return Ok(());
    }
    Err(usage(format!(
        "--additional-trust-bundle {}: it holds no certificate; expected certificates in PEM",
        path.display()
    )))
}

/// A kubeconfig with a cluster in it.
pub fn kubeconfig(flag: &str, path: &Path) -> Result<Vec<u8>> {
    let content = read_text(flag, path)?;
    let parsed: Option<serde_json::Value> = serde_saphyr::from_str(&content).ok();
    let has_cluster =
        parsed.as_ref().and_then(|value| value["clusters"].as_array()).is_some_and(|clusters| !clusters.is_empty());
    if !has_cluster {
        return Err(usage(format!("{flag} {}: it names no cluster; expected a kubeconfig", path.display())));
    }
    Ok(content.into_bytes())
}

/// Reads a text file that a flag names.
pub fn read_text(flag: &str, path: &Path) -> Result<String> {
    String::from_utf8(read(flag, path)?)
        .map_err(|_| usage(format!("{flag} {}: it is not text; expected UTF-8", path.display())))
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
    fn a_public_key_may_end_its_line() {
        check_ssh_public_key(Path::new("key.pub"), &format!("{KEY}\n")).unwrap();
    }

    #[rstest]
    #[case("ssh-rsa", "no type and key")]
    #[case("ssh-rsa !!!", "not base64")]
    #[case("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAAA", "not of the type")]
    #[case("", "exactly one line")]
    #[case("a\nb", "exactly one line")]
    fn other_texts_are_no_public_key(#[case] content: &str, #[case] cause: &str) {
        let error = check_ssh_public_key(Path::new("key.pub"), content).unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }

    #[test]
    fn a_private_key_is_refused_wherever_a_public_one_belongs() {
        let error = refuse_private_key("--ssh-key", Path::new("id"), "-----BEGIN OPENSSH PRIVATE KEY-----\nabc");
        assert!(error.unwrap_err().to_string().contains("--ssh-key id: it holds a private key"));
    }

    #[test]
    fn a_missing_file_is_named_with_its_flag() {
        let error = read("--pull-secret", Path::new("/nowhere/secret")).unwrap_err().to_string();
        assert_eq!(error, "--pull-secret /nowhere/secret: there is no such file");
    }

    #[test]
    fn a_trust_bundle_without_certificates_is_refused() {
        let error = check_trust_bundle(Path::new("ca.crt"), "hello").unwrap_err().to_string();
        assert!(error.contains("holds no certificate"), "{error}");
    }

    #[test]
    fn a_kubeconfig_names_a_cluster() {
        let named = file("clusters: [{name: a, cluster: {server: 'https://a'}}]");
        assert!(kubeconfig("--infra-kubeconfig-file", named.path()).is_ok());
        assert!(kubeconfig("--infra-kubeconfig-file", file("clusters: []").path()).is_err());
        assert!(kubeconfig("--infra-kubeconfig-file", file("{").path()).is_err());
    }
}
