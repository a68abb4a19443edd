//! What the last build made, as a table.

use anyhow::{Context as _, Result};
use comfy_table::{CellAlignment, Table, presets};
use fs_err as fs;
use hoist_release::Digest;
use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::definition::ReleaseDefinition;
use super::images::{Image, Stored, write_whole};

/// One image.
#[derive(Serialize, Deserialize)]
pub struct Row {
    name: String,
    version: String,
    digest: Digest,
    /// Compressed bytes.
    size: u64,
    /// Seconds that building took; none for what is only assembled.
    seconds: Option<f64>,
}

impl Row {
    pub fn of(image: &Image) -> Self {
        Self {
            name: image.name.clone(),
            version: image.version.clone(),
            digest: image.stored.manifest.digest.clone(),
            size: size(&image.stored),
            seconds: Some(image.seconds),
        }
    }

    pub fn of_release(release: &ReleaseDefinition, image: &Stored) -> Self {
        Self {
            name: "release".to_owned(),
            version: release.version.to_string(),
            digest: image.manifest.digest.clone(),
            size: size(image),
            seconds: None,
        }
    }
}

fn size(image: &Stored) -> u64 {
    image.blobs.iter().map(|blob| blob.size).sum()
}

/// Keeps the table of this build for later.
pub fn write(cache: &Cache, rows: &[Row]) -> Result<()> {
    write_whole(&cache.payload("built.json"), &serde_json::to_vec_pretty(rows)?)
}

/// Prints the table of the last build.
pub fn print(cache: &Cache) -> Result<()> {
    let path = cache.payload("built.json");
    let bytes = fs::read(&path).context("no payload was built yet; run `cargo xtask payload build`")?;
    let rows: Vec<Row> = serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["COMPONENT", "VERSION", "SIZE MB", "BUILD S", "IMAGE DIGEST"]);
    for row in &rows {
        table.add_row([
            row.name.clone(),
            row.version.clone(),
            megabytes(row.size),
            row.seconds.map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.0}")),
            row.digest.to_string(),
        ]);
    }
    for column in [2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    println!("{table}");
    let total: u64 = rows.iter().map(|row| row.size).sum();
    println!("{} images, {} MB", rows.len(), megabytes(total));
    Ok(())
}

/// Millions of bytes with one decimal.
fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}
