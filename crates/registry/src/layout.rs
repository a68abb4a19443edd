//! An OCI image layout on disk: what the payload build leaves and `hcp local` starts from.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use hoist_release::oci::{self, Descriptor, Index, Manifest};
use hoist_release::{Digest, IMAGE_REFERENCES_PATH, ImageReference, RELEASE_METADATA_PATH, Release, ReleaseError};

use crate::unpack::{self, UnpackError, unpack_layer};

mod export;

/// A release's own files are a few kilobytes.
const RELEASE_FILE_CAP: u64 = 4 << 20;

/// An opened layout. Content is verified against its digest whenever it is read whole.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
    index: Index,
}

/// Why a layout cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file is missing or cannot be read.
    #[error("{} cannot be read; build the payload with `cargo xtask payload build`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file is no valid document.
    #[error("{} is no valid {expected}; build the payload again", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
        /// What the parser says.
        #[source]
        source: serde_json::Error,
    },
    /// A blob is not what its name says.
    #[error("{} has digest {found}; the layout is damaged, build the payload again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Digest of its content.
        found: Digest,
    },
    /// No entry has this name.
    #[error("{} holds no image named {name:?}, only {present}", .folder.display())]
    NoSuchName {
        /// The layout.
        folder: PathBuf,
        /// What was asked for.
        name: String,
        /// What there is, separated by commas.
        present: String,
    },
    /// An entry is not a release image.
    #[error("{name} is not a release image: {cause}")]
    NotARelease {
        /// Name of the entry.
        name: String,
        /// What is wrong.
        cause: String,
        /// The parser's error, if there is one.
        #[source]
        source: Option<Box<ReleaseError>>,
    },
    /// A layer cannot be unpacked.
    #[error("a layer of image {digest} cannot be unpacked")]
    Unpack {
        /// The image.
        digest: Digest,
        /// Why.
        #[source]
        source: UnpackError,
    },
    /// The archive cannot be written.
    #[error("the image archive cannot be written")]
    Export(#[source] std::io::Error),
}

impl Layout {
    /// Opens the layout in `folder`.
    pub fn open(folder: &Path) -> Result<Self, LayoutError> {
        let path = folder.join("index.json");
        let index = parse(&path, &read(&path)?, "image index")?;
        // A link such as `payload/layout` may be moved to a newer build while this one is in use.
        let folder =
            fs::canonicalize(folder).map_err(|source| LayoutError::Read { path: folder.to_owned(), source })?;
        Ok(Self { folder, index })
    }

    /// Where the layout is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The named entries, such as `release:1.36.3`, with what they point to.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Descriptor)> {
        self.index.manifests.iter().filter_map(|entry| Some((entry.annotation(oci::ANNOTATION_REF_NAME)?, entry)))
    }

    /// Every entry, named or not.
    pub fn entries(&self) -> &[Descriptor] {
        &self.index.manifests
    }

    /// The digest of the image named `name`.
    pub fn digest(&self, name: &str) -> Result<&Digest, LayoutError> {
        self.names().find(|(found, _)| *found == name).map(|(_, entry)| &entry.digest).ok_or_else(|| {
            LayoutError::NoSuchName {
                folder: self.folder.clone(),
                name: name.to_owned(),
                present: self.names().map(|(name, _)| name).collect::<Vec<_>>().join(", "),
            }
        })
    }

    /// The file that holds the content of `digest`; it may not exist.
    pub fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs/sha256").join(digest.hex())
    }

    /// The verified content of a small blob.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, LayoutError> {
        let path = self.blob_path(digest);
        let bytes = read(&path)?;
        let found = Digest::of(&bytes);
        if found == *digest { Ok(bytes) } else { Err(LayoutError::Damaged { path, found }) }
    }

    /// The manifest of an image.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest, LayoutError> {
        parse(&self.blob_path(digest), &self.blob(digest)?, "image manifest")
    }

    /// Reads the release named `name` as if it were in `repository`, where `push_layout` puts it.
    pub fn release(&self, name: &str, repository: &ImageReference) -> Result<Release, LayoutError> {
        let digest = self.digest(name)?;
        let not_a_release =
            |cause: &str, source| LayoutError::NotARelease { name: name.to_owned(), cause: cause.to_owned(), source };
        let mut files = ReleaseFiles::default();
        for layer in &self.manifest(digest)?.layers {
            let bytes = self.blob(&layer.digest)?;
            files
                .read_layer(&bytes, &layer.media_type)
                .map_err(|source| LayoutError::Unpack { digest: digest.clone(), source })?;
        }
        let (references, metadata) =
            files.complete().ok_or_else(|| not_a_release("it has no release-manifests folder", None))?;
        Release::parse(repository.with_digest(digest.clone()), &references, &metadata)
            .map_err(|source| not_a_release("its release-manifests are not valid", Some(Box::new(source))))
    }

    /// Unpacks the layers of an image into `destination`, verified first.
    pub fn unpack(&self, image: &Digest, destination: &Path) -> Result<(), LayoutError> {
        for layer in &self.manifest(image)?.layers {
            let bytes = self.blob(&layer.digest)?;
            unpack_layer(bytes.as_slice(), &layer.media_type, destination, u64::MAX)
                .map_err(|source| LayoutError::Unpack { digest: image.clone(), source })?;
        }
        Ok(())
    }
}

/// The two files that make an image a release, collected over its layers.
#[derive(Default)]
pub(crate) struct ReleaseFiles {
    references: Option<Vec<u8>>,
    metadata: Option<Vec<u8>>,
}

impl ReleaseFiles {
    /// Takes what it needs from one layer; a later layer wins.
    pub(crate) fn read_layer(&mut self, layer: &[u8], media_type: &str) -> Result<(), UnpackError> {
        let capped = unpack::decompress(layer, media_type)?.take(RELEASE_FILE_CAP);
        for entry in tar::Archive::new(capped).entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let slot = match path.to_str().map(|path| path.trim_start_matches("./")) {
                Some(IMAGE_REFERENCES_PATH) => &mut self.references,
                Some(RELEASE_METADATA_PATH) => &mut self.metadata,
                _ => continue,
            };
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            *slot = Some(content);
        }
        Ok(())
    }

    /// `image-references` and `release-metadata`, if both were there.
    pub(crate) fn complete(self) -> Option<(Vec<u8>, Vec<u8>)> {
        self.references.zip(self.metadata)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LayoutError> {
    fs::read(path).map_err(|source| LayoutError::Read { path: path.to_owned(), source })
}

fn parse<T: serde::de::DeserializeOwned>(path: &Path, bytes: &[u8], expected: &'static str) -> Result<T, LayoutError> {
    serde_json::from_slice(bytes).map_err(|source| LayoutError::Malformed { path: path.to_owned(), expected, source })
}

#[cfg(test)]
mod tests;
