//! `--image-content-sources`: a YAML list of sources, each with its mirrors.

use anyhow::Result;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::cluster::ClusterFlags;
use crate::args::files;
use crate::failure::usage;

/// Most entries of either list; the API's.
const LIMIT: usize = 255;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    source: String,
    #[serde(default)]
    mirrors: Vec<String>,
}

/// `spec.imageContentSources` from the file.
pub fn image_content_sources(flags: &ClusterFlags) -> Result<Option<Value>> {
    const FLAG: &str = "--image-content-sources";
    let Some(path) = &flags.image_content_sources else { return Ok(None) };
    let refuse = |found: &str| {
        usage(format!(
            "{FLAG} {}: {found}; expected a YAML list such as\n- source: registry.example.com/hoist\n  mirrors:\n  - mirror.example.com/hoist",
            path.display()
        ))
    };
    let content = files::read_text(FLAG, path)?;
    let sources: Vec<Source> = serde_saphyr::from_str(&content)
        .map_err(|error| refuse(error.to_string().lines().next().unwrap_or_default()))?;
    if sources.is_empty() {
        return Err(refuse("it lists nothing"));
    }
    if sources.len() > LIMIT {
        return Err(refuse(&format!("it lists {} sources, at most {LIMIT} are allowed", sources.len())));
    }
    let mut list = Vec::with_capacity(sources.len());
    for Source { source, mirrors } in sources {
        if source.trim().is_empty() {
            return Err(refuse("a source is empty"));
        }
        if mirrors.len() > LIMIT {
            return Err(refuse(&format!("{source} has {} mirrors, at most {LIMIT} are allowed", mirrors.len())));
        }
        let mut entry = json!({"source": source});
        if !mirrors.is_empty() {
            entry["mirrors"] = mirrors.into();
        }
        list.push(entry);
    }
    Ok(Some(list.into()))
}
