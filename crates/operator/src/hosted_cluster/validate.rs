//! Validation of a HostedCluster: `hoist-plan` judges the spec of the control plane that is about to be written, and this
//! installation's own list of versions.

use hoist_api::HostedCluster;
use hoist_api::annotations::SKIP_RELEASE_IMAGE_VALIDATION;
use hoist_api::conditions::{ConditionType, Reason};
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
    if let Some(finding) = unsupported(hosted_cluster, observed) {
        match &mut result {
            Ok(_) => return Err(vec![finding]),
            Err(findings) => findings.push(finding),
        }
    }
    result
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
