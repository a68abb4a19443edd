//! Image references: `registry[:port]/repository[:tag][@digest]`.
//!
//! Unlike Docker's, a reference must name its registry: guessing one would send a tenant's pull secret to a host nobody named.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Digest;

/// Where an image is: registry, repository and, usually, a tag or a digest. The digest wins when both are given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing but white space was given.
    #[error("image reference is empty; write registry[:port]/repository[:tag][@digest]")]
    Empty,
    /// The first path segment is no host name with a dot or a port.
    #[error("image reference {text:?} names no registry; write registry[:port]/repository[:tag][@digest]")]
    NoRegistry {
        /// What was given.
        text: String,
    },
    /// One part has characters or a length that no registry accepts.
    #[error("image reference {text:?} has an invalid {part}; write registry[:port]/repository[:tag][@digest]")]
    Invalid {
        /// What was given.
        text: String,
        /// The part that is wrong.
        part: &'static str,
    },
}

impl ImageReference {
    /// A reference with neither tag nor digest, checked like a parsed one.
    pub fn repository_of(registry: &str, repository: &str) -> Result<Self, ReferenceError> {
        format!("{registry}/{repository}").parse()
    }

    /// Host and optional port of the registry, as written.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Repository path without the registry.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, if one was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if one was written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// What to ask the registry for: the digest, else the tag, else `latest`.
    pub fn manifest_key(&self) -> &str {
        self.digest.as_ref().map(Digest::as_str).or(self.tag.as_deref()).unwrap_or("latest")
    }

    /// The same repository, by digest and without a tag.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// The same repository, by tag and without a digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        if !is_tag(tag) {
            return Err(ReferenceError::Invalid { text: shorten(tag), part: "tag" });
        }
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }
}

impl FromStr for ImageReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Err(ReferenceError::Empty);
        }
        let invalid = |part| ReferenceError::Invalid { text: shorten(text), part };
        let (registry, rest) =
            text.split_once('/').ok_or_else(|| ReferenceError::NoRegistry { text: shorten(text) })?;
        if !(registry == "localhost" || registry.contains('.') || registry.contains(':')) {
            return Err(ReferenceError::NoRegistry { text: shorten(text) });
        }
        if !is_registry(registry) {
            return Err(invalid("registry"));
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse().map_err(|_| invalid("digest"))?)),
            None => (rest, None),
        };
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if !is_repository(repository) {
            return Err(invalid("repository"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(invalid("tag"));
        }
        Ok(Self {
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
            digest,
        })
    }
}

/// Host names, IPv4 addresses and bracketed IPv6 addresses, each with an optional port.
fn is_registry(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, after)) = rest.split_once(']') else { return false };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        match after.strip_prefix(':') {
            Some(port) => ("", Some(port)),
            None if after.is_empty() => ("", None),
            None => return false,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let host_is_good = text.starts_with('[')
        || (host.len() <= 253
            && host.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            }));
    host_is_good && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
}

fn is_repository(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.split('/').all(|segment| {
            let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            edge(segment.bytes().next())
                && edge(segment.bytes().last())
                && segment.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
                })
        })
}

fn is_tag(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn shorten(text: &str) -> String {
    text.chars().take(253).collect()
}

impl fmt::Display for ImageReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for ImageReference {
    type Error = ReferenceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImageReference> for String {
    fn from(reference: ImageReference) -> Self {
        reference.to_string()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const HEX: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[rstest]
    #[case("10.200.0.10:5000/hoist/release:1.36.3")]
    #[case("registry.example.com/hoist/release")]
    #[case("localhost/a")]
    #[case("[fd00::1]:5000/hoist/release:1")]
    #[case("registry.example.com/a.b/c_d/e-f:V1.2-rc_3")]
    #[case(
        "registry.example.com:443/hoist/release:1.36.3@sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )]
    fn a_good_reference_is_printed_as_it_was_written(#[case] text: &str) {
        assert_eq!(text.parse::<ImageReference>().unwrap().to_string(), text);
    }

    #[rstest]
    #[case("", "is empty")]
    #[case("nginx", "names no registry")]
    #[case("hoist/release:1.36.3", "names no registry")]
    #[case("registry.example.com/Upper:1", "invalid repository")]
    #[case("registry.example.com/a//b", "invalid repository")]
    #[case("registry.example.com/../b", "invalid repository")]
    #[case("registry.example.com/a:", "invalid tag")]
    #[case("registry.example.com/a:b c", "invalid tag")]
    #[case("registry.example.com/a@sha256:12", "invalid digest")]
    #[case("registry.example.com:0/a", "invalid registry")]
    #[case("registry.example.com:70000/a", "invalid registry")]
    #[case("user@registry.example.com/a", "invalid registry")]
    #[case("[fd00::1/a", "invalid registry")]
    fn a_bad_reference_names_the_part_that_is_wrong(#[case] text: &str, #[case] expected: &str) {
        let error = text.parse::<ImageReference>().unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn the_digest_is_what_the_registry_is_asked_for() {
        let reference: ImageReference = format!("registry.example.com/a:1@{HEX}").parse().unwrap();
        assert_eq!(reference.manifest_key(), HEX);
        assert_eq!("registry.example.com/a".parse::<ImageReference>().unwrap().manifest_key(), "latest");
    }

    #[test]
    fn a_digest_replaces_the_tag() {
        let reference: ImageReference = "registry.example.com/a:1".parse().unwrap();
        assert_eq!(reference.with_digest(HEX.parse().unwrap()).to_string(), format!("registry.example.com/a@{HEX}"));
    }
}
