//! What the installation offers: the ConfigMap `supported-versions` in the operator's namespace.

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::version::DesiredRelease;
use hoist_release::skew;
use k8s_openapi::api::core::v1::ConfigMap;
use semver::Version;

/// Minor versions, such as `1.36`; empty when it does not say.
pub fn minors(config_map: &ConfigMap) -> Vec<String> {
    let text = config_map.data.as_ref().and_then(|data| data.get("supported-versions"));
    let listed: Option<serde_json::Value> = text.and_then(|text| serde_json::from_str(text).ok());
    let versions = listed.as_ref().and_then(|listed| listed["versions"].as_array());
    versions.into_iter().flatten().filter_map(|version| version.as_str().map(str::to_owned)).collect()
}

/// Releases that a cluster at version `from` may be upgraded to in one step, newest first; `None` when it lists no releases.
pub fn updates(config_map: Option<&ConfigMap>, from: &Version) -> Option<Vec<DesiredRelease>> {
    let text = config_map?.data.as_ref()?.get("releases")?;
    let listed: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
    let mut reachable: Vec<(Version, String)> = listed
        .into_iter()
        .filter_map(|(version, image)| Some((version.parse::<Version>().ok()?, image)))
        .filter(|(version, _)| {
            version > from && skew::check_supported(version).and(skew::check_upgrade(from, version)).is_ok()
        })
        .collect();
    reachable.sort_by(|one, other| other.0.cmp(&one.0));
    Some(
        reachable
            .into_iter()
            .map(|(version, image)| DesiredRelease { image, version: version.to_string(), ..DesiredRelease::default() })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_map(releases: &str) -> ConfigMap {
        ConfigMap { data: Some([("releases".to_owned(), releases.to_owned())].into()), ..ConfigMap::default() }
    }

    #[test]
    fn updates_are_newer_and_one_step_away() {
        let map = config_map(r#"{"1.35.4":"r:a","1.35.9":"r:b","1.36.3":"r:c","1.34.1":"r:d","1.37.0":"r:e"}"#);
        let updates = |from: &str| -> Vec<String> {
            let updates = updates(Some(&map), &from.parse().unwrap()).unwrap();
            updates.into_iter().map(|release| format!("{} {}", release.version, release.image)).collect()
        };
        assert_eq!(updates("1.35.4"), ["1.36.3 r:c", "1.35.9 r:b"]);
        assert_eq!(updates("1.36.3"), Vec::<String>::new());
    }

    #[test]
    fn an_installation_that_lists_nothing_says_nothing() {
        let from = "1.36.3".parse().unwrap();
        assert_eq!(updates(None, &from), None);
        assert_eq!(updates(Some(&config_map("no list")), &from), None);
    }
}
