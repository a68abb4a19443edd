//! What a pool's release image is worth: read, complete, and near enough to the control plane's version.

use hoist_api::HostedCluster;
use hoist_api::conditions::{ALL_IS_WELL, NodePoolConditionType as Type, Reason};
use hoist_api::hosted_cluster::version::UpdateState;
use hoist_controller::conditions::{Status, Verdict};
use hoist_release::{Release, skew};

use super::Facts;

pub(super) fn verdicts(facts: &Facts<'_>) -> Vec<Verdict> {
    let payload = [Type::ValidGeneratedPayload, Type::ValidMachineConfig];
    let all = |status: Status, reason: &str, message: &str| -> Vec<Verdict> {
        std::iter::once(Type::ValidReleaseImage)
            .chain(payload)
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
    let version = cluster.and_then(|cluster| cluster.status.as_ref()?.control_plane_version.as_ref());
    let desired: Option<semver::Version> = version.and_then(|version| version.desired.version.parse().ok());
    // While a control plane is upgraded, the older of its parts still answer nodes.
    let running = version.and_then(|version| {
        let completed = version.history.iter().find(|entry| entry.state == UpdateState::Completed)?;
        completed.version.parse().ok()
    });
    let versions: Vec<semver::Version> = running.into_iter().chain(desired).collect();
    let checked = versions.iter().try_for_each(|version| skew::check_node_pool(version, &release.version));
    match (!versions.is_empty()).then_some(checked) {
        Some(Err(error)) => Verdict::new(type_, false, Reason::UnsupportedSkew, error.to_string()),
        Some(Ok(())) => Verdict::new(type_, true, Reason::AsExpected, "Release image version is valid"),
        None => {
            Verdict::new(type_, Status::Unknown, Reason::StatusUnknown, "the control plane's version is not known yet")
        }
    }
}
