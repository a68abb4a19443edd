//! Manifests and blobs from a registry, verified.

use std::path::{Path, PathBuf};

use hoist_release::oci::{self, Descriptor, Index, Manifest};
use hoist_release::{Digest, ImageReference};
use reqwest::header::{ACCEPT, CONTENT_TYPE, RANGE};
use reqwest::{Method, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::fs::{self, File};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};

use super::Client;
use super::auth::Access;
use crate::Error;

/// Registries themselves refuse larger manifests.
const MANIFEST_CAP: u64 = 4 << 20;

/// A manifest or index exactly as the registry keeps it.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
}

impl Client {
    /// The digest that a reference points to now.
    pub async fn resolve(&self, image: &ImageReference) -> Result<Digest, Error> {
        self.within_deadline(|| format!("resolving {image}"), async { Ok(self.document(image).await?.digest) }).await
    }

    /// Fetches what the reference points to and checks it against the reference's digest.
    pub(super) async fn document(&self, image: &ImageReference) -> Result<Document, Error> {
        self.retry(|| self.document_once(image)).await
    }

    async fn document_once(&self, image: &ImageReference) -> Result<Document, Error> {
        let url = self.url(image, &format!("manifests/{}", image.manifest_key()))?;
        let accept = [oci::MANIFEST, oci::INDEX, oci::DOCKER_MANIFEST, oci::DOCKER_LIST].join(", ");
        let response =
            self.send(image, Access::Pull, Method::GET, url, |request| request.header(ACCEPT, &accept)).await?;
        if response.status() != StatusCode::OK {
            return Err(self.status_error(image, response, format!("GET manifest {image}"), image.to_string()).await);
        }
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let media_type = content_type.split(';').next().unwrap_or("").trim().to_owned();
        let bytes = self.read_capped(image, response, MANIFEST_CAP, || format!("the manifest of {image}")).await?;
        let digest = Digest::of(&bytes);
        match image.digest() {
            Some(expected) if *expected != digest => {
                Err(Error::DigestMismatch { object: image.to_string(), expected: expected.clone(), found: digest })
            }
            _ => Ok(Document { digest, media_type, bytes }),
        }
    }

    /// The manifest for this machine's platform, following an index if there is one.
    pub(super) async fn manifest(&self, image: &ImageReference, document: &Document) -> Result<Manifest, Error> {
        if !oci::is_index(&document.media_type) {
            return document.parse(image, "image manifest");
        }
        let index: Index = document.parse(image, "image index")?;
        let wanted = index.manifests.iter().find(|entry| {
            entry.platform.as_ref().is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
        });
        let Some(wanted) = wanted else {
            return Err(Error::NotFound { object: format!("{image} for linux/amd64") });
        };
        let child = image.with_digest(wanted.digest.clone());
        self.document(&child).await?.parse(&child, "image manifest")
    }

    /// A small blob, in memory.
    pub(super) async fn small_blob(
        &self,
        image: &ImageReference,
        blob: &Descriptor,
        cap: u64,
    ) -> Result<Vec<u8>, Error> {
        let object = || format!("blob {} of {image}", blob.digest);
        if blob.size > cap {
            return Err(Error::TooLarge { object: object(), limit: cap });
        }
        self.retry(|| async {
            let url = self.url(image, &format!("blobs/{}", blob.digest))?;
            let response = self.send(image, Access::Pull, Method::GET, url, |request| request).await?;
            if response.status() != StatusCode::OK {
                return Err(self.status_error(image, response, format!("GET {}", object()), object()).await);
            }
            let bytes = self.read_capped(image, response, blob.size, object).await?;
            let found = Digest::of(&bytes);
            if found == blob.digest {
                Ok(bytes)
            } else {
                Err(Error::DigestMismatch { object: object(), expected: blob.digest.clone(), found })
            }
        })
        .await
    }

    /// A blob to a file `<folder>/<hex>`, resumed where an earlier attempt stopped, even one of an earlier process.
    pub(super) async fn download(
        &self,
        image: &ImageReference,
        blob: &Descriptor,
        folder: &Path,
    ) -> Result<PathBuf, Error> {
        let complete = folder.join(blob.digest.hex());
        let partial = folder.join(format!("{}.partial", blob.digest.hex()));
        self.retry(|| self.download_once(image, blob, &partial)).await?;
        fs::rename(&partial, &complete).await.map_err(Error::file("written", &complete))?;
        Ok(complete)
    }

    async fn download_once(&self, image: &ImageReference, blob: &Descriptor, partial: &Path) -> Result<(), Error> {
        let object = || format!("blob {} of {image}", blob.digest);
        let failed = |source| Error::file("written", partial)(source);
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(partial).await.map_err(failed)?;
        let (mut hash, mut have) = hash_of(&mut file, blob.size).await.map_err(failed)?;
        if have < blob.size {
            let url = self.url(image, &format!("blobs/{}", blob.digest))?;
            let response = self
                .send(image, Access::Pull, Method::GET, url, |request| match have {
                    0 => request,
                    _ => request.header(RANGE, format!("bytes={have}-")),
                })
                .await?;
            match response.status() {
                StatusCode::PARTIAL_CONTENT => {}
                StatusCode::OK => {
                    file.set_len(0).await.map_err(failed)?;
                    file.rewind().await.map_err(failed)?;
                    (hash, have) = (Sha256::new(), 0);
                }
                _ => return Err(self.status_error(image, response, format!("GET {}", object()), object()).await),
            }
            let mut response = response;
            while let Some(chunk) = response.chunk().await.map_err(|error| self.transport_error(image, error))? {
                have += chunk.len() as u64;
                if have > blob.size {
                    return Err(Error::TooLarge { object: object(), limit: blob.size });
                }
                hash.update(&chunk);
                file.write_all(&chunk).await.map_err(failed)?;
                self.observer().advanced(chunk.len() as u64);
            }
            file.flush().await.map_err(failed)?;
        } else {
            self.observer().advanced(blob.size);
        }
        if have < blob.size {
            let source = format!("the connection ended after {have} of {} bytes", blob.size).into();
            return Err(Error::Unreachable { endpoint: self.endpoint(image), source });
        }
        let found = Digest::from_hash(&hash.finalize());
        if found == blob.digest {
            return Ok(());
        }
        // Nothing of it can be trusted, so nothing of it is resumed.
        fs::remove_file(partial).await.map_err(failed)?;
        Err(Error::DigestMismatch { object: object(), expected: blob.digest.clone(), found })
    }
}

impl Document {
    pub(super) fn parse<T: serde::de::DeserializeOwned>(
        &self,
        image: &ImageReference,
        expected: &'static str,
    ) -> Result<T, Error> {
        serde_json::from_slice(&self.bytes).map_err(|source| Error::Malformed {
            object: image.to_string(),
            expected,
            source: Some(source),
        })
    }
}

/// Hashes what is there and leaves the position at its end; what exceeds `most` is cut off.
async fn hash_of(file: &mut File, most: u64) -> std::io::Result<(Sha256, u64)> {
    if file.metadata().await?.len() > most {
        file.set_len(0).await?;
    }
    let mut hash = Sha256::new();
    let mut length = 0;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer).await?;
        if count == 0 {
            return Ok((hash, length));
        }
        hash.update(&buffer[..count]);
        length += count as u64;
    }
}
