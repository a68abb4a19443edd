//! Whether a NodePool's release and architecture go with its cluster, as far as that is known without a registry.

use anyhow::{Context as _, Result, bail};
use hoist_api::HostedCluster;
use hoist_release::ImageReference;
use hoist_release::skew::check_node_pool;
use kube::ResourceExt as _;
use semver::Version;

use crate::commands::version::supported::SupportedVersions;

/// Refuses an architecture that the cluster's release does not hold.
pub fn check_architecture(cluster: &HostedCluster, wanted: &str) -> Result<()> {
    let held = cluster.status.as_ref().and_then(|status| status.payload_arch.as_ref());
    let Some(held) = held.map(serde_json::to_value).transpose()? else { return Ok(()) };
    let held = held.as_str().unwrap_or_default();
    if held.is_empty() || held.eq_ignore_ascii_case("Multi") || held.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    bail!(
        "--arch {wanted}: NodePool's CPU arch {wanted} is not supported by HostedCluster {}, whose release is of payload type {held}; expected {}",
        cluster.name_any(),
        held.to_lowercase()
    )
}

/// Refuses a release that is newer than the cluster, or too old for it. One whose version nobody knows is left to the operator.
pub fn check_skew(cluster: &HostedCluster, image: &str, supported: Option<&SupportedVersions>) -> Result<()> {
    let (Some(hosted), Some(nodes)) = (version_of_cluster(cluster), version_of_image(image, supported)) else {
        return Ok(());
    };
    check_node_pool(&hosted, &nodes).with_context(|| {
        format!("--release-image {image} does not go with HostedCluster {} of version {hosted}", cluster.name_any())
    })
}

/// The newest version that the cluster completed, or the one that it is going to.
fn version_of_cluster(cluster: &HostedCluster) -> Option<Version> {
    let version = cluster.status.as_ref()?.version.as_ref()?;
    let completed = version.history.iter().find(|entry| entry.completion_time.is_some()).map(|entry| &entry.version);
    completed.into_iter().chain([&version.desired.version]).find_map(|version| version.parse().ok())
}

/// The version that the operator knows an image by, or that its tag says.
fn version_of_image(image: &str, supported: Option<&SupportedVersions>) -> Option<Version> {
    let listed = supported.and_then(|supported| supported.releases().iter().find(|(_, known)| *known == image));
    match listed {
        Some((version, _)) => Some(version.clone()),
        None => image.parse::<ImageReference>().ok()?.tag()?.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn cluster() -> HostedCluster {
        let mut cluster = fixtures::hosted_cluster();
        cluster.status = serde_json::from_value(json!({
            "payloadArch": "AMD64",
            "version": {"desired": {"image": "r", "version": "1.36.3"}, "history": [
                {"state": "Completed", "startedTime": "2026-01-01T00:00:00Z", "completionTime": "2026-01-01T00:01:00Z", "version": "1.36.3", "image": "r"},
            ]},
        }))
        .unwrap();
        cluster
    }

    #[rstest]
    #[case("r.example.com/hoist/release:1.36.3", true)]
    #[case("r.example.com/hoist/release:1.33.0", true)]
    #[case("r.example.com/hoist/release:1.32.9", false)]
    #[case("r.example.com/hoist/release:1.36.4", false)]
    #[case("r.example.com/hoist/release:latest", true)]
    fn nodes_are_at_most_three_minors_older_and_never_newer(#[case] image: &str, #[case] fine: bool) {
        assert_eq!(check_skew(&cluster(), image, None).is_ok(), fine);
    }

    #[rstest]
    #[case("amd64", true)]
    #[case("arm64", false)]
    fn the_architecture_is_the_releases(#[case] arch: &str, #[case] fine: bool) {
        assert_eq!(check_architecture(&cluster(), arch).is_ok(), fine);
    }
}
