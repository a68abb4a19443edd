//! Deployments.

use hoist_plan::Plan;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{REVISION_HISTORY, selector, template};
use crate::ComponentName;
use crate::files::{Contents, Source};
use crate::pod::Pod;

/// A rollout that has not moved for this long is reported by the Deployment itself.
const PROGRESS_DEADLINE: i32 = 600;

/// The Deployment of `pod`.
pub fn deployment(plan: &Plan, pod: &Pod, source: &Source, contents: &Contents) -> Deployment {
    Deployment {
        metadata: plan.identity.metadata(pod.component.as_ref()),
        spec: Some(DeploymentSpec {
            replicas: Some(pod.component.replicas(plan).into()),
            revision_history_limit: Some(REVISION_HISTORY),
            progress_deadline_seconds: Some(PROGRESS_DEADLINE),
            selector: LabelSelector { match_labels: Some(selector(pod.component)), ..LabelSelector::default() },
            strategy: Some(strategy(plan, pod.component)),
            template: template::template(plan, pod, source, contents),
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

/// Source: HyperShift: surge with two replicas, replace one by one with three. On nodes of its own there is room for no third.
fn strategy(plan: &Plan, component: ComponentName) -> DeploymentStrategy {
    let rolling = |max_surge: i32, max_unavailable: i32| DeploymentStrategy {
        type_: Some("RollingUpdate".to_owned()),
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(max_surge)),
            max_unavailable: Some(IntOrString::Int(max_unavailable)),
        }),
    };
    match (component, component.replicas(plan)) {
        // Alone they elect no leader, so there must never be two.
        (ComponentName::KubeControllerManager | ComponentName::KubeScheduler, 1) => {
            DeploymentStrategy { type_: Some("Recreate".to_owned()), rolling_update: None }
        }
        (component, 2) if component.serves_requests() => rolling(1, 1),
        (_, 1 | 2) => rolling(1, 0),
        _ => rolling(0, 1),
    }
}
