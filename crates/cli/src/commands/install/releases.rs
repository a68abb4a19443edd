//! The releases that a registry holds: the tags of `hoist/release` that are versions, each read and pinned by its digest.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::future::try_join_all;
use hoist_registry::Options;
use hoist_release::{ImageReference, Release};
use semver::Version;

use crate::commands::release::registry;
use crate::failure::usage;

/// Repository of release images in a registry.
const REPOSITORY: &str = "hoist/release";
/// Longest look at the registry.
const DEADLINE: Duration = Duration::from_secs(60);

/// Reads them all; at least one.
pub async fn read(registry_host: &str, options: Options) -> Result<BTreeMap<Version, Release>> {
    let repository = ImageReference::repository_of(registry_host, REPOSITORY)
        .map_err(|error| usage(format!("--registry {registry_host:?}: {error}")))?;
    let client = registry::client(options, DEADLINE, None)?;
    let tags = client.tags(&repository).await.with_context(|| format!("cannot list the releases in {repository}"))?;
    let versions: Vec<&String> = tags.iter().filter(|tag| Version::parse(tag).is_ok()).collect();
    if versions.is_empty() {
        bail!(
            "{repository} holds no release: expected tags such as 1.36.3; copy one there with `hcp release mirror IMAGE --to {registry_host}`"
        );
    }
    let reads = versions.iter().map(|tag| {
        let (client, repository) = (&client, &repository);
        async move {
            let image = repository.with_tag(tag)?;
            let release =
                client.fetch_release(&image).await.with_context(|| format!("cannot read release image {image}"))?;
            if release.version.to_string() != **tag {
                bail!("release image {image} is version {}: expected its tag to be its version", release.version);
            }
            Ok((release.version.clone(), release))
        }
    });
    Ok(try_join_all(reads).await?.into_iter().collect())
}
