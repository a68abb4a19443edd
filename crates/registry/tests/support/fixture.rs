//! A small layout of the payload's form: release 1.36.3 with components `etcd` and `hoist`, and the operator's own name.

use std::collections::BTreeMap;
use std::path::Path;

use hoist_release::oci::{self, Descriptor, Index, Manifest};
use hoist_release::{
    BuiltComponent, Digest, IMAGE_REFERENCES_PATH, ImageReferences, RELEASE_METADATA_PATH, ReleaseMetadata,
};
use semver::Version;

pub struct Fixture {
    folder: tempfile::TempDir,
    binaries: BTreeMap<&'static str, Vec<u8>>,
    layers: BTreeMap<&'static str, Digest>,
}

impl Fixture {
    /// `size` is that of the binary in each component; its content does not compress.
    pub fn new(size: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        let mut fixture = Self { folder, binaries: BTreeMap::new(), layers: BTreeMap::new() };
        let mut components = Vec::new();
        let mut manifests = Vec::new();
        for (seed, name) in ["etcd", "hoist"].into_iter().enumerate() {
            let content = noise(seed as u64 + 1, size);
            let (manifest, layer) = fixture.image(&[(&format!("usr/bin/{name}"), &content)]);
            components.push(BuiltComponent {
                name: name.into(),
                digest: manifest.digest.clone(),
                version: "v1.0.0".into(),
                source: "example.com/upstream".into(),
            });
            fixture.binaries.insert(name, content);
            fixture.layers.insert(name, layer);
            manifests.push(manifest);
        }
        let version = Version::new(1, 36, 3);
        let references = ImageReferences::new(&version, components).to_json();
        let metadata = ReleaseMetadata::new(version, Vec::new()).to_json();
        let (mut release, _) =
            fixture.image(&[(IMAGE_REFERENCES_PATH, &references), (RELEASE_METADATA_PATH, &metadata)]);
        release.annotations.insert(oci::ANNOTATION_REF_NAME.to_owned(), "release:1.36.3".to_owned());
        let mut operator = manifests.remove(1);
        operator.annotations.insert(oci::ANNOTATION_REF_NAME.to_owned(), "operator:0.1.0".to_owned());
        let index = Index { schema_version: 2, media_type: None, manifests: vec![release, operator] };
        std::fs::write(fixture.folder().join("index.json"), serde_json::to_vec(&index).unwrap()).unwrap();
        fixture
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    #[allow(dead_code, reason = "not every test that shares this file looks into images")]
    pub fn binary(&self, name: &str) -> Vec<u8> {
        self.binaries[name].clone()
    }

    /// Digest of the layer of a component.
    #[allow(dead_code, reason = "not every test that shares this file looks into images")]
    pub fn layer(&self, name: &str) -> Digest {
        self.layers[name].clone()
    }

    fn image(&self, files: &[(&str, &[u8])]) -> (Descriptor, Digest) {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o755);
            archive.append_data(&mut header, path, *content).unwrap();
        }
        let plain = archive.into_inner().unwrap();
        let layer = zstd::encode_all(plain.as_slice(), 1).unwrap();
        let layer = self.put(oci::LAYER_ZSTD, &layer);
        let digest = layer.digest.clone();
        let manifest = Manifest {
            schema_version: 2,
            media_type: Some(oci::MANIFEST.to_owned()),
            config: self.put(oci::CONFIG, config(&plain).as_bytes()),
            layers: vec![layer],
            annotations: BTreeMap::new(),
        };
        (self.put(oci::MANIFEST, &serde_json::to_vec(&manifest).unwrap()), digest)
    }

    fn put(&self, media_type: &str, content: &[u8]) -> Descriptor {
        let descriptor = Descriptor::of(media_type, content);
        let path = self.folder().join("blobs/sha256").join(descriptor.digest.hex());
        std::fs::write(path, content).unwrap();
        descriptor
    }
}

/// An image configuration, which containerd checks against the unpacked layer.
fn config(plain: &[u8]) -> String {
    let diff_id = Digest::of(plain);
    format!(r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":["{diff_id}"]}}}}"#)
}

/// Repeatable bytes without pattern (xorshift).
fn noise(mut state: u64, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
