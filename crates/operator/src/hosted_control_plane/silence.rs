//! An API server that was away must not cost the nodes that nobody could hear meanwhile.
//!
//! kube-controller-manager counts for how long it has heard nothing of a node. One of several ends when it cannot renew its lease,
//! and whoever comes next counts anew. A single one goes on counting, and takes every node for lost the moment its API is back:
//! until their kubelets are heard, Services lead to none of the cluster's pods. So it is ended while the API is away. Pure.

use std::time::Duration;

use hoist_api::conditions::ConditionType;
use hoist_api::labels;
use hoist_control_plane::ComponentName;
use hoist_controller::conditions::find;
use hoist_controller::lease::elapsed_since;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

/// Nodes count as lost after 50 s. The condition is told some 15 s after the API stopped answering, and a node may have been heard
/// last 10 s before that.
const LONGEST: Duration = Duration::from_secs(20);

/// What follows from a silence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Silence {
    /// Pods to be ended.
    pub end: Vec<String>,
    /// How soon to look again.
    pub next: Option<Duration>,
}

/// Judges the pods of a control plane whose kube-controller-manager elects no leader.
pub fn judge(conditions: &[Condition], pods: &[Pod], now: Timestamp) -> Silence {
    let said = find(conditions, ConditionType::KubeAPIServerAvailable.as_ref());
    let Some(since) = said.filter(|said| said.status == "False").map(|said| said.last_transition_time.0) else {
        return Silence::default();
    };
    let older: Vec<String> = pods
        .iter()
        .filter(|pod| {
            pod.labels().get(labels::CONTROL_PLANE_COMPONENT).map(String::as_str)
                == Some(ComponentName::KubeControllerManager.as_ref())
        })
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .filter(|pod| pod.creation_timestamp().is_some_and(|created| created.0 < since))
        .map(ResourceExt::name_any)
        .collect();
    if older.is_empty() {
        return Silence::default();
    }
    match LONGEST.checked_sub(elapsed_since(since, now)).filter(|left| !left.is_zero()) {
        Some(left) => Silence { end: Vec::new(), next: Some(left) },
        None => Silence { end: older, next: None },
    }
}

#[cfg(test)]
mod tests {
    use hoist_controller::conditions::{Verdict, merge};
    use hoist_testkit::fixtures;
    use jiff::SignedDuration;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn conditions(is_available: bool, seconds_ago: i64) -> Vec<Condition> {
        let verdict = Verdict::new(ConditionType::KubeAPIServerAvailable, is_available, "AsExpected", "");
        merge(&[], &[verdict], None, fixtures::now() - SignedDuration::from_secs(seconds_ago))
    }

    fn pod(component: ComponentName, seconds_ago: i64) -> Pod {
        let mut metadata = fixtures::metadata("clusters-demo", component.as_ref());
        metadata.labels = Some([(labels::CONTROL_PLANE_COMPONENT.to_owned(), component.to_string())].into());
        metadata.creation_timestamp = Some(Time(fixtures::now() - SignedDuration::from_secs(seconds_ago)));
        Pod { metadata, ..Pod::default() }
    }

    #[test]
    fn one_that_has_counted_a_long_silence_is_ended() {
        let pods = [pod(ComponentName::KubeControllerManager, 600), pod(ComponentName::KubeScheduler, 600)];
        let judged = |seconds_ago| judge(&conditions(false, seconds_ago), &pods, fixtures::now());
        assert_eq!(judged(20), Silence { end: vec!["kube-controller-manager".to_owned()], next: None });
        assert_eq!(judged(15), Silence { end: Vec::new(), next: Some(Duration::from_secs(5)) });
    }

    #[test]
    fn one_that_came_during_the_silence_has_counted_nothing() {
        let pods = [pod(ComponentName::KubeControllerManager, 50)];
        assert_eq!(judge(&conditions(false, 60), &pods, fixtures::now()), Silence::default());
    }

    #[test]
    fn an_api_server_that_answers_is_no_silence() {
        let pods = [pod(ComponentName::KubeControllerManager, 600)];
        assert_eq!(judge(&conditions(true, 60), &pods, fixtures::now()), Silence::default());
    }
}
