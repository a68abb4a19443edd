//! Mirrors of images as OpenShift's mirror sets and `imageContentSources` name them, in the only form that container runtimes
//! other than CRI-O know: another host for all repositories of a host, perhaps below a prefix.

use std::fmt;

/// A host where the images of another host are found, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mirror {
    /// `host[:port]` that image references name.
    pub source_host: String,
    /// `host[:port]` that is asked.
    pub host: String,
    /// What stands there before each repository's own path; empty for nothing.
    pub prefix: String,
}

/// A repository, or all below it: `host[:port][/path]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// `host[:port]`.
    pub host: String,
    /// Path without slashes around it; empty for all of the host.
    pub path: String,
}

/// Why a source and its mirror cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// Not a location.
    #[error("{text:?} is no repository: expected host[:port][/path] without tag or digest")]
    Location {
        /// What stands there.
        text: String,
    },
    /// A pattern.
    #[error("{text:?} is a pattern of hosts, which containerd does not know: name each host")]
    Wildcard {
        /// What stands there.
        text: String,
    },
    /// The mirror renames repositories.
    #[error(
        "mirror {mirror:?} of {source_location:?} has the repositories under other names, and containerd keeps the path \
         of a repository: mirror them under a path that ends in {path:?}"
    )]
    Renamed {
        /// The source.
        source_location: String,
        /// The mirror.
        mirror: String,
        /// Path of the source.
        path: String,
    },
}

impl Location {
    /// Reads `host[:port][/path]`.
    pub fn parse(text: &str) -> Result<Self, MirrorError> {
        if text.starts_with("*.") {
            return Err(MirrorError::Wildcard { text: text.to_owned() });
        }
        let invalid = || MirrorError::Location { text: text.to_owned() };
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        if !is_host(host) || (text.contains('/') && !path.split('/').all(is_component)) {
            return Err(invalid());
        }
        Ok(Self { host: host.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separator = if self.path.is_empty() { "" } else { "/" };
        write!(formatter, "{}{separator}{}", self.host, self.path)
    }
}

impl Mirror {
    /// The mirror `mirror` of `source`, if its repositories keep their paths.
    pub fn of(source: &str, mirror: &str) -> Result<Self, MirrorError> {
        let from = Location::parse(source)?;
        let to = Location::parse(mirror)?;
        let prefix = if from.path.is_empty() {
            Some(to.path.as_str())
        } else {
            to.path
                .strip_suffix(&from.path)
                .and_then(|rest| if rest.is_empty() { Some(rest) } else { rest.strip_suffix('/') })
        };
        match prefix {
            Some(prefix) => Ok(Self { source_host: from.host, prefix: prefix.to_owned(), host: to.host }),
            None => Err(MirrorError::Renamed {
                source_location: source.to_owned(),
                mirror: mirror.to_owned(),
                path: from.path,
            }),
        }
    }
}

/// A name or address with or without a port. What has no dot and no port would be taken for a part of a path.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.')
        && name.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    is_name
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && (port.is_some() || name.contains('.') || name == "localhost")
}

fn is_component(text: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let is_outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(is_inner) && text.starts_with(is_outer) && text.ends_with(is_outer)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::whole_host("docker.io", "mirror.test:5000", "mirror.test:5000", "")]
    #[case::below_a_prefix("docker.io", "mirror.test/hub", "mirror.test", "hub")]
    #[case::same_path("quay.io/team", "mirror.test/team", "mirror.test", "")]
    #[case::prefixed_path("quay.io/team/app", "mirror.test/a/b/team/app", "mirror.test", "a/b")]
    #[case::with_port("registry.test:5000/x", "192.0.2.1:80/x", "192.0.2.1:80", "")]
    fn a_mirror_that_keeps_paths_is_a_host_and_a_prefix(
        #[case] source: &str,
        #[case] mirror: &str,
        #[case] host: &str,
        #[case] prefix: &str,
    ) {
        let found = Mirror::of(source, mirror).unwrap();
        assert_eq!((found.host.as_str(), found.prefix.as_str()), (host, prefix));
    }

    #[rstest]
    #[case::renamed("quay.io/team", "mirror.test/other", "other names")]
    #[case::half_a_component("quay.io/team", "mirror.test/steam", "other names")]
    #[case::pattern("*.example.com", "mirror.test", "pattern")]
    #[case::tag("quay.io/team:v1", "mirror.test/team", "without tag or digest")]
    #[case::digest("quay.io/team", "mirror.test/team@sha256:00", "without tag or digest")]
    #[case::scheme("https://quay.io", "mirror.test", "no repository")]
    #[case::no_host("library/nginx", "mirror.test", "no repository")]
    #[case::empty("", "mirror.test", "no repository")]
    #[case::empty_path("quay.io/", "mirror.test", "no repository")]
    fn what_containerd_cannot_do_is_refused(#[case] source: &str, #[case] mirror: &str, #[case] words: &str) {
        let message = Mirror::of(source, mirror).unwrap_err().to_string();
        assert!(message.contains(words), "{message}");
    }
}
