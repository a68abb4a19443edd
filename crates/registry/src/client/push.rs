//! Blobs and manifests to a registry, and a whole layout at once.

use std::path::Path;

use hoist_release::oci::{self, Descriptor};
use hoist_release::{Digest, ImageReference};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use reqwest::{Body, Method, StatusCode, Url};
use tokio::fs::File;

use super::Client;
use super::auth::Access;
use crate::{Error, Layout};

impl Client {
    /// Pushes every named image of a layout: `release:1.36.3` becomes `<registry>/<namespace>/release:1.36.3`.
    ///
    /// The components of a release go to the release's own repository, by digest. What is there already is not sent again.
    /// Returns the references by tag, in the layout's order.
    pub async fn push_layout(
        &self,
        layout: &Layout,
        registry: &str,
        namespace: &str,
    ) -> Result<Vec<ImageReference>, Error> {
        let work = self.push_layout_inner(layout, registry, namespace);
        self.within_deadline(|| format!("pushing {} to {registry}", layout.folder().display()), work).await
    }

    async fn push_layout_inner(
        &self,
        layout: &Layout,
        registry: &str,
        namespace: &str,
    ) -> Result<Vec<ImageReference>, Error> {
        let mut pushed = Vec::new();
        for (name, entry) in layout.names() {
            let target = format!("{registry}/{namespace}/{name}").parse::<ImageReference>().map_err(|source| {
                Error::Configuration { what: "the name of an image in the layout", source: source.into() }
            })?;
            // Only a release has a manifest folder; anything else is pushed as the single image it is.
            if let Ok(release) = layout.release(name, &target) {
                for component in release.components.values() {
                    self.push_image(layout, &component.digest, &target.with_digest(component.digest.clone())).await?;
                }
            }
            self.push_image(layout, &entry.digest, &target).await?;
            pushed.push(target);
        }
        Ok(pushed)
    }

    async fn push_image(&self, layout: &Layout, digest: &Digest, target: &ImageReference) -> Result<(), Error> {
        let manifest = layout.manifest(digest)?;
        self.observer().image_started(target, manifest.total_size());
        for blob in manifest.blobs() {
            if !self.has_blob(target, &blob.digest).await? {
                self.upload(target, blob, &layout.blob_path(&blob.digest)).await?;
            }
            self.observer().advanced(blob.size);
        }
        self.put_document(target, oci::MANIFEST, layout.blob(digest)?).await?;
        self.observer().image_finished(target);
        Ok(())
    }

    pub(super) async fn has_blob(&self, target: &ImageReference, digest: &Digest) -> Result<bool, Error> {
        self.exists(target, &format!("blobs/{digest}")).await
    }

    pub(super) async fn has_document(&self, target: &ImageReference, digest: &Digest) -> Result<bool, Error> {
        self.exists(target, &format!("manifests/{digest}")).await
    }

    async fn exists(&self, target: &ImageReference, rest: &str) -> Result<bool, Error> {
        self.retry(|| async {
            let accept = [oci::MANIFEST, oci::INDEX, oci::DOCKER_MANIFEST, oci::DOCKER_LIST].join(", ");
            let url = self.url(target, rest)?;
            let response = self
                .send(target, Access::Push, Method::HEAD, url, |request| {
                    request.header(reqwest::header::ACCEPT, &accept)
                })
                .await?;
            match response.status() {
                StatusCode::OK => Ok(true),
                StatusCode::NOT_FOUND => Ok(false),
                _ => Err(self.status_error(target, response, format!("HEAD {rest}"), target.to_string()).await),
            }
        })
        .await
    }

    /// Asks the registry to take a blob from another of its repositories; `false` means that it must be uploaded.
    pub(super) async fn mount(&self, target: &ImageReference, digest: &Digest, from: &str) -> Result<bool, Error> {
        let mut url = self.url(target, "blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", digest.as_str()).append_pair("from", from);
        let response =
            self.send(target, Access::Push, Method::POST, url, |request| request.header(CONTENT_LENGTH, 0)).await?;
        Ok(response.status() == StatusCode::CREATED)
    }

    /// Uploads a file as a blob, in one piece.
    pub(super) async fn upload(&self, target: &ImageReference, blob: &Descriptor, file: &Path) -> Result<(), Error> {
        self.retry(|| self.upload_once(target, blob, file)).await
    }

    async fn upload_once(&self, target: &ImageReference, blob: &Descriptor, file: &Path) -> Result<(), Error> {
        let object = || format!("blob {} of {target}", blob.digest);
        let start = self.url(target, "blobs/uploads/")?;
        let response = self
            .send(target, Access::Push, Method::POST, start.clone(), |request| request.header(CONTENT_LENGTH, 0))
            .await?;
        if response.status() != StatusCode::ACCEPTED {
            return Err(self.status_error(target, response, format!("POST {}", object()), object()).await);
        }
        let mut url = self.upload_location(target, &start, &response)?;
        url.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let content = File::open(file).await.map_err(Error::file("read", file))?;
        let mut request = self
            .inner
            .http
            .put(url.clone())
            .header(CONTENT_LENGTH, blob.size)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(Body::from(content));
        // Not through `send`: a streamed body cannot be sent twice, and the request before it was authorised.
        if url.origin() == start.origin()
            && let Some(header) = self.cached_authorization(target, Access::Push).await
        {
            request = request.header(reqwest::header::AUTHORIZATION, header);
        }
        let response = request.send().await.map_err(|error| self.transport_error(target, error))?;
        if response.status() == StatusCode::CREATED {
            return Ok(());
        }
        Err(self.status_error(target, response, format!("PUT {}", object()), object()).await)
    }

    fn upload_location(
        &self,
        target: &ImageReference,
        start: &Url,
        response: &reqwest::Response,
    ) -> Result<Url, Error> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        location.and_then(|location| start.join(location).ok()).ok_or_else(|| Error::Malformed {
            object: format!("the upload location of registry {}", self.endpoint(target)),
            expected: "address",
            source: None,
        })
    }

    /// Stores a manifest or index under the reference's tag or digest.
    pub(super) async fn put_document(
        &self,
        target: &ImageReference,
        media_type: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        self.retry(|| async {
            let url = self.url(target, &format!("manifests/{}", target.manifest_key()))?;
            let response = self
                .send(target, Access::Push, Method::PUT, url, |request| {
                    request.header(CONTENT_TYPE, media_type).body(bytes.clone())
                })
                .await?;
            if response.status() == StatusCode::CREATED {
                return Ok(());
            }
            Err(self.status_error(target, response, format!("PUT manifest {target}"), target.to_string()).await)
        })
        .await
    }
}
