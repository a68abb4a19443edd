//! Releases and the files of their components.

use std::path::{Path, PathBuf};

use hoist_release::{ImageReference, Release, ReleaseError};

use super::Client;
use crate::layout::ReleaseFiles;
use crate::{Error, unpack_layer};

/// A release image holds two small text files.
const RELEASE_CAP: u64 = 4 << 20;

impl Client {
    /// Reads and checks a release image; the result's reference is by digest, in the same repository.
    pub async fn fetch_release(&self, image: &ImageReference) -> Result<Release, Error> {
        self.within_deadline(|| format!("reading release image {image}"), self.fetch_release_inner(image)).await
    }

    pub(super) async fn fetch_release_inner(&self, image: &ImageReference) -> Result<Release, Error> {
        let document = self.document(image).await?;
        let pinned = image.with_digest(document.digest.clone());
        let manifest = self.manifest(&pinned, &document).await?;
        let not_a_release = |cause: String, source: Option<Box<ReleaseError>>| Error::NotARelease {
            reference: image.to_string(),
            cause,
            source,
        };
        // An ordinary image is recognised by its size before it is loaded.
        if manifest.total_size() > RELEASE_CAP {
            return Err(not_a_release(
                format!("it has {} bytes instead of a few kilobytes", manifest.total_size()),
                None,
            ));
        }
        let mut files = ReleaseFiles::default();
        for layer in &manifest.layers {
            let bytes = self.small_blob(&pinned, layer, RELEASE_CAP).await?;
            files
                .read_layer(&bytes, &layer.media_type)
                .map_err(|source| Error::Unpack { object: image.to_string(), source })?;
        }
        let Some((references, metadata)) = files.complete() else {
            return Err(not_a_release("it has no release-manifests folder".to_owned(), None));
        };
        Release::parse(pinned, &references, &metadata)
            .map_err(|source| not_a_release("its release-manifests are not valid".to_owned(), Some(Box::new(source))))
    }

    /// Downloads a component, verifies it and unpacks its files into `destination`, which must exist.
    ///
    /// With [`super::Options::download_folder`] an interrupted download is resumed by the next call.
    pub async fn fetch_component_files(&self, release: &Release, name: &str, destination: &Path) -> Result<(), Error> {
        let image = release.component(name)?;
        self.within_deadline(|| format!("loading component {name}"), self.fetch_files(&image, destination)).await
    }

    async fn fetch_files(&self, image: &ImageReference, destination: &Path) -> Result<(), Error> {
        let document = self.document(image).await?;
        let manifest = self.manifest(image, &document).await?;
        let limit = self.options().size_cap;
        if manifest.total_size() > limit {
            return Err(Error::TooLarge { object: image.to_string(), limit });
        }
        self.observer().image_started(image, manifest.layers.iter().map(|layer| layer.size).sum());
        let downloads = Downloads::new(self.options().download_folder.as_deref())?;
        for layer in &manifest.layers {
            let file = self.download(image, layer, downloads.path()).await?;
            let media_type = layer.media_type.clone();
            let destination = destination.to_owned();
            let object = image.to_string();
            tokio::task::spawn_blocking(move || unpack_and_remove(&file, &media_type, &destination, limit, object))
                .await
                .map_err(|panic| Error::Configuration { what: "the unpacking task", source: panic.into() })??;
        }
        self.observer().image_finished(image);
        Ok(())
    }
}

fn unpack_and_remove(
    file: &Path,
    media_type: &str,
    destination: &Path,
    limit: u64,
    object: String,
) -> Result<(), Error> {
    let reader = std::fs::File::open(file).map_err(Error::file("read", file))?;
    unpack_layer(std::io::BufReader::new(reader), media_type, destination, limit)
        .map_err(|source| Error::Unpack { object, source })?;
    std::fs::remove_file(file).map_err(Error::file("removed", file))
}

/// Where blobs land: the caller's folder, or one that goes away with this value.
pub(super) enum Downloads {
    Kept(PathBuf),
    Temporary(tempfile::TempDir),
}

impl Downloads {
    pub(super) fn new(folder: Option<&Path>) -> Result<Self, Error> {
        let Some(folder) = folder else {
            let folder = tempfile::tempdir().map_err(Error::file("written", &std::env::temp_dir()))?;
            return Ok(Self::Temporary(folder));
        };
        std::fs::create_dir_all(folder).map_err(Error::file("written", folder))?;
        Ok(Self::Kept(folder.to_owned()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(folder) => folder,
            Self::Temporary(folder) => folder.path(),
        }
    }
}
