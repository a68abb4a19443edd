//! The form of a release image: components, digests, versions and version skew.
//!
//! A release image is an OCI image with two files, as OpenShift's is. What may surprise: the registry and repository written
//! inside it are never used. A component lives, by its digest, in whatever repository the release image itself was read from,
//! so a copied release needs no rewriting.

pub mod component;
mod digest;
mod image_references;
mod metadata;
mod mirror;
pub mod oci;
mod reference;
mod release;
pub mod skew;

pub use component::ComponentName;
pub use digest::{Digest, DigestError};
pub use image_references::{BuiltComponent, ImageReferences};
pub use metadata::ReleaseMetadata;
pub use mirror::{Location, Mirror, MirrorError};
pub use reference::{ImageReference, ReferenceError};
pub use release::{Component, Release, ReleaseError};

/// Path of the component list inside a release image.
pub const IMAGE_REFERENCES_PATH: &str = "release-manifests/image-references";
/// Path of the version metadata inside a release image.
pub const RELEASE_METADATA_PATH: &str = "release-manifests/release-metadata";
