//! Hostile and ordinary layers.

use super::*;

const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";

struct Layer(tar::Builder<Vec<u8>>);

impl Layer {
    fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    /// Writes the name into the header directly: the safe setters refuse what a hostile archive may hold.
    fn entry(mut self, kind: tar::EntryType, name: &str, link: Option<&str>, content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if let Some(link) = link {
            header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        }
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o4755);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(tar::EntryType::Regular, name, None, content)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn unpack(layer: Layer) -> (tempfile::TempDir, Result<u64, UnpackError>) {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let outcome = unpack_layer(layer.bytes().as_slice(), PLAIN, &inside, 1000);
    (folder, outcome)
}

#[test]
fn files_keep_their_permissions_but_not_set_user_id() {
    let (folder, outcome) = unpack(Layer::new().file("usr/bin/tool", b"content"));
    assert_eq!(outcome.unwrap(), 7);
    let file = folder.path().join("inside/usr/bin/tool");
    assert_eq!(fs::read(&file).unwrap(), b"content");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn a_running_binary_is_replaced_and_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tool"), b"old").unwrap();
    let open = fs::File::open(folder.path().join("tool")).unwrap();
    unpack_layer(Layer::new().file("tool", b"new").bytes().as_slice(), PLAIN, folder.path(), 1000).unwrap();
    assert_eq!(fs::read(folder.path().join("tool")).unwrap(), b"new");
    assert_eq!(io::read_to_string(open).unwrap(), "old");
}

#[test]
fn a_path_above_the_destination_is_refused() {
    for name in ["../evil", "a/../../evil", "/evil"] {
        let (folder, outcome) = unpack(Layer::new().file(name, b"x"));
        assert!(matches!(outcome, Err(UnpackError::Escapes(_))), "{name}: {outcome:?}");
        assert!(!folder.path().join("evil").exists());
    }
}

#[test]
fn writing_through_a_link_is_refused() {
    let layer = Layer::new().entry(tar::EntryType::Symlink, "door", Some(".."), b"").file("door/evil", b"x");
    let (folder, outcome) = unpack(layer);
    assert!(matches!(outcome, Err(UnpackError::ThroughLink(_))), "{outcome:?}");
    assert!(!folder.path().join("evil").exists());
}

#[test]
fn a_file_replaces_a_link_and_not_what_the_link_points_to() {
    let layer = Layer::new().entry(tar::EntryType::Symlink, "tool", Some("../victim"), b"").file("tool", b"new");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("victim"), b"old").unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    unpack_layer(layer.bytes().as_slice(), PLAIN, &inside, 1000).unwrap();
    assert_eq!(fs::read(folder.path().join("victim")).unwrap(), b"old");
    assert_eq!(fs::read(inside.join("tool")).unwrap(), b"new");
}

#[test]
fn a_hard_link_to_the_outside_is_refused() {
    for target in ["../victim", "/etc/passwd"] {
        let (_folder, outcome) = unpack(Layer::new().entry(tar::EntryType::Link, "tool", Some(target), b""));
        assert!(matches!(outcome, Err(UnpackError::Escapes(_))), "{target}: {outcome:?}");
    }
    let layer = Layer::new().entry(tar::EntryType::Symlink, "door", Some("/etc/passwd"), b"").entry(
        tar::EntryType::Link,
        "tool",
        Some("door"),
        b"",
    );
    let (_folder, outcome) = unpack(layer);
    assert!(matches!(outcome, Err(UnpackError::ThroughLink(_))), "{outcome:?}");
}

#[test]
fn devices_and_whiteouts_are_refused() {
    let (_folder, outcome) = unpack(Layer::new().entry(tar::EntryType::Char, "dev/mem", None, b""));
    assert!(matches!(outcome, Err(UnpackError::Kind(_))), "{outcome:?}");
    let (_folder, outcome) = unpack(Layer::new().file("usr/.wh.bin", b""));
    assert!(matches!(outcome, Err(UnpackError::Whiteout(_))), "{outcome:?}");
}

#[test]
fn the_cap_counts_all_files_together() {
    let (_folder, outcome) = unpack(Layer::new().file("a", &[0; 600]).file("b", &[0; 600]));
    assert!(matches!(outcome, Err(UnpackError::TooLarge(1000))), "{outcome:?}");
}

#[test]
fn zstd_and_gzip_layers_are_understood_and_others_named() {
    let plain = Layer::new().file("tool", b"content").bytes();
    let zstd = zstd::encode_all(plain.as_slice(), 3).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut gzip, &plain).unwrap();
    for (bytes, kind) in [(zstd, "tar+zstd"), (gzip.finish().unwrap(), "tar+gzip")] {
        let folder = tempfile::tempdir().unwrap();
        let media_type = format!("application/vnd.oci.image.layer.v1.{kind}");
        unpack_layer(bytes.as_slice(), &media_type, folder.path(), 1000).unwrap();
        assert_eq!(fs::read(folder.path().join("tool")).unwrap(), b"content");
    }
    let folder = tempfile::tempdir().unwrap();
    let error = unpack_layer(plain.as_slice(), "application/x", folder.path(), 1000).unwrap_err();
    assert!(error.to_string().contains("application/x"), "{error}");
}
