//! One image per component: its binaries in `/usr/bin`, the least of `/etc`, labels that say where it comes from.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use hoist_release::oci::{self, Descriptor, Manifest};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::binaries::Built;
use super::cache::{self, Cache};
use super::debian_files;
use super::definition::NON_ROOT;
use super::layer::Layer;
use super::progress::Progress;

/// Changes whenever equal inputs give another image.
const FORMAT: &str = "2";
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PASSWD: &str = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n";
const GROUP: &str = "root:x:0:\nnonroot:x:65532:\n";

/// A component whose image is in the blob folder.
pub struct Image {
    pub name: String,
    /// Kubernetes minor, when the component is built once per release.
    pub kubernetes: Option<String>,
    pub version: String,
    pub source: String,
    /// Seconds that its binaries took to build.
    pub seconds: f64,
    pub stored: Stored,
}

/// Where an image is among the blobs; kept beside them by the key of its inputs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Stored {
    pub manifest: Descriptor,
    pub blobs: Vec<Descriptor>,
}

/// What an image is configured with.
pub struct Settings {
    pub user: String,
    pub entrypoint: Vec<String>,
    pub arguments: Vec<String>,
    pub labels: BTreeMap<String, String>,
}

/// Makes the images that are missing.
pub fn ensure(cache: &Cache, rootfs: &Path, components: Vec<Built>, progress: &Progress) -> Result<Vec<Image>> {
    let bar = progress.bar(components.len(), "images");
    let mut images = Vec::new();
    for built in components {
        bar.working_on(&built.name);
        let mut layer = Layer::default();
        for (binary, sha256) in &built.record.sha256 {
            layer.file(&format!("usr/bin/{binary}"), &built.folder.join(binary), sha256, 0o755);
        }
        for extra in &built.extras {
            debian_files::add(&mut layer, rootfs, *extra)?;
        }
        layer.text("etc/passwd", PASSWD);
        layer.text("etc/group", GROUP);
        layer.folder("tmp", 0o1777);
        let settings = Settings {
            user: built.user.clone(),
            entrypoint: built.entrypoint.iter().map(|binary| format!("/usr/bin/{binary}")).collect(),
            arguments: built.arguments.clone(),
            labels: labels(&built.name, &built.version, &built.source),
        };
        let (stored, made) = store(cache, &layer, &settings)?;
        if made {
            let size: u64 = stored.blobs.iter().map(|blob| blob.size).sum();
            bar.built(format_args!("made image {} ({} MB)", built.name, size / 1_000_000));
        } else {
            bar.present();
        }
        images.push(Image {
            name: built.name,
            kubernetes: built.kubernetes,
            version: built.version,
            source: built.source,
            seconds: built.record.seconds,
            stored,
        });
    }
    Ok(images)
}

/// The labels of an image.
pub fn labels(title: &str, version: &str, source: &str) -> BTreeMap<String, String> {
    BTreeMap::from([
        (oci::ANNOTATION_TITLE.to_owned(), title.to_owned()),
        (oci::ANNOTATION_VERSION.to_owned(), version.to_owned()),
        (oci::ANNOTATION_SOURCE.to_owned(), source.to_owned()),
    ])
}

impl Settings {
    /// For an image that holds only files to read.
    pub fn data(labels: BTreeMap<String, String>) -> Self {
        Self { user: NON_ROOT.to_owned(), entrypoint: Vec::new(), arguments: Vec::new(), labels }
    }

    fn config(&self, diff_ids: &[&str]) -> Vec<u8> {
        let mut config = json!({
            "User": self.user,
            "Env": [PATH],
            "WorkingDir": "/",
            "Labels": self.labels,
        });
        if !self.entrypoint.is_empty() {
            config["Entrypoint"] = json!(self.entrypoint);
        }
        if !self.arguments.is_empty() {
            config["Cmd"] = json!(self.arguments);
        }
        let document = json!({
            "created": "1970-01-01T00:00:00Z",
            "architecture": "amd64",
            "os": "linux",
            "config": config,
            "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        document.to_string().into_bytes()
    }
}

/// Writes the image unless one with the same inputs is there; says whether it had to.
pub fn store(cache: &Cache, layer: &Layer, settings: &Settings) -> Result<(Stored, bool)> {
    let blobs = cache.payload("blobs");
    let records = cache.payload("images");
    fs::create_dir_all(&blobs)?;
    fs::create_dir_all(&records)?;
    let mut parts = layer.identity();
    parts.push(("format".to_owned(), FORMAT.into()));
    parts.push(("config".to_owned(), settings.config(&[])));
    let key = cache::key(parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())));
    let record = records.join(format!("{key}.json"));
    if let Some(stored) = read(&record, &blobs) {
        return Ok((stored, false));
    }
    let written = layer.write(&blobs)?;
    let config = settings.config(&[written.diff_id.as_str()]);
    let config_descriptor = put(&blobs, oci::CONFIG, &config)?;
    let manifest = Manifest {
        schema_version: 2,
        media_type: Some(oci::MANIFEST.to_owned()),
        config: config_descriptor,
        layers: vec![written.descriptor],
        annotations: settings.labels.clone(),
    };
    let stored = Stored {
        manifest: put(&blobs, oci::MANIFEST, &serde_json::to_vec(&manifest)?)?,
        blobs: manifest.blobs().cloned().collect(),
    };
    write_whole(&record, &serde_json::to_vec_pretty(&stored)?)?;
    Ok((stored, true))
}

/// A record counts only while all its blobs are there in their recorded sizes.
fn read(record: &Path, blobs: &Path) -> Option<Stored> {
    let stored: Stored = serde_json::from_slice(&std::fs::read(record).ok()?).ok()?;
    let complete = stored
        .blobs
        .iter()
        .chain([&stored.manifest])
        .all(|blob| std::fs::metadata(blobs.join(blob.digest.hex())).is_ok_and(|found| found.len() == blob.size));
    complete.then_some(stored)
}

fn put(blobs: &Path, media_type: &str, content: &[u8]) -> Result<Descriptor> {
    let descriptor = Descriptor::of(media_type, content);
    write_whole(&blobs.join(descriptor.digest.hex()), content)?;
    Ok(descriptor)
}

/// Writes a file that is either absent or complete.
pub fn write_whole(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension(format!("new.{}", std::process::id()));
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)?;
    Ok(())
}
