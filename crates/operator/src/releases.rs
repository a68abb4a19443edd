//! Release images that were read, by reference and credentials.
//!
//! The credentials are part of the key, so one tenant's pull secret never opens a release for another. Failures are remembered
//! for a moment only: long enough that many objects asking at once ask the registry once.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hoist_plan::observed::ReleaseProblem;
use hoist_registry::{Client, DockerConfig, Options};
use hoist_release::{ImageReference, Release};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

/// Tags may move; a release that is asked for again after this long is read again.
const FRESH: Duration = Duration::from_secs(5 * 60);
/// A registry that comes back is noticed within this time.
const FAILURE_FRESH: Duration = Duration::from_secs(5);
/// A condition must say within 15 s what is wrong with an image.
const DEADLINE: Duration = Duration::from_secs(8);
/// A release is about 4 KiB in memory.
const MOST: usize = 128;

/// Why a release cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Reason for a condition.
    pub reason: String,
    /// Names the image, the cause and the next step.
    pub message: String,
    /// Whether it may pass without anybody changing anything.
    pub is_transient: bool,
}

impl From<Failure> for ReleaseProblem {
    fn from(failure: Failure) -> Self {
        Self { message: failure.message }
    }
}

type Outcome = Result<Arc<Release>, Failure>;
type Key = (String, [u8; 32]);

struct Entry {
    cell: Arc<OnceCell<Outcome>>,
    since: Instant,
}

/// The cache. Cloning shares it.
#[derive(Clone)]
pub struct Releases {
    entries: Arc<Mutex<HashMap<Key, Entry>>>,
    /// The last success of each key: a registry that is away for a while must not make a running cluster invalid.
    good: Arc<Mutex<HashMap<Key, Arc<Release>>>>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    Registry { trust_bundle: Option<PathBuf>, proxy: Option<String> },
    Fixed(Arc<HashMap<String, Outcome>>),
}

impl Releases {
    /// Releases from registries. The trust bundle is read anew for each release, so that a changed one counts at once.
    pub fn from_registries(trust_bundle: Option<PathBuf>, proxy: Option<String>) -> Self {
        Self { entries: Arc::default(), good: Arc::default(), source: Source::Registry { trust_bundle, proxy } }
    }

    /// Releases that are given, for tests.
    pub fn fixed(releases: impl IntoIterator<Item = (String, Outcome)>) -> Self {
        Self {
            entries: Arc::default(),
            good: Arc::default(),
            source: Source::Fixed(Arc::new(releases.into_iter().collect())),
        }
    }

    /// The release behind `image`, read with the credentials of `pull_secret` (the content of a `.dockerconfigjson`).
    pub async fn get(&self, image: &str, pull_secret: Option<&[u8]>) -> Outcome {
        let key = key(image, pull_secret);
        let cell = self.cell(key.clone()).await;
        cell.get_or_init(|| async {
            let outcome = self.read(image, pull_secret).await;
            let mut good = self.good.lock().await;
            match outcome {
                Ok(release) => {
                    if good.len() >= MOST {
                        good.clear();
                    }
                    good.insert(key, Arc::clone(&release));
                    Ok(release)
                }
                Err(failure) if failure.is_transient => good.get(&key).cloned().ok_or(failure),
                Err(failure) => Err(failure),
            }
        })
        .await
        .clone()
    }

    /// Takes `release` for the last success of `image`, and returns it.
    pub async fn remember(&self, image: &str, pull_secret: Option<&[u8]>, release: Release) -> Arc<Release> {
        let key = key(image, pull_secret);
        let release = Arc::new(release);
        self.good.lock().await.insert(key.clone(), Arc::clone(&release));
        // The failure that was answered a moment ago is not what the next one shall be told.
        let cell = Arc::new(OnceCell::new_with(Some(Ok(Arc::clone(&release)))));
        self.entries.lock().await.insert(key, Entry { cell, since: Instant::now() });
        release
    }

    /// The trust bundle for registries that nodes need too, if there is one and it can be read.
    pub async fn trust_bundle(&self) -> Option<String> {
        match &self.source {
            Source::Registry { trust_bundle: Some(path), .. } => tokio::fs::read_to_string(path).await.ok(),
            _ => None,
        }
    }

    async fn cell(&self, key: Key) -> Arc<OnceCell<Outcome>> {
        let mut entries = self.entries.lock().await;
        entries.retain(|_, entry| {
            let fresh = match entry.cell.get() {
                Some(Err(_)) => FAILURE_FRESH,
                _ => FRESH,
            };
            entry.since.elapsed() < fresh
        });
        if entries.len() >= MOST
            && !entries.contains_key(&key)
            && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.since).map(|(key, _)| key.clone())
        {
            entries.remove(&oldest);
        }
        let entry = entries.entry(key).or_insert_with(|| Entry { cell: Arc::default(), since: Instant::now() });
        Arc::clone(&entry.cell)
    }

    async fn read(&self, image: &str, pull_secret: Option<&[u8]>) -> Outcome {
        match &self.source {
            Source::Fixed(releases) => releases
                .get(image)
                .cloned()
                .unwrap_or_else(|| Err(failure("ImageNotFound", format!("release image {image} does not exist")))),
            Source::Registry { trust_bundle, proxy } => {
                read_from_registry(image, pull_secret, trust_bundle.as_ref(), proxy.clone()).await
            }
        }
    }
}

fn key(image: &str, pull_secret: Option<&[u8]>) -> Key {
    (image.to_owned(), Sha256::digest(pull_secret.unwrap_or_default()).into())
}

async fn read_from_registry(
    image: &str,
    pull_secret: Option<&[u8]>,
    trust_bundle: Option<&PathBuf>,
    proxy: Option<String>,
) -> Outcome {
    let reference: ImageReference =
        image.parse().map_err(|error: hoist_release::ReferenceError| failure("InvalidImage", error.to_string()))?;
    let docker_config = pull_secret
        .map(DockerConfig::parse)
        .transpose()
        .map_err(|error| failure("InvalidPullSecret", error.to_string()))?;
    let trust_bundle_pem = match trust_bundle {
        None => None,
        Some(path) => Some(tokio::fs::read(path).await.map_err(|error| {
            failure("InvalidRegistryConfiguration", format!("trust bundle {} cannot be read: {error}", path.display()))
        })?),
    };
    let options = Options { trust_bundle_pem, docker_config, proxy, deadline: DEADLINE, ..Options::default() };
    let read = async { Client::new(options)?.fetch_release(&reference).await };
    let release = read.await.map_err(|error| Failure {
        is_transient: error.is_transient(),
        ..failure(
            error.reason(),
            format!("release image {image} cannot be read: {}", hoist_controller::error_chain(&error)),
        )
    })?;
    tracing::info!(image, version = %release.version, "read a release image");
    Ok(Arc::new(release))
}

fn failure(reason: &str, message: impl Into<String>) -> Failure {
    Failure { reason: reason.to_owned(), message: message.into(), is_transient: false }
}
