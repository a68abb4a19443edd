//! `release-manifests/image-references`: an ImageStream whose tags are the components.

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{ComponentName, Digest, ImageReference, ReleaseError};

const API_VERSION: &str = "image.openshift.io/v1";
const KIND: &str = "ImageStream";
/// Stands where a registry would, because a reference must name one; nothing resolves it.
const UNUSED_REGISTRY: &str = "release.hoist.internal/hoist/release";

/// The component list as it is stored in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReferences {
    kind: String,
    api_version: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Spec {
    tags: Vec<Tag>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Tag {
    name: String,
    #[serde(default)]
    annotations: Annotations,
    from: From,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Annotations {
    #[serde(rename = "io.openshift.build.source-location", default)]
    source: String,
    #[serde(rename = "io.hoist.component.version", default)]
    version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct From {
    kind: String,
    name: String,
}

/// One component as the payload build produced it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuiltComponent {
    /// Name in the release.
    pub name: ComponentName,
    /// Digest of its image manifest.
    pub digest: Digest,
    /// Upstream version, as upstream writes it.
    pub version: String,
    /// Where the source is: a Go module path or a repository address.
    pub source: String,
}

impl ImageReferences {
    /// The list for a release of `version`, sorted by name so that equal input gives equal bytes.
    pub fn new(version: &Version, mut components: Vec<BuiltComponent>) -> Self {
        components.sort_by(|left, right| left.name.cmp(&right.name));
        let tags = components
            .into_iter()
            .map(|component| Tag {
                name: component.name.to_string(),
                annotations: Annotations { source: component.source, version: component.version },
                from: From { kind: "DockerImage".to_owned(), name: format!("{UNUSED_REGISTRY}@{}", component.digest) },
            })
            .collect();
        Self {
            kind: KIND.to_owned(),
            api_version: API_VERSION.to_owned(),
            metadata: Metadata { name: version.to_string() },
            spec: Spec { tags },
        }
    }

    /// The bytes to store in the image.
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a tree of strings always has a JSON form");
        bytes.push(b'\n');
        bytes
    }

    /// Reads and checks the stored bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Version, Vec<BuiltComponent>), ReleaseError> {
        let stored: Self = serde_json::from_slice(bytes)
            .map_err(|source| ReleaseError::Malformed { file: crate::IMAGE_REFERENCES_PATH, source })?;
        if stored.kind != KIND || stored.api_version != API_VERSION {
            return Err(ReleaseError::WrongKind {
                file: crate::IMAGE_REFERENCES_PATH,
                found: format!("{}, {}", stored.api_version, stored.kind),
                expected: "image.openshift.io/v1, ImageStream",
            });
        }
        let version = Version::parse(&stored.metadata.name).map_err(|source| ReleaseError::Version {
            file: crate::IMAGE_REFERENCES_PATH,
            text: stored.metadata.name.clone(),
            source,
        })?;
        let components = stored.spec.tags.into_iter().map(Tag::check).collect::<Result<_, _>>()?;
        Ok((version, components))
    }
}

impl Tag {
    fn check(self) -> Result<BuiltComponent, ReleaseError> {
        if !ComponentName::is_valid(&self.name) {
            return Err(ReleaseError::ComponentName { name: self.name });
        }
        let digest = self
            .from
            .name
            .parse::<ImageReference>()
            .ok()
            .and_then(|reference| reference.digest().cloned())
            .ok_or_else(|| ReleaseError::NoDigest { component: self.name.clone(), image: self.from.name.clone() })?;
        Ok(BuiltComponent {
            name: self.name.as_str().into(),
            digest,
            version: self.annotations.version,
            source: self.annotations.source,
        })
    }
}
