//! What wraps pods: how many there are, where they run, how they are replaced.

pub mod deployment;
mod placement;
pub mod static_pod;
pub(crate) mod template;

use std::collections::BTreeMap;

use hoist_api::labels;
use hoist_plan::Plan;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::ComponentName;

/// Old ReplicaSets and ControllerRevisions that are kept. HyperShift's.
pub(crate) const REVISION_HISTORY: i32 = 2;

impl ComponentName {
    /// Number of pods. Source: HyperShift: 1, or 3 for what serves requests and 2 for the rest; 2 on nodes of its own.
    pub fn replicas(self, plan: &Plan) -> u8 {
        match self {
            Self::Etcd => plan.etcd.replicas,
            _ if !plan.is_highly_available() => 1,
            Self::KubeApiServer if plan.scheduling.request_serving_nodes.is_some() => 2,
            Self::KubeApiServer => 3,
            Self::KubeControllerManager | Self::KubeScheduler => 2,
        }
    }
}

/// Labels that select the pods of `component`. They can never change: workloads keep their selectors for life.
pub fn selector(component: ComponentName) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app".to_owned(), component.to_string()),
        (labels::CONTROL_PLANE_COMPONENT.to_owned(), component.to_string()),
    ])
}

/// Keeps voluntary evictions from taking more than the component bears; nothing where there is only one pod, because it would
/// block every drain.
pub fn disruption_budget(plan: &Plan, component: ComponentName) -> Option<PodDisruptionBudget> {
    let replicas = component.replicas(plan);
    (replicas > 1).then(|| PodDisruptionBudget {
        metadata: plan.identity.metadata(component.as_ref()),
        spec: Some(PodDisruptionBudgetSpec {
            // etcd loses its quorum with a second member.
            max_unavailable: Some(IntOrString::Int(1)),
            selector: Some(LabelSelector { match_labels: Some(selector(component)), ..LabelSelector::default() }),
            ..PodDisruptionBudgetSpec::default()
        }),
        ..PodDisruptionBudget::default()
    })
}
