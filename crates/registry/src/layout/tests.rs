//! Opening, reading and exporting a layout.

use std::collections::BTreeMap;

use super::*;

struct Sample {
    folder: tempfile::TempDir,
    image: Digest,
    blobs: Vec<Digest>,
}

fn sample() -> Sample {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    let put = |media_type: &str, content: &[u8]| {
        let descriptor = Descriptor::of(media_type, content);
        fs::write(folder.path().join("blobs/sha256").join(descriptor.digest.hex()), content).unwrap();
        descriptor
    };
    let config = put(oci::CONFIG, b"{}");
    let layer = put("application/vnd.oci.image.layer.v1.tar", &[0; 1024]);
    let blobs = vec![config.digest.clone(), layer.digest.clone()];
    let manifest =
        Manifest { schema_version: 2, media_type: None, config, layers: vec![layer], annotations: BTreeMap::new() };
    let mut entry = put(oci::MANIFEST, &serde_json::to_vec(&manifest).unwrap());
    let image = entry.digest.clone();
    entry.annotations.insert(oci::ANNOTATION_REF_NAME.to_owned(), "operator:0.1.0".to_owned());
    let index = Index { schema_version: 2, media_type: None, manifests: vec![entry] };
    fs::write(folder.path().join("index.json"), serde_json::to_vec(&index).unwrap()).unwrap();
    Sample { folder, image, blobs }
}

#[test]
fn a_missing_name_is_answered_with_those_that_exist() {
    let sample = sample();
    let layout = Layout::open(sample.folder.path()).unwrap();
    assert_eq!(layout.digest("operator:0.1.0").unwrap(), &sample.image);
    let error = layout.digest("release:1.36.3").unwrap_err().to_string();
    assert!(error.ends_with(r#"holds no image named "release:1.36.3", only operator:0.1.0"#), "{error}");
}

#[test]
fn a_missing_layout_says_how_to_make_one() {
    let error = Layout::open(Path::new("/nonexistent")).unwrap_err().to_string();
    assert!(error.contains("cargo xtask payload build"), "{error}");
}

#[test]
fn a_damaged_blob_is_found_when_it_is_read() {
    let sample = sample();
    let layout = Layout::open(sample.folder.path()).unwrap();
    fs::write(layout.blob_path(&sample.blobs[1]), b"else").unwrap();
    let error = layout.unpack(&sample.image, sample.folder.path()).unwrap_err();
    assert!(matches!(error, LayoutError::Damaged { .. }), "{error}");
}

#[test]
fn an_ordinary_image_is_no_release() {
    let sample = sample();
    let layout = Layout::open(sample.folder.path()).unwrap();
    let error = layout.release("operator:0.1.0", &"registry.example.com/hoist/operator".parse().unwrap()).unwrap_err();
    assert!(matches!(error, LayoutError::NotARelease { .. }), "{error}");
}

#[test]
fn an_archive_holds_each_blob_once_and_every_name() {
    let sample = sample();
    let layout = Layout::open(sample.folder.path()).unwrap();
    let names = ["registry.example.com/a:1", "registry.example.com/b:2"];
    let images = names.map(|name| (sample.image.clone(), name.to_owned()));
    let mut bytes = Vec::new();
    layout.export_archive(&images, &mut bytes).unwrap();
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert!(files.insert(path.clone(), content).is_none(), "{path} is there twice");
    }
    let index: Index = serde_json::from_slice(&files["index.json"]).unwrap();
    let found: Vec<_> =
        index.manifests.iter().map(|entry| entry.annotation(oci::ANNOTATION_CONTAINERD_NAME).unwrap()).collect();
    assert_eq!(found, names);
    for digest in sample.blobs.iter().chain([&sample.image]) {
        assert_eq!(Digest::of(&files[&format!("blobs/sha256/{}", digest.hex())]), *digest);
    }
    assert_eq!(files.len(), 5);
}
