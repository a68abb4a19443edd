//! Which platforms this version serves, and whether the management cluster has enough nodes.

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::platform::PlatformType;

use super::{Findings, Inputs, members};
use crate::Finding;

/// Platforms whose control planes this version serves. Hosts of Agent join as those of None do.
const SERVED: [PlatformType; 2] = [PlatformType::None, PlatformType::Agent];

pub(super) fn check(inputs: &Inputs<'_>, findings: &mut Findings) {
    let platform = inputs.spec.platform.type_;
    if !SERVED.contains(&platform) {
        let served: Vec<_> = SERVED.iter().map(ToString::to_string).collect();
        findings.refuse::<()>(Finding::refused(
            ConditionType::SupportedHostedCluster,
            Reason::UnsupportedHostedCluster,
            format!(
                "spec.platform.type {platform} is not served by this version of Hoist, which serves {}; create the cluster \
                 with one of them",
                served.join(", ")
            ),
        ));
    }
    nodes(inputs, findings);
}

/// Not refused: nodes may come later, and the pods wait for them.
fn nodes(inputs: &Inputs<'_>, findings: &mut Findings) {
    let needed = usize::from(members(inputs.spec));
    let present = &inputs.observed.management.schedulable_nodes;
    if present.len() >= needed {
        return;
    }
    let names = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    findings.notice(Finding {
        condition: ConditionType::Degraded,
        status: true,
        reason: Reason::InsufficientNodes,
        message: format!(
            "controllerAvailabilityPolicy {} needs {needed} schedulable nodes in the management cluster, which has {} \
             ({names}): {} missing; add them, or create the cluster with SingleReplica",
            inputs.spec.controller_availability_policy,
            present.len(),
            needed - present.len(),
        ),
    });
}
