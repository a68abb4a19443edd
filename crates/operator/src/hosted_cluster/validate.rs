//! Validation of a HostedCluster: `hoist-plan` judges the spec of the control plane that is about to be written, and this
//! installation's own list of versions.

use hoist_api::HostedCluster;
use hoist_api::annotations::{FORCE_UPGRADE_TO, SKIP_RELEASE_IMAGE_VALIDATION};
use hoist_api::conditions::{ConditionType, Reason};
use hoist_controller::conditions::find;
use hoist_plan::validate::Inputs;
use hoist_plan::{Checked, Finding};
use kube::ResourceExt;

use super::build;
use super::observe::{Observed, control_plane_image};

/// A plan, or every reason why not, in words that name the user's own objects.
pub fn validate(hosted_cluster: &HostedCluster, observed: &Observed) -> Result<Checked, Vec<Finding>> {
    let identity = build::identity(hosted_cluster);
    // With the user's own names, so that messages speak of objects that the user knows.
    let spec = build::control_plane_spec(hosted_cluster, build::Names::Original);
    let mut result = hoist_plan::validate(&Inputs {
        identity: &identity,
        spec: &spec,
        annotations: hosted_cluster.annotations(),
        observed: &observed.facts,
    });
    let more = [unsupported(hosted_cluster, observed), not_upgradeable(hosted_cluster, observed)];
    for finding in more.into_iter().flatten() {
        match &mut result {
            Ok(_) => result = Err(vec![finding]),
            Err(findings) => findings.push(finding),
        }
    }
    result
}

/// An upgrade to another minor version of a cluster that says it is not upgradeable. As HyperShift: not within a minor version,
/// not when the control plane goes ahead by itself, and not when somebody insists.
fn not_upgradeable(hosted_cluster: &HostedCluster, observed: &Observed) -> Option<Finding> {
    let spec = &hosted_cluster.spec;
    let status = hosted_cluster.status.as_ref()?;
    let newest = status.version.as_ref()?.history.first()?;
    let insists = hosted_cluster.annotations().get(FORCE_UPGRADE_TO) == Some(&spec.release.image);
    if newest.image == spec.release.image || spec.control_plane_release.is_some() || insists {
        return None;
    }
    let (wanted, running) = (&observed.facts.release.as_ref().ok()?.version, observed.facts.running_version.as_ref()?);
    let is_same_minor = (wanted.major, wanted.minor) == (running.major, running.minor);
    let said = find(&status.conditions, ConditionType::ClusterVersionUpgradeable)?;
    if is_same_minor || said.status != "False" {
        return None;
    }
    Some(Finding::refused(
        ConditionType::ClusterVersionUpgradeable,
        Reason::InvalidReleaseImage,
        format!(
            "the cluster is not upgraded from {running} to {wanted}: {}; to do so nevertheless, set the annotation {FORCE_UPGRADE_TO}={}",
            said.message, spec.release.image
        ),
    ))
}

/// A version that this installation does not offer may lack images or tests; whoever knows better says so by annotation.
fn unsupported(hosted_cluster: &HostedCluster, observed: &Observed) -> Option<Finding> {
    let release = observed.facts.release.as_ref().ok()?;
    let minor = format!("{}.{}", release.version.major, release.version.minor);
    let is_skipped = hosted_cluster.annotations().contains_key(SKIP_RELEASE_IMAGE_VALIDATION);
    if is_skipped || observed.supported.is_empty() || observed.supported.contains(&minor) {
        return None;
    }
    Some(Finding::refused(
        ConditionType::ValidReleaseImage,
        Reason::InvalidImage,
        format!(
            "release image {} is of version {}, and this installation supports {}; choose one of those (`hcp version` lists them), or set the annotation {SKIP_RELEASE_IMAGE_VALIDATION}",
            control_plane_image(hosted_cluster),
            release.version,
            observed.supported.join(", ")
        ),
    ))
}
