//! The finished payload: one OCI image layout with every component and every release.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use fs_err as fs;
use hoist_release::oci::{self, Descriptor, Index};
use hoist_release::{
    BuiltComponent, IMAGE_REFERENCES_PATH, ImageReferences, RELEASE_METADATA_PATH, ReleaseMetadata, component,
};

use super::cache::{self, Cache};
use super::definition::{Definition, ReleaseDefinition};
use super::images::{self, Image, Settings, Stored};
use super::layer::Layer;
use super::list::{self, Row};
use super::progress::Progress;

/// Makes the release images and the layout, and lets `payload/layout` point to it.
pub fn assemble(cache: &Cache, definition: &Definition, images: &[Image], progress: &Progress) -> Result<PathBuf> {
    let mut stored: Vec<Stored> = images.iter().map(|image| image.stored.clone()).collect();
    let mut index = Index { schema_version: 2, media_type: Some(oci::INDEX.to_owned()), manifests: Vec::new() };
    let mut rows: Vec<Row> = images.iter().map(Row::of).collect();
    for release in &definition.releases {
        let image = release_image(cache, release, images)?;
        index.manifests.push(named(&image.manifest, format!("release:{}", release.version)));
        rows.push(Row::of_release(release, &image));
        stored.push(image);
    }
    for image in images {
        let mut entry = if image.name == component::HOIST {
            named(&image.stored.manifest, format!("operator:{}", image.version))
        } else {
            image.stored.manifest.clone()
        };
        entry.annotations.insert(oci::ANNOTATION_TITLE.to_owned(), image.name.clone());
        entry.annotations.insert(oci::ANNOTATION_VERSION.to_owned(), image.version.clone());
        index.manifests.push(entry);
    }
    let bytes = serde_json::to_vec_pretty(&index)?;
    let key = cache::key([("index", bytes.as_slice())]);
    let folder = cache.payload("layouts").join(&key);
    if folder.is_dir() {
        cache::touch(&folder)?;
        link_blobs(cache, &stored, &folder)?;
    } else {
        cache::create(&folder, |temporary| {
            fs::create_dir_all(temporary.join("blobs/sha256"))?;
            fs::write(temporary.join("oci-layout"), oci::LAYOUT_MARKER)?;
            fs::write(temporary.join("index.json"), &bytes)?;
            link_blobs(cache, &stored, temporary)
        })?;
        progress.line(format_args!("made layout {}", folder.display()));
    }
    list::write(cache, &rows)?;
    cache::point(&cache.payload("layout"), &format!("layouts/{key}"))?;
    Ok(cache.payload("layout"))
}

/// Links every blob into a layout. One that was made again, because it was lost or damaged, replaces what the layout had.
fn link_blobs(cache: &Cache, images: &[Stored], layout: &Path) -> Result<()> {
    let blobs = cache.payload("blobs");
    for blob in images.iter().flat_map(|image| image.blobs.iter().chain([&image.manifest])) {
        let source = blobs.join(blob.digest.hex());
        let link = layout.join("blobs/sha256").join(blob.digest.hex());
        let present = std::fs::metadata(&link).map(|found| found.ino()).ok();
        if present != Some(fs::metadata(&source)?.ino()) {
            let temporary = link.with_extension(format!("new.{}", std::process::id()));
            fs::hard_link(&source, &temporary)?;
            fs::rename(&temporary, &link)?;
        }
    }
    Ok(())
}

fn release_image(cache: &Cache, release: &ReleaseDefinition, images: &[Image]) -> Result<Stored> {
    let components = images
        .iter()
        .filter(|image| image.kubernetes.as_ref().is_none_or(|minor| *minor == release.kubernetes))
        .map(|image| BuiltComponent {
            name: image.name.as_str().into(),
            digest: image.stored.manifest.digest.clone(),
            version: image.version.clone(),
            source: image.source.clone(),
        })
        .collect();
    let mut layer = Layer::default();
    layer.text(IMAGE_REFERENCES_PATH, ImageReferences::new(&release.version, components).to_json());
    let metadata = ReleaseMetadata::new(release.version.clone(), release.previous.clone());
    layer.text(RELEASE_METADATA_PATH, metadata.to_json());
    let version = release.version.to_string();
    let mut labels = images::labels("release", &version, "hoist");
    labels.insert("io.openshift.release".to_owned(), version);
    Ok(images::store(cache, &layer, &Settings::data(labels))?.0)
}

fn named(manifest: &Descriptor, name: String) -> Descriptor {
    let mut entry = manifest.clone();
    entry.annotations.insert(oci::ANNOTATION_REF_NAME.to_owned(), name);
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_that_is_made_again_stays_linked_and_survives_pruning() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let mut layer = Layer::default();
        layer.text("file", "content");
        let make = || images::store(&cache, &layer, &Settings::data(images::labels("a", "1", "b"))).unwrap();
        let layout = cache.payload("layouts/one");
        fs::create_dir_all(layout.join("blobs/sha256")).unwrap();

        let (stored, _) = make();
        link_blobs(&cache, std::slice::from_ref(&stored), &layout).unwrap();
        fs::remove_dir_all(cache.payload("images")).unwrap();
        let (again, was_missing) = make();
        assert!(was_missing);
        assert_eq!(again.manifest, stored.manifest);
        link_blobs(&cache, &[again], &layout).unwrap();
        cache.prune().unwrap();

        let (_, was_missing) = make();
        assert!(!was_missing, "pruning removed a blob that a layout needs");
    }
}
