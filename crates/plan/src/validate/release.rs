//! The release: readable, known to this version of Hoist, complete, and reachable from what runs.

use hoist_api::annotations::SKIP_RELEASE_IMAGE_VALIDATION;
use hoist_api::conditions::{ConditionType, Reason};
use hoist_release::{Release, component, skew};

use super::{Findings, Inputs};
use crate::{Finding, Images};

pub(super) fn release(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<(Release, Images)> {
    let refused = |message: String| Finding::refused(ConditionType::ValidReleaseImage, Reason::InvalidImage, message);
    let release = match &inputs.observed.release {
        Ok(release) => release,
        Err(problem) => return findings.refuse(refused(problem.message.clone())),
    };
    let missing = release.missing(&component::REQUIRED);
    if !missing.is_empty() {
        return findings.refuse(refused(format!(
            "release image {} lacks the components {}; choose an image from the supported-versions ConfigMap",
            release.reference,
            missing.join(", ")
        )));
    }
    if !inputs.annotations.contains_key(SKIP_RELEASE_IMAGE_VALIDATION) {
        let checked = skew::check_supported(&release.version).and_then(|()| match &inputs.observed.running_version {
            Some(running) => skew::check_upgrade(running, &release.version),
            None => Ok(()),
        });
        if let Err(error) = checked {
            return findings.refuse(refused(format!("release image {}: {error}", release.reference)));
        }
    }
    match Images::of(release) {
        Ok(mut images) => {
            super::annotations::images(inputs, findings, &mut images);
            Some((release.clone(), images))
        }
        Err(error) => findings.refuse(refused(error.to_string())),
    }
}
