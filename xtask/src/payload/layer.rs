//! One deterministic layer: sorted entries, owner root, time zero, zstd.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use fs_err as fs;
use hoist_release::Digest;
use hoist_release::oci::{self, Descriptor};
use sha2::{Digest as _, Sha256};

/// Between the quickest and the smallest: a host unpacks it as fast, and building it is not noticed.
const COMPRESSION: i32 = 6;

/// Files of an image, by path without leading slash.
#[derive(Default)]
pub struct Layer {
    entries: BTreeMap<String, Entry>,
}

enum Entry {
    Folder {
        mode: u32,
    },
    /// A file of the cache or the root file system; `sha256` is checked while it is read.
    File {
        path: PathBuf,
        sha256: String,
        mode: u32,
    },
    Text {
        content: Vec<u8>,
        mode: u32,
    },
}

/// A layer that was written.
pub struct Written {
    pub descriptor: Descriptor,
    /// Digest of the uncompressed archive, which the image configuration names.
    pub diff_id: Digest,
}

impl Layer {
    pub fn folder(&mut self, path: &str, mode: u32) {
        self.parents(path);
        self.entries.insert(path.to_owned(), Entry::Folder { mode });
    }

    pub fn file(&mut self, path: &str, source: &Path, sha256: &str, mode: u32) {
        self.parents(path);
        let entry = Entry::File { path: source.to_owned(), sha256: sha256.to_owned(), mode };
        self.entries.insert(path.to_owned(), entry);
    }

    pub fn text(&mut self, path: &str, content: impl Into<Vec<u8>>) {
        self.parents(path);
        self.entries.insert(path.to_owned(), Entry::Text { content: content.into(), mode: 0o644 });
    }

    fn parents(&mut self, path: &str) {
        for (end, _) in path.match_indices('/') {
            self.entries.entry(path[..end].to_owned()).or_insert(Entry::Folder { mode: 0o755 });
        }
    }

    /// Everything that decides the bytes of the layer.
    pub fn identity(&self) -> Vec<(String, Vec<u8>)> {
        let describe = |entry: &Entry| match entry {
            Entry::Folder { mode } => format!("folder {mode:o}").into_bytes(),
            Entry::File { sha256, mode, .. } => format!("file {mode:o} {sha256}").into_bytes(),
            Entry::Text { content, mode } => [format!("text {mode:o} ").into_bytes(), content.clone()].concat(),
        };
        self.entries.iter().map(|(path, entry)| (path.clone(), describe(entry))).collect()
    }

    /// Writes the layer into the blob folder, under its digest.
    pub fn write(&self, blobs: &Path) -> Result<Written> {
        let temporary = blobs.join(format!(".layer.{}", std::process::id()));
        let file = io::BufWriter::new(fs::File::create(&temporary)?);
        let outcome = self.write_to(file);
        let (compressed, size, diff_id) = match outcome {
            Ok(written) => written,
            Err(error) => {
                // The first error is the one to report.
                let _ = fs::remove_file(&temporary);
                return Err(error);
            }
        };
        fs::rename(&temporary, blobs.join(compressed.hex()))?;
        let descriptor = Descriptor {
            media_type: oci::LAYER_ZSTD.to_owned(),
            digest: compressed,
            size,
            platform: None,
            annotations: BTreeMap::new(),
        };
        Ok(Written { descriptor, diff_id })
    }

    fn write_to(&self, writer: impl Write) -> Result<(Digest, u64, Digest)> {
        let encoder = zstd::Encoder::new(Hashed::new(writer), COMPRESSION)?;
        let mut archive = tar::Builder::new(Hashed::new(encoder));
        for (path, entry) in &self.entries {
            match entry {
                Entry::Folder { mode } => {
                    let mut header = header(tar::EntryType::Directory, 0, *mode);
                    archive.append_data(&mut header, format!("{path}/"), io::empty())?;
                }
                Entry::Text { content, mode } => {
                    let mut header = header(tar::EntryType::Regular, content.len() as u64, *mode);
                    archive.append_data(&mut header, path, content.as_slice())?;
                }
                Entry::File { path: source, sha256, mode } => {
                    let file = fs::File::open(source)?;
                    let mut header = header(tar::EntryType::Regular, file.metadata()?.len(), *mode);
                    let mut reader = HashedReader { inner: file, hash: Sha256::new() };
                    archive.append_data(&mut header, path, &mut reader)?;
                    let found = Digest::from_hash(&reader.hash.finalize());
                    ensure!(
                        found.hex() == sha256,
                        "{} is not what was built (sha256 {}, recorded {sha256}); remove its folder and build again",
                        source.display(),
                        found.hex()
                    );
                }
            }
        }
        let (encoder, _, diff_id) = archive.into_inner()?.finish();
        let (mut writer, size, compressed) = encoder.finish()?.finish();
        writer.flush()?;
        Ok((compressed, size, diff_id))
    }
}

fn header(kind: tar::EntryType, size: u64, mode: u32) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Hashes and counts what passes through.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
    count: u64,
}

impl<W> Hashed<W> {
    fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), count: 0 }
    }

    fn finish(self) -> (W, u64, Digest) {
        (self.inner, self.count, Digest::from_hash(&self.hash.finalize()))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

struct HashedReader<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for HashedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(source: &Path, sha256: &str) -> Layer {
        let mut layer = Layer::default();
        layer.folder("tmp", 0o1777);
        layer.file("usr/bin/tool", source, sha256, 0o755);
        layer.text("etc/passwd", "root:x:0:0::/:/nothing\n");
        layer
    }

    #[test]
    fn the_same_files_give_the_same_bytes_whatever_their_times() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::write(&source, b"content").unwrap();
        let hash = Digest::of(b"content").hex().to_owned();
        let one = layer(&source, &hash).write(folder.path()).unwrap();
        std::fs::File::open(&source).unwrap().set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let other = layer(&source, &hash).write(folder.path()).unwrap();
        assert_eq!(one.descriptor, other.descriptor);
        assert_eq!(one.diff_id, other.diff_id);
    }

    #[test]
    fn entries_are_sorted_owned_by_root_and_without_time() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::write(&source, b"content").unwrap();
        let written = layer(&source, Digest::of(b"content").hex()).write(folder.path()).unwrap();
        let blob = fs::read(folder.path().join(written.descriptor.digest.hex())).unwrap();
        assert_eq!(Digest::of(&blob), written.descriptor.digest);
        let plain = zstd::decode_all(blob.as_slice()).unwrap();
        assert_eq!(Digest::of(&plain), written.diff_id);
        let mut found = Vec::new();
        for entry in tar::Archive::new(plain.as_slice()).entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, 0));
            found.push((entry.path().unwrap().to_string_lossy().into_owned(), header.mode().unwrap()));
        }
        let expected = [
            ("etc/", 0o755),
            ("etc/passwd", 0o644),
            ("tmp/", 0o1777),
            ("usr/", 0o755),
            ("usr/bin/", 0o755),
            ("usr/bin/tool", 0o755),
        ];
        assert_eq!(found, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }

    #[test]
    fn a_binary_that_changed_since_it_was_built_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        fs::write(&source, b"tampered").unwrap();
        let error = layer(&source, Digest::of(b"content").hex()).write(folder.path()).err().unwrap();
        assert!(error.to_string().contains("is not what was built"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
