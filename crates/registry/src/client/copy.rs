//! From one repository to another, bit by bit the same.

use hoist_release::oci::{self, Index, Manifest};
use hoist_release::{ImageReference, Release};

use super::Client;
use super::pull::Document;
use super::release::Downloads;
use crate::Error;

impl Client {
    /// Copies one image, index included, so that its digest stays. `to` has the credentials and trust of the destination.
    ///
    /// A destination without tag or digest receives the image by digest. Returns it as stored.
    pub async fn copy(
        &self,
        source: &ImageReference,
        to: &Self,
        destination: &ImageReference,
    ) -> Result<ImageReference, Error> {
        let work = self.copy_inner(source, to, destination);
        self.within_deadline(|| format!("copying {source} to {destination}"), work).await
    }

    /// Copies a release image and all its components into one repository; `destination` may carry a tag for the release image.
    pub async fn copy_release(
        &self,
        source: &ImageReference,
        to: &Self,
        destination: &ImageReference,
    ) -> Result<Release, Error> {
        let work = async {
            let release = self.fetch_release_inner(source).await?;
            for component in release.components.values() {
                let from = release.reference.with_digest(component.digest.clone());
                self.copy_inner(&from, to, &destination.with_digest(component.digest.clone())).await?;
            }
            // Last, so that a release that can be seen is a release that is whole.
            self.copy_inner(&release.reference, to, destination).await?;
            Ok(release.relocated(destination))
        };
        self.within_deadline(|| format!("copying release {source} to {destination}"), work).await
    }

    async fn copy_inner(
        &self,
        source: &ImageReference,
        to: &Self,
        destination: &ImageReference,
    ) -> Result<ImageReference, Error> {
        let document = self.document(source).await?;
        let pinned = source.with_digest(document.digest.clone());
        let destination = match (destination.tag(), destination.digest()) {
            (None, None) => destination.with_digest(document.digest.clone()),
            _ => destination.clone(),
        };
        if let Some(expected) = destination.digest()
            && *expected != document.digest
        {
            return Err(Error::DigestMismatch {
                object: source.to_string(),
                expected: expected.clone(),
                found: document.digest,
            });
        }
        // A manifest is stored after everything that it names.
        if destination.digest().is_none() || !to.has_document(&destination, &document.digest).await? {
            if oci::is_index(&document.media_type) {
                let index: Index = document.parse(source, "image index")?;
                for entry in index.manifests {
                    let child = self.document(&source.with_digest(entry.digest.clone())).await?;
                    let child_target = destination.with_digest(entry.digest.clone());
                    self.copy_blobs(&pinned, &child, to, &child_target).await?;
                    to.put_document(&child_target, &child.media_type, child.bytes).await?;
                }
            } else {
                self.copy_blobs(&pinned, &document, to, &destination).await?;
            }
            to.put_document(&destination, &document.media_type, document.bytes).await?;
        }
        Ok(destination)
    }

    async fn copy_blobs(
        &self,
        source: &ImageReference,
        document: &Document,
        to: &Self,
        destination: &ImageReference,
    ) -> Result<(), Error> {
        let manifest: Manifest = document.parse(source, "image manifest")?;
        let limit = self.options().size_cap;
        if manifest.total_size() > limit {
            return Err(Error::TooLarge { object: source.to_string(), limit });
        }
        self.observer().image_started(destination, manifest.total_size());
        let downloads = Downloads::new(self.options().download_folder.as_deref())?;
        for blob in manifest.blobs() {
            let present = to.has_blob(destination, &blob.digest).await?
                || (source.registry() == destination.registry()
                    && to.mount(destination, &blob.digest, source.repository()).await?);
            if present {
                self.observer().advanced(blob.size);
                continue;
            }
            let file = self.download(source, blob, downloads.path()).await?;
            to.upload(destination, blob, &file).await?;
            tokio::fs::remove_file(&file).await.map_err(Error::file("removed", &file))?;
        }
        self.observer().image_finished(destination);
        Ok(())
    }
}
