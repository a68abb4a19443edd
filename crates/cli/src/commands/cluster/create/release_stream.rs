//! `--release-stream`: resolved among the releases that the operator knows, never on the internet.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use hoist_api::names;
use semver::Version;

/// The newest image of a stream: all releases for `stable`, one minor version for `1.36`, `stable-1.36` or `1.36-stable`.
pub fn newest(stream: &str, releases: &BTreeMap<Version, String>) -> Result<String> {
    let wanted = wanted(stream);
    let found = wanted.and_then(|wanted| releases.iter().rev().find(|(version, _)| wanted.takes(version)));
    found.map(|(_, image)| image.clone()).ok_or_else(|| {
        let mut known: Vec<String> = releases.keys().map(|version| format!("{}.{}", version.major, version.minor)).collect();
        known.dedup();
        anyhow!(
            "--release-stream {stream:?} is no stream of this installation: expected stable or one of the minor versions it hosts ({}, ConfigMap {}/{}); or name an image with --release-image",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") },
            names::OPERATOR_NAMESPACE,
            names::SUPPORTED_VERSIONS
        )
    })
}

/// Which versions a stream has; what is none is any.
struct Wanted {
    major: Option<u64>,
    minor: Option<u64>,
}

impl Wanted {
    fn takes(&self, version: &Version) -> bool {
        self.major.is_none_or(|major| major == version.major)
            && self.minor.is_none_or(|minor| minor == version.minor)
            && version.pre.is_empty()
    }
}

fn wanted(stream: &str) -> Option<Wanted> {
    let version = match stream.split_once('-') {
        None if stream == "stable" => return Some(Wanted { major: None, minor: None }),
        None => stream,
        Some(("stable", version) | (version, "stable")) => version,
        Some(_) => return None,
    };
    let mut numbers = version.split('.').map(|number| number.parse::<u64>().ok());
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(major)), None, None) => Some(Wanted { major: Some(major), minor: None }),
        (Some(Some(major)), Some(Some(minor)), None) => Some(Wanted { major: Some(major), minor: Some(minor) }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn releases() -> BTreeMap<Version, String> {
        ["1.9.7", "1.35.4", "1.36.2", "1.36.3", "1.37.0-rc.1"]
            .map(|version| (version.parse().unwrap(), format!("r.example.com/hoist/release:{version}")))
            .into()
    }

    #[rstest]
    #[case("stable", "1.36.3")]
    #[case("1-stable", "1.36.3")]
    #[case("1.35", "1.35.4")]
    #[case("stable-1.36", "1.36.3")]
    #[case("1.9-stable", "1.9.7")]
    fn a_stream_gives_its_newest_release(#[case] stream: &str, #[case] version: &str) {
        assert_eq!(newest(stream, &releases()).unwrap(), format!("r.example.com/hoist/release:{version}"));
    }

    #[rstest]
    #[case("4-stable")]
    #[case("1.37")]
    #[case("1.36.3")]
    #[case("4.17.0-0.nightly")]
    fn others_are_refused_with_those_there_are(#[case] stream: &str) {
        let error = newest(stream, &releases()).unwrap_err().to_string();
        assert!(error.contains("1.9, 1.35, 1.36"), "{error}");
    }
}
