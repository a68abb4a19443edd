//! The ConfigMap `supported-versions`: HyperShift's name, label and keys, and the release images beside them.

use std::collections::{BTreeMap, BTreeSet};

use hoist_api::labels;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use crate::{SUPPORTED_VERSIONS, Settings, metadata};

/// Key `supported-versions` has the minor versions, newest first; `releases` the images by version; `server-version` ours.
pub fn supported_versions(settings: &Settings) -> ConfigMap {
    let minors: BTreeSet<(u64, u64)> = settings.releases.keys().map(|version| (version.major, version.minor)).collect();
    let minors: Vec<String> = minors.iter().rev().map(|(major, minor)| format!("{major}.{minor}")).collect();
    let releases: BTreeMap<String, &String> =
        settings.releases.iter().map(|(version, image)| (version.to_string(), image)).collect();
    let mut metadata = metadata(settings, SUPPORTED_VERSIONS);
    metadata.labels.get_or_insert_default().insert(labels::SUPPORTED_VERSIONS.to_owned(), "true".to_owned());
    ConfigMap {
        metadata,
        data: Some(BTreeMap::from([
            ("supported-versions".to_owned(), json!({"versions": minors}).to_string()),
            ("releases".to_owned(), json!(releases).to_string()),
            ("server-version".to_owned(), settings.version.clone()),
        ])),
        ..ConfigMap::default()
    }
}
