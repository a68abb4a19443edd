//! What is written beside built things, so that they can be checked and listed without building.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use fs_err as fs;
use serde::{Deserialize, Serialize};

const NAME: &str = "record.json";

/// Beside the binaries of one component.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BinaryRecord {
    /// sha256 of each binary.
    pub sha256: BTreeMap<String, String>,
    /// Seconds that the build took.
    pub seconds: f64,
}

impl BinaryRecord {
    pub fn write(&self, folder: &Path) -> Result<()> {
        let bytes = serde_json::to_vec_pretty(self)?;
        Ok(fs::write(folder.join(NAME), bytes)?)
    }

    /// The record of a finished entry; `None` if there is no such entry.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let path = folder.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&path)?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .with_context(|| format!("{} is damaged; remove its folder", path.display()))
    }
}
