//! The release's components on this host: fetched, verified against the release's digest, installed.
//!
//! A folder under `/opt/hoist/payload` with a component's digest in its name is complete: it gets that name last. So a join
//! that was interrupted fetches only what is missing, and downloads go on where they stopped.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use fs_err as fs;
use futures::future::{Either, select, try_join_all};
use hoist_host::{HostRoot, api_proxy::is_exempt, prepare};
use hoist_node_config::{NodeConfig, ProxySettings, paths};
use hoist_registry::{Client, DockerConfig, Options};
use hoist_release::{ImageReference, Release};

use crate::{
    cause::{Cause, chain},
    progress::Progress,
};

/// Components of a node and the programs that each must hold.
const COMPONENTS: [(&str, &[&str]); 5] = [
    ("kubelet", &["kubelet"]),
    ("containerd", &["containerd", "containerd-shim-runc-v2", "ctr"]),
    ("runc", &["runc"]),
    ("cni-plugins", &["bridge", "loopback", "host-local", "portmap"]),
    // Not installed as a program: it becomes the sandbox image.
    (PAUSE, &["pause"]),
];
const PAUSE: &str = "pause";
/// A slow network may take its time for 80 MiB; a registry that does not answer is noticed long before.
const DEADLINE: Duration = Duration::from_secs(600);
const SIZE_CAP: u64 = 512 << 20;
/// Silence of this length is worth a word; the download itself is tried again for longer.
const SILENCE: Duration = Duration::from_secs(8);
const NEXT_STEP: &str =
    "check the registry and the cluster's pull secret, then run the same line again; what was fetched is kept";

/// The components of a release, on this host.
#[derive(Debug)]
pub(crate) struct Payload {
    /// The release.
    pub(crate) release: Release,
    folders: BTreeMap<&'static str, PathBuf>,
}

/// Fetches what is missing of the release that `config` names.
pub(crate) async fn fetch(
    root: &HostRoot,
    config: &NodeConfig,
    pull_secret: &[u8],
    proxy: Option<&ProxySettings>,
    progress: &Progress,
) -> Result<Payload, Cause> {
    let image: ImageReference = config
        .release_image
        .parse()
        .map_err(|cause: hoist_release::ReferenceError| Cause::of(&cause, "correct the NodePool's release image"))?;
    if image.digest().is_none() {
        return Err(Cause::new(
            format!("the release image {image} is not given by digest, so nothing could be verified against it"),
            "report this: the operator resolves release images to digests",
        ));
    }
    let client = client(root, config, &image, pull_secret, proxy)?;
    let fetching = async {
        let release = client.fetch_release(&image).await.map_err(|cause| Cause::of(&cause, NEXT_STEP))?;
        let fetched = try_join_all(
            COMPONENTS.iter().map(|(name, programs)| fetch_component(root, &client, &release, name, programs)),
        )
        .await?;
        Ok(Payload { release, folders: fetched.into_iter().collect() })
    };
    let folder = root.path(paths::PAYLOAD);
    let silence = tell_of_silence(&folder, image.registry(), progress);
    match select(Box::pin(fetching), Box::pin(silence)).await {
        Either::Left((fetched, _)) => fetched,
        Either::Right((never, _)) => match never {},
    }
}

/// Says so when nothing arrives any more: a network that broke looks like one that is slow.
async fn tell_of_silence(folder: &Path, registry: &str, progress: &Progress) -> std::convert::Infallible {
    let (mut arrived, mut since) = (size(folder), Instant::now());
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = size(folder);
        if now != arrived {
            (arrived, since) = (now, Instant::now());
        } else if since.elapsed() >= SILENCE {
            progress.note(&format!(
                "waiting: nothing came from {registry} for {} s; what is there is kept, and it goes on when the network does",
                SILENCE.as_secs()
            ));
            since = Instant::now();
        }
    }
}

/// Bytes of all files below a folder; what cannot be read counts as nothing.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn client(
    root: &HostRoot,
    config: &NodeConfig,
    image: &ImageReference,
    pull_secret: &[u8],
    proxy: Option<&ProxySettings>,
) -> Result<Client, Cause> {
    let docker_config = DockerConfig::parse(pull_secret)
        .map_err(|cause| Cause::of(&cause, "correct the HostedCluster's pull secret"))?;
    let own = config.registries.iter().map(|trust| trust.certificate_authority_pem.as_str());
    let trust: Vec<&str> = own
        .chain([config.settings.trust_bundle_pem.as_str()])
        .map(str::trim_end)
        .filter(|pem| !pem.is_empty())
        .collect();
    let host = image.registry().rsplit_once(':').map_or(image.registry(), |(host, _)| host);
    Client::new(Options {
        trust_bundle_pem: (!trust.is_empty()).then(|| trust.join("\n").into_bytes()),
        docker_config: Some(docker_config),
        proxy: way_out(config, proxy, host),
        deadline: DEADLINE,
        size_cap: SIZE_CAP,
        download_folder: Some(root.path(paths::PAYLOAD).join("downloads")),
        ..Options::default()
    })
    .map_err(|cause| Cause::of(&cause, NEXT_STEP))
}

/// The cluster's proxy, or without one the host's own, unless `host` is reached without.
fn way_out(config: &NodeConfig, own: Option<&ProxySettings>, host: &str) -> Option<String> {
    let of_cluster = config.settings.proxy.as_ref().map(|proxy| (&proxy.https_proxy, &proxy.no_proxy));
    let (https_proxy, no_proxy) = of_cluster.or(own.map(|proxy| (&proxy.https_proxy, &proxy.no_proxy)))?;
    (!https_proxy.is_empty() && !is_exempt(host, no_proxy)).then(|| https_proxy.clone())
}

async fn fetch_component(
    root: &HostRoot,
    client: &Client,
    release: &Release,
    name: &'static str,
    programs: &[&str],
) -> Result<(&'static str, PathBuf), Cause> {
    let image = release.component(name).map_err(|cause| Cause::of(&cause, "choose another release"))?;
    let digest = image.digest().map(|digest| digest.hex().to_owned()).unwrap_or_default();
    let folder = root.path(paths::PAYLOAD).join(format!("{name}-{}", digest.get(..16).unwrap_or(&digest)));
    if folder.is_dir() {
        return Ok((name, folder));
    }
    let unwritable = |cause: std::io::Error| {
        Cause::new(format!("failed to store component {name}: {}", chain(&cause)), "check the space and rights of /opt")
    };
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(unwritable)?;
    }
    fs::create_dir_all(&partial).map_err(unwritable)?;
    client.fetch_component_files(release, name, &partial).await.map_err(|cause| Cause::of(&cause, NEXT_STEP))?;
    for program in programs {
        if !partial.join("usr/bin").join(program).is_file() {
            return Err(Cause::new(
                format!("component {name} ({image}) does not hold /usr/bin/{program}"),
                "choose another release: this one was not built for hosts",
            ));
        }
    }
    fs::rename(&partial, &folder).map_err(unwritable)?;
    Ok((name, folder))
}

impl Payload {
    /// Installs the programs. Returns the names of those that changed.
    pub(crate) fn install(&self, root: &HostRoot) -> Result<Vec<&'static str>, Cause> {
        let mut changed = Vec::new();
        for (name, programs) in COMPONENTS.iter().filter(|(name, _)| *name != PAUSE) {
            for program in *programs {
                let source = self.folders[name].join("usr/bin").join(program);
                let installed = prepare::install_program(root, program, &source)
                    .map_err(|cause| Cause::of(&cause, "check the space and rights of /opt"))?;
                if installed {
                    changed.push(*program);
                }
            }
        }
        Ok(changed)
    }

    /// The program of the sandbox image, and the first digits of its component's digest.
    pub(crate) fn pause(&self) -> (PathBuf, String) {
        let folder = &self.folders[PAUSE];
        let key = folder.file_name().and_then(|name| name.to_str()?.rsplit_once('-')).map_or("", |(_, key)| key);
        (folder.join("usr/bin/pause"), key.to_owned())
    }

    /// Versions as upstream writes them, by component.
    pub(crate) fn versions(&self) -> BTreeMap<String, String> {
        let mut versions: BTreeMap<String, String> = COMPONENTS
            .iter()
            .filter(|(name, _)| *name != PAUSE)
            .filter_map(|(name, _)| {
                let component = self.release.components.get(*name)?;
                Some(((*name).to_owned(), component.version.trim_start_matches('v').to_owned()))
            })
            .collect();
        versions.insert("kubelet".to_owned(), self.release.version.to_string());
        versions.insert("hoist".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        versions
    }
}
