//! A release that was read and checked.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{ComponentName, Digest, ImageReference, ImageReferences, ReleaseMetadata};

/// One version of Kubernetes with everything that a hosted cluster runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Version of the release, equal to that of its Kubernetes.
    pub version: Version,
    /// The release image by digest, in the repository that it was read from.
    pub reference: ImageReference,
    /// What it is made of.
    pub components: BTreeMap<ComponentName, Component>,
    /// Versions from which an upgrade to this one was tried.
    #[serde(default)]
    pub previous: Vec<Version>,
}

/// One component of a release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Digest of its image manifest.
    pub digest: Digest,
    /// Upstream version, as upstream writes it; empty if the image does not say.
    #[serde(default)]
    pub version: String,
    /// Where its source is; empty if the image does not say.
    #[serde(default)]
    pub source: String,
}

/// Why an image is no release, or lacks something.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file of the release is no valid JSON of its form.
    #[error("{file} of the release image cannot be read")]
    Malformed {
        /// Path inside the image.
        file: &'static str,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A file of the release is of another kind.
    #[error("{file} of the release image is {found:?}, expected {expected}")]
    WrongKind {
        /// Path inside the image.
        file: &'static str,
        /// What it says it is.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A version is not `major.minor.patch`.
    #[error("{file} of the release image has version {text:?}, expected major.minor.patch")]
    Version {
        /// Path inside the image.
        file: &'static str,
        /// What it says.
        text: String,
        /// What the parser says.
        source: semver::Error,
    },
    /// The two files do not belong together.
    #[error("the release image says version {references} in image-references but {metadata} in release-metadata")]
    VersionsDiffer {
        /// Version in `image-references`.
        references: Version,
        /// Version in `release-metadata`.
        metadata: Version,
    },
    /// A component's name cannot be used in pod and file names.
    #[error("the release image has a component named {name:?}, expected lower-case letters, digits and dashes")]
    ComponentName {
        /// The name.
        name: String,
    },
    /// A component is named twice.
    #[error("the release image lists component {name} twice")]
    Duplicate {
        /// The name.
        name: ComponentName,
    },
    /// A component is not pinned.
    #[error("component {component} of the release image is {image:?}, expected a reference by digest")]
    NoDigest {
        /// Name of the component.
        component: String,
        /// Its reference.
        image: String,
    },
    /// The reference from which the release was read has no digest.
    #[error("release image {reference} was not resolved to a digest before it was read")]
    Unresolved {
        /// The reference.
        reference: String,
    },
    /// Something asked for is not in this release.
    #[error(
        "release {version} ({reference}) has no component {component}; choose a release that `hcp release info` shows it in"
    )]
    Missing {
        /// Version of the release.
        version: Version,
        /// The release image.
        reference: String,
        /// What was asked for.
        component: String,
    },
}

impl Release {
    /// Reads the two files of a release image; `reference` must be by digest.
    pub fn parse(
        reference: ImageReference,
        image_references: &[u8],
        release_metadata: &[u8],
    ) -> Result<Self, ReleaseError> {
        if reference.digest().is_none() {
            return Err(ReleaseError::Unresolved { reference: reference.to_string() });
        }
        let (version, listed) = ImageReferences::parse(image_references)?;
        let metadata = ReleaseMetadata::parse(release_metadata)?;
        if metadata.version != version {
            return Err(ReleaseError::VersionsDiffer { references: version, metadata: metadata.version });
        }
        let mut components = BTreeMap::new();
        for built in listed {
            let component = Component { digest: built.digest, version: built.version, source: built.source };
            if components.insert(built.name.clone(), component).is_some() {
                return Err(ReleaseError::Duplicate { name: built.name });
            }
        }
        Ok(Self { version, reference, components, previous: metadata.previous })
    }

    /// The image of a component: its digest in the release image's own repository.
    pub fn component(&self, name: &str) -> Result<ImageReference, ReleaseError> {
        let component = self.components.get(name).ok_or_else(|| ReleaseError::Missing {
            version: self.version.clone(),
            reference: self.reference.to_string(),
            component: name.to_owned(),
        })?;
        Ok(self.reference.with_digest(component.digest.clone()))
    }

    /// Which of `names` this release lacks, in the given order.
    pub fn missing<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        names.iter().copied().filter(|name| !self.components.contains_key(*name)).collect()
    }

    /// The same release in another repository, as after a mirror: digests stay, the repository changes.
    #[must_use]
    pub fn relocated(&self, repository: &ImageReference) -> Self {
        let reference = match self.reference.digest() {
            Some(digest) => repository.with_digest(digest.clone()),
            None => repository.clone(),
        };
        Self { reference, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuiltComponent, component};

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    fn reference() -> ImageReference {
        "registry.example.com/mirror/release:1.36.3"
            .parse::<ImageReference>()
            .unwrap()
            .with_digest(Digest::of(b"release"))
    }

    fn built(name: &str) -> BuiltComponent {
        BuiltComponent {
            name: name.into(),
            digest: Digest::of(name.as_bytes()),
            version: "v3.6.6".into(),
            source: "go.etcd.io/etcd/server/v3".into(),
        }
    }

    fn parse(components: Vec<BuiltComponent>) -> Result<Release, ReleaseError> {
        let references = ImageReferences::new(&version("1.36.3"), components).to_json();
        let metadata = ReleaseMetadata::new(version("1.36.3"), vec![version("1.35.4")]).to_json();
        Release::parse(reference(), &references, &metadata)
    }

    #[test]
    fn a_component_resolves_to_the_repository_the_release_was_read_from() {
        let release = parse(vec![built("etcd")]).unwrap();
        assert_eq!(
            release.component(component::ETCD).unwrap().to_string(),
            format!("registry.example.com/mirror/release@{}", Digest::of(b"etcd"))
        );
        let elsewhere = release.relocated(&"10.0.0.1:5000/copy".parse().unwrap());
        assert_eq!(
            elsewhere.component(component::ETCD).unwrap().to_string(),
            format!("10.0.0.1:5000/copy@{}", Digest::of(b"etcd"))
        );
    }

    #[test]
    fn version_source_and_upgrade_paths_survive_the_round_trip() {
        let release = parse(vec![built("etcd")]).unwrap();
        let etcd = &release.components["etcd"];
        assert_eq!((etcd.version.as_str(), etcd.source.as_str()), ("v3.6.6", "go.etcd.io/etcd/server/v3"));
        assert_eq!(release.previous, [version("1.35.4")]);
    }

    #[test]
    fn the_stored_list_does_not_depend_on_the_order_of_building() {
        let one = ImageReferences::new(&version("1.36.3"), vec![built("etcd"), built("coredns")]);
        let other = ImageReferences::new(&version("1.36.3"), vec![built("coredns"), built("etcd")]);
        assert_eq!(one.to_json(), other.to_json());
    }

    #[test]
    fn a_missing_component_is_named_with_the_release() {
        let release = parse(vec![built("etcd")]).unwrap();
        let error = release.component("coredns").unwrap_err().to_string();
        assert!(error.contains("release 1.36.3") && error.contains("no component coredns"), "{error}");
        assert_eq!(release.missing(&["etcd", "coredns", "hoist"]), ["coredns", "hoist"]);
    }

    #[test]
    fn a_component_listed_twice_is_refused() {
        let error = parse(vec![built("etcd"), built("etcd")]).unwrap_err();
        assert!(matches!(error, ReleaseError::Duplicate { .. }), "{error}");
    }

    #[test]
    fn a_component_by_tag_is_refused() {
        let references = String::from_utf8(ImageReferences::new(&version("1.36.3"), vec![built("etcd")]).to_json())
            .unwrap()
            .replace(&format!("@{}", Digest::of(b"etcd")), ":latest");
        let metadata = ReleaseMetadata::new(version("1.36.3"), vec![]).to_json();
        let error = Release::parse(reference(), references.as_bytes(), &metadata).unwrap_err();
        assert!(matches!(error, ReleaseError::NoDigest { .. }), "{error}");
    }

    #[test]
    fn files_of_two_versions_are_refused() {
        let references = ImageReferences::new(&version("1.36.3"), vec![built("etcd")]).to_json();
        let metadata = ReleaseMetadata::new(version("1.35.4"), vec![]).to_json();
        let error = Release::parse(reference(), &references, &metadata).unwrap_err().to_string();
        assert_eq!(error, "the release image says version 1.36.3 in image-references but 1.35.4 in release-metadata");
    }

    #[test]
    fn an_image_that_is_something_else_is_refused() {
        let metadata = ReleaseMetadata::new(version("1.36.3"), vec![]).to_json();
        let other = br#"{"kind":"List","apiVersion":"v1","metadata":{"name":"x"},"spec":{"tags":[]}}"#;
        assert!(matches!(Release::parse(reference(), other, &metadata).unwrap_err(), ReleaseError::WrongKind { .. }));
        assert!(matches!(
            Release::parse(reference(), b"not json", &metadata).unwrap_err(),
            ReleaseError::Malformed { .. }
        ));
    }
}
