//! The folder of a dump: what is in it is what was written by this run.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::failure::usage;

/// The folder.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    written: Vec<String>,
}

impl Folder {
    /// A folder that exists or will. One that holds an earlier dump is refused: files of two moments would be mixed.
    pub fn at(root: &Path, archive: &str) -> Result<Self> {
        if root.as_os_str().is_empty() {
            return Err(usage("--artifact-dir is empty: expected a folder, such as ./dump"));
        }
        if root.exists() && !root.is_dir() {
            return Err(usage(format!("--artifact-dir {}: it is a file, expected a folder", root.display())));
        }
        for part in ["namespaces", "cluster-scoped-resources", archive] {
            if root.join(part).exists() {
                return Err(usage(format!(
                    "--artifact-dir {}: it holds an earlier dump ({part}): expected another folder, or remove that dump first",
                    root.display()
                )));
            }
        }
        Ok(Self { root: root.to_owned(), written: Vec::new() })
    }

    /// Writes a file, and the folders above it.
    pub fn write(&mut self, path: &str, content: &str) -> Result<()> {
        let full = self.root.join(path);
        fs_err::create_dir_all(full.parent().unwrap_or(&self.root)).context("--artifact-dir cannot be written")?;
        fs_err::write(full, content).context("--artifact-dir cannot be written")?;
        self.written.push(path.to_owned());
        Ok(())
    }

    /// Paths of the files, in the order in which they were written.
    pub fn written(&self) -> &[String] {
        &self.written
    }

    /// Where a file is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}
