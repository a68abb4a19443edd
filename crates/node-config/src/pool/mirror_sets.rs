//! ImageDigestMirrorSet, ImageTagMirrorSet and ImageContentSourcePolicy.

use hoist_release::{Location, Mirror};
use serde_json::Value;

use super::PoolConfiguration;
use super::documents::{Document, Faults};
use crate::RegistryMirror;

pub(super) fn read(document: &Document, configuration: &mut PoolConfiguration, faults: &mut Faults<'_>) {
    let list = match document.kind.as_str() {
        "ImageDigestMirrorSet" => "imageDigestMirrors",
        "ImageTagMirrorSet" => "imageTagMirrors",
        _ => "repositoryDigestMirrors",
    };
    let Some(spec) = document.spec(faults) else { return };
    for unknown in spec.keys().filter(|key| *key != list) {
        faults.add(format!("spec.{unknown} is not known: expected spec.{list}"));
    }
    let Some(entries) = spec.get(list).and_then(Value::as_array) else {
        faults.add(format!("spec.{list} is no list: expected entries with source and mirrors"));
        return;
    };
    for (index, entry) in entries.iter().enumerate() {
        let place = format!("spec.{list}[{index}]");
        configuration.mirrors.extend(of_source(entry, &place, document.kind == "ImageTagMirrorSet", faults));
    }
}

fn of_source(entry: &Value, place: &str, resolves_tags: bool, faults: &mut Faults<'_>) -> Vec<RegistryMirror> {
    for unknown in entry.as_object().into_iter().flat_map(|entry| entry.keys()) {
        if !["source", "mirrors", "mirrorSourcePolicy"].contains(&unknown.as_str()) {
            faults.add(format!("{place}.{unknown} is not known: expected source, mirrors and mirrorSourcePolicy"));
        }
    }
    let Some(source) = entry.get("source").and_then(Value::as_str) else {
        faults.add(format!("{place} has no source: name a repository, host[:port][/path]"));
        return Vec::new();
    };
    let replaces_source = match entry.get("mirrorSourcePolicy").and_then(Value::as_str).unwrap_or_default() {
        "" | "AllowContactingSource" => false,
        "NeverContactSource" => true,
        other => {
            faults.add(format!(
                "{place}.mirrorSourcePolicy is {other:?}: expected AllowContactingSource or NeverContactSource"
            ));
            false
        }
    };
    if replaces_source && Location::parse(source).is_ok_and(|location| !location.path.is_empty()) {
        faults.add(format!(
            "{place}.mirrorSourcePolicy NeverContactSource is only served for a whole host, and {source:?} is a part of one: \
             containerd knows mirrors of hosts only; name the host as source, or allow contacting it"
        ));
    }
    let mirrors = entry.get("mirrors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    for mirror in mirrors {
        let Some(mirror) = mirror.as_str() else {
            faults.add(format!("{place}.mirrors has something else than text: expected host[:port][/path]"));
            continue;
        };
        match Mirror::of(source, mirror) {
            Ok(Mirror { source_host: source, host, prefix }) => {
                found.push(RegistryMirror { source, host, prefix, resolves_tags, replaces_source });
            }
            Err(error) => faults.add(format!("{place}: {error}")),
        }
    }
    found
}
