//! Where built things lie between builds, and who may write there.
//!
//! Entries appear by rename and are never changed afterwards, so readers need no lock.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, anyhow};
use data_encoding::HEXLOWER;
use fs_err as fs;
use sha2::{Digest as _, Sha256};

/// How many entries of a kind stay, the newest: two releases, and room for another checkout or for going back.
const KEPT_KEYS: usize = 4;
/// A temporary folder this old belongs to a build that was killed.
const STALE_SECONDS: u64 = 6 * 3600;
/// Records of images are a few hundred bytes each; one that is dropped too early costs a second of compression.
const RECORD_SECONDS: u64 = 30 * 24 * 3600;

/// The cache folder.
pub struct Cache {
    root: PathBuf,
}

/// Exclusive right to write; ends when dropped.
pub struct Lock {
    _file: File,
}

impl Cache {
    /// `$HOIST_CACHE`, else `$XDG_CACHE_HOME/hoist`, else `~/.cache/hoist`.
    pub fn open() -> Result<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = variable("HOIST_CACHE")
            .or_else(|| variable("XDG_CACHE_HOME").map(|cache| cache.join("hoist")))
            .or_else(|| variable("HOME").map(|home| home.join(".cache/hoist")))
            .ok_or_else(|| {
                anyhow!("neither HOIST_CACHE nor HOME is set; set HOIST_CACHE to a folder for built things")
            })?;
        fs::create_dir_all(root.join("payload"))?;
        Ok(Self { root })
    }

    #[cfg(test)]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder `payload/<name>`.
    pub fn payload(&self, name: &str) -> PathBuf {
        self.root.join("payload").join(name)
    }

    /// The folder of root file systems.
    pub fn rootfs(&self) -> PathBuf {
        self.root.join("rootfs")
    }

    /// Waits until no other build writes, naming the one that does.
    pub fn lock(&self, purpose: &str) -> Result<Lock> {
        let path = self.root.join("payload/lock");
        let mut file =
            fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?.into_parts().0;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                eprintln!("waiting for {}, which holds {}", holder.trim(), path.display());
                file.lock().with_context(|| format!("{} cannot be locked", path.display()))?;
            }
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("{} cannot be locked", path.display()));
            }
        }
        file.set_len(0)?;
        file.rewind()?;
        writeln!(file, "`cargo xtask {purpose}` (process {})", std::process::id())?;
        Ok(Lock { _file: file })
    }

    /// Removes what no recent build used: old keys of each component, old layouts, blobs that no layout holds.
    ///
    /// Root file systems stay: a running host may be mounted on one.
    pub fn prune(&self) -> Result<()> {
        for component in folders(&self.payload("bin"))? {
            keep_newest(&component)?;
        }
        keep_newest(&self.payload("layouts"))?;
        for blob in entries(&self.payload("blobs"))? {
            // Layouts hold blobs by hard links.
            if fs::metadata(&blob)?.nlink() == 1 {
                fs::remove_file(&blob)?;
            }
        }
        for record in entries(&self.payload("images"))? {
            // Of no use without their blobs, which the next build would find out anyway.
            if fs::metadata(&record)?.modified()?.elapsed().is_ok_and(|age| age.as_secs() > RECORD_SECONDS) {
                fs::remove_file(&record)?;
            }
        }
        Ok(())
    }
}

/// Makes `target` by filling a temporary folder beside it; the rename at the end is the only visible step.
pub fn create(target: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let parent = target.parent().context("a cache entry always has a parent folder")?;
    let name = target.file_name().context("a cache entry always has a name")?.to_string_lossy();
    let temporary = parent.join(format!(".{name}.{}", std::process::id()));
    fs::create_dir_all(&temporary)?;
    let outcome = fill(&temporary).and_then(|()| Ok(fs::rename(&temporary, target)?));
    if outcome.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_dir_all(&temporary);
    }
    outcome
}

/// Marks an entry as used now.
pub fn touch(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .with_context(|| format!("{} cannot be marked as used", path.display()))
}

/// A key from named parts; neither order nor boundaries can be confused.
pub fn key<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (name, content) in parts {
        for bytes in [name.as_bytes(), content] {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    HEXLOWER.encode(&hash.finalize()[..16])
}

/// sha256 of a file's content, in hexadecimal digits.
pub fn file_hash(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(HEXLOWER.encode(&hash.finalize()));
        }
        hash.update(&buffer[..count]);
    }
}

/// Replaces a symbolic link in one step.
pub fn point(link: &Path, target: &str) -> Result<()> {
    if fs::read_link(link).is_ok_and(|current| current.as_os_str() == target) {
        return Ok(());
    }
    let temporary = link.with_extension(format!("new.{}", std::process::id()));
    // Left by a killed process with our number.
    let _ = std::fs::remove_file(&temporary);
    fs_err::os::unix::fs::symlink(target, &temporary)?;
    fs::rename(&temporary, link)?;
    Ok(())
}

/// Removes all but the newest entries of a folder, and what killed builds left.
fn keep_newest(folder: &Path) -> Result<()> {
    let mut found = Vec::new();
    for path in folders(folder)? {
        let modified = fs::metadata(&path)?.modified()?;
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            if modified.elapsed().is_ok_and(|age| age.as_secs() > STALE_SECONDS) {
                fs::remove_dir_all(&path)?;
            }
        } else {
            found.push((modified, path));
        }
    }
    found.sort();
    let surplus = found.len().saturating_sub(KEPT_KEYS);
    for (_, path) in found.into_iter().take(surplus) {
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

/// The folders in `folder`, sorted; none if it does not exist.
pub fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink()).collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut found = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("payload")).unwrap();
        let cache = Cache::at(folder.path());
        (folder, cache)
    }

    #[test]
    fn a_key_tells_parts_apart() {
        let key = |parts: &[(&str, &str)]| super::key(parts.iter().map(|(name, text)| (*name, text.as_bytes())));
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
        assert_ne!(key(&[("a", "b"), ("c", "d")]), key(&[("a", "bcd")]));
        assert_eq!(key(&[("a", "b")]), key(&[("a", "b")]));
    }

    #[test]
    fn a_failed_build_leaves_nothing() {
        let (folder, cache) = cache();
        let target = cache.payload("bin").join("entry");
        let outcome = create(&target, |temporary| {
            fs::write(temporary.join("half"), "x")?;
            anyhow::bail!("broken")
        });
        assert_eq!(outcome.unwrap_err().to_string(), "broken");
        assert_eq!(fs::read_dir(folder.path().join("payload/bin")).unwrap().count(), 0);
    }

    #[test]
    fn the_lock_names_its_holder() {
        let (folder, cache) = cache();
        let _lock = cache.lock("payload build").unwrap();
        let text = fs::read_to_string(folder.path().join("payload/lock")).unwrap();
        assert_eq!(text, format!("`cargo xtask payload build` (process {})\n", std::process::id()));
    }

    #[test]
    fn pruning_keeps_the_newest_keys_and_linked_blobs() {
        let (_folder, cache) = cache();
        for number in 0..6_u64 {
            let entry = cache.payload("bin/etcd").join(format!("key{number}"));
            fs::create_dir_all(&entry).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number);
            File::open(&entry).unwrap().set_modified(time).unwrap();
        }
        fs::create_dir_all(cache.payload("blobs")).unwrap();
        fs::create_dir_all(cache.payload("layouts/now")).unwrap();
        fs::write(cache.payload("blobs/used"), "x").unwrap();
        fs::hard_link(cache.payload("blobs/used"), cache.payload("layouts/now/used")).unwrap();
        fs::write(cache.payload("blobs/unused"), "x").unwrap();
        cache.prune().unwrap();
        let names = |folder: &str| {
            let found = entries(&cache.payload(folder)).unwrap();
            found.iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("bin/etcd"), ["key2", "key3", "key4", "key5"]);
        assert_eq!(names("blobs"), ["used"]);
    }

    #[test]
    fn a_link_moves_in_one_step() {
        let (folder, _cache) = cache();
        let link = folder.path().join("current");
        point(&link, "one").unwrap();
        point(&link, "two").unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("two"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
