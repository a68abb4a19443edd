//! `release-manifests/release-metadata`: the version and what can be upgraded to it.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{RELEASE_METADATA_PATH, ReleaseError};

const KIND: &str = "cincinnati-metadata-v0";

/// The metadata as it is stored in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseMetadata {
    kind: String,
    /// Version of the release.
    pub version: Version,
    /// Versions from which an upgrade to this one was tried.
    #[serde(default)]
    pub previous: Vec<Version>,
}

impl ReleaseMetadata {
    /// Metadata of `version`, reachable from `previous`.
    pub fn new(version: Version, previous: Vec<Version>) -> Self {
        Self { kind: KIND.to_owned(), version, previous }
    }

    /// The bytes to store in the image.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a tree of strings always has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Reads and checks the stored bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ReleaseError> {
        let stored: Self = serde_json::from_slice(bytes)
            .map_err(|source| ReleaseError::Malformed { file: RELEASE_METADATA_PATH, source })?;
        if stored.kind != KIND {
            return Err(ReleaseError::WrongKind { file: RELEASE_METADATA_PATH, found: stored.kind, expected: KIND });
        }
        Ok(stored)
    }
}
