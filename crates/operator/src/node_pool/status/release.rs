//! What a pool's release image is worth: read, complete, and near enough to the control plane's version.

use hoist_api::HostedCluster;
use hoist_api::conditions::{ALL_IS_WELL, NodePoolConditionType as Type, Reason};
use hoist_controller::conditions::{Status, Verdict};
use hoist_release::{Release, skew};

use super::Facts;

pub(super) fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    let all = |status: Status, reason: &str, message: &str| -> Vec<Verdict> {
        [Type::ValidReleaseImage, Type::ValidGeneratedPayload]
            .into_iter()
            .map(|type_| Verdict::new(type_, status, reason, message))
            .collect()
    };
    match &facts.release {
        None => all(Status::Unknown, Reason::StatusUnknown.as_ref(), "waiting for the cluster's pull secret"),
        Some(Err(failure)) => all(Status::False, &failure.reason, &failure.message),
        Some(Ok(release)) => {
            let mut verdicts = all(Status::True, Reason::AsExpected.as_ref(), ALL_IS_WELL);
            verdicts[0].message = format!("Using release image: {}", release.reference);
            verdicts.push(skew_verdict(facts.cluster, release));
            verdicts
        }
    }
}

fn skew_verdict(cluster: Option<&HostedCluster>, release: &Release) -> Verdict {
    let type_ = Type::SupportedVersionSkew;
    let status = cluster.and_then(|cluster| cluster.status.as_ref());
    let control_plane =
        status.and_then(|status| status.control_plane_version.as_ref()).map(|version| &version.desired.version);
    let control_plane: Option<semver::Version> = control_plane.and_then(|version| version.parse().ok());
    match control_plane.map(|version| skew::check_node_pool(&version, &release.version)) {
        Some(Err(error)) => Verdict::new(type_, false, Reason::UnsupportedSkew, error.to_string()),
        Some(Ok(())) => Verdict::new(type_, true, Reason::AsExpected, "Release image version is valid"),
        None => {
            Verdict::new(type_, Status::Unknown, Reason::StatusUnknown, "the control plane's version is not known yet")
        }
    }
}
