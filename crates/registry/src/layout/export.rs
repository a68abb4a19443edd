//! Part of a layout as an OCI archive, the form that `ctr images import` reads from standard input.

use std::collections::BTreeSet;
use std::io::{self, Write};

use fs_err as fs;
use hoist_release::Digest;
use hoist_release::oci::{self, Descriptor, Index};

use super::{Layout, LayoutError};

impl Layout {
    /// Writes an archive with the given images, each under the given name; one image may have several names.
    ///
    /// Blobs are copied as they are: the importer checks them against their digests.
    pub fn export_archive(&self, images: &[(Digest, String)], writer: impl Write) -> Result<(), LayoutError> {
        let mut archive = tar::Builder::new(writer);
        append_bytes(&mut archive, "oci-layout", oci::LAYOUT_MARKER.as_bytes()).map_err(LayoutError::Export)?;
        let mut index = Index { schema_version: 2, media_type: Some(oci::INDEX.to_owned()), manifests: Vec::new() };
        let mut blobs = BTreeSet::new();
        for (digest, name) in images {
            let bytes = self.blob(digest)?;
            let manifest = self.manifest(digest)?;
            let mut entry = Descriptor::of(oci::MANIFEST, &bytes);
            entry.annotations.insert(oci::ANNOTATION_CONTAINERD_NAME.to_owned(), name.clone());
            index.manifests.push(entry);
            blobs.insert(digest.clone());
            blobs.extend(manifest.blobs().map(|blob| blob.digest.clone()));
        }
        let index = serde_json::to_vec(&index).expect("a tree of strings always has a JSON form");
        append_bytes(&mut archive, "index.json", &index).map_err(LayoutError::Export)?;
        for digest in blobs {
            let path = self.blob_path(&digest);
            let file = fs::File::open(&path).map_err(|source| LayoutError::Read { path: path.clone(), source })?;
            let size = file.metadata().map_err(|source| LayoutError::Read { path, source })?.len();
            let mut header = header(size);
            archive
                .append_data(&mut header, format!("blobs/sha256/{}", digest.hex()), file)
                .map_err(LayoutError::Export)?;
        }
        archive.into_inner().and_then(|mut writer| writer.flush()).map_err(LayoutError::Export)
    }
}

fn header(size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

fn append_bytes(archive: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    archive.append_data(&mut header(bytes.len() as u64), name, bytes)
}
