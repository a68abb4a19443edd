//! Moving the pods of a node: it is cordoned, and its pods are asked to go, never forced.

use std::time::Duration;

use hoist_api::NodePool;
use hoist_controller::{ApiError, ObjectId};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, EvictParams, ListParams};
use serde_json::json;

use super::mirror;
use crate::context::Context;
use crate::guest::Guest;
use crate::node_facts;

/// How soon evictions that were refused are tried again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// `nodeDrainTimeout` of the pool, where zero means for ever. A text that is no duration counts as not written.
pub fn timeout(pool: Option<&NodePool>) -> Option<Duration> {
    let written = pool.and_then(|pool| pool.spec.node_drain_timeout.as_deref());
    written.and_then(hoist_api::duration::parse)
}

/// Keeps new pods away.
pub async fn cordon(guest: &Guest, name: &str) -> Result<(), ApiError> {
    let Some(node) = guest.node(name) else { return Ok(()) };
    if mirror::is_cordoned(&node) {
        return Ok(());
    }
    let nodes: Api<Node> = Api::all(guest.client());
    match guest.calls().merge(&nodes, name, &json!({"spec": {"unschedulable": true}})).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Lets pods come again.
pub async fn uncordon(guest: &Guest, name: &str) -> Result<(), ApiError> {
    let Some(node) = guest.node(name).filter(|node| mirror::is_cordoned(node)) else { return Ok(()) };
    let nodes: Api<Node> = Api::all(guest.client());
    match guest.calls().merge(&nodes, &node.name_any(), &json!({"spec": {"unschedulable": null}})).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Asks every pod that can move to move. Returns those that are still there, `namespace/name`, sorted.
pub async fn evict(ctx: &Context, guest: &Guest, node: &str) -> Result<Vec<String>, ApiError> {
    let is_ready = guest.node(node).is_none_or(|node| node_facts::is_ready(&node));
    let everywhere: Api<Pod> = Api::all(guest.client());
    let parameters = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let mut left = Vec::new();
    for pod in guest.calls().list(&everywhere, &parameters).await?.iter().filter(|pod| can_move(pod)) {
        let namespace = pod.namespace().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(guest.client(), &namespace);
        if is_abandoned(pod, is_ready, ctx.clock.now()) {
            guest.calls().delete(&pods, &pod.name_any(), &DeleteParams::default().grace_period(0)).await?;
            continue;
        }
        left.push(format!("{namespace}/{}", pod.name_any()));
        if pod.metadata.deletion_timestamp.is_some() {
            continue;
        }
        let id = ObjectId::namespaced("Pod", &namespace, pod.name_any());
        let name = pod.name_any();
        match guest.calls().run("evict", id, pods.evict(&name, &EvictParams::default())).await {
            Ok(_) => {}
            // A disruption budget says "not now".
            Err(error) if error.status() == Some(429) || error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    left.sort();
    Ok(left)
}

/// Whether nobody is there to end a pod that should have ended: its time is over, and its node is not well.
fn is_abandoned(pod: &Pod, node_is_ready: bool, now: Timestamp) -> bool {
    // The API server writes the end of the grace period there, not the moment of the request.
    !node_is_ready && pod.metadata.deletion_timestamp.as_ref().is_some_and(|end| end.0 <= now)
}

/// Pods of DaemonSets and static pods come back at once, finished ones need nothing. One that ends because it was evicted is
/// finished a moment before kubelet says that it is gone, and stays for minutes when kubelet goes first.
fn can_move(pod: &Pod) -> bool {
    let is_daemon = pod.owner_references().iter().any(|owner| owner.kind == "DaemonSet" || owner.kind == "Node");
    let is_static = pod.annotations().contains_key("kubernetes.io/config.mirror");
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let is_going = pod.metadata.deletion_timestamp.is_some();
    !is_daemon && !is_static && (is_going || !matches!(phase, Some("Succeeded" | "Failed")))
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use k8s_openapi::api::core::v1::PodStatus;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    use super::*;

    fn pod(owner: &str, phase: &str) -> Pod {
        let mut metadata = fixtures::metadata("default", "web");
        metadata.owner_references = Some(vec![OwnerReference { kind: owner.to_owned(), ..OwnerReference::default() }]);
        let status = PodStatus { phase: Some(phase.to_owned()), ..PodStatus::default() };
        Pod { metadata, status: Some(status), ..Pod::default() }
    }

    #[test]
    fn a_pod_on_a_dead_node_counts_until_its_grace_period_is_over() {
        use jiff::SignedDuration;
        use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

        let now = fixtures::now();
        let ending = |seconds: i64| {
            let mut pod = pod("ReplicaSet", "Running");
            pod.metadata.deletion_timestamp = Some(Time(now + SignedDuration::from_secs(seconds)));
            pod
        };
        assert!(is_abandoned(&ending(-1), false, now));
        assert!(!is_abandoned(&ending(20), false, now), "it was promised 20 s more");
        assert!(!is_abandoned(&ending(-1), true, now), "its kubelet is at it");
        assert!(!is_abandoned(&pod("ReplicaSet", "Running"), false, now), "nobody asked it to end");
    }

    #[test]
    fn pods_of_daemon_sets_and_finished_pods_are_left_where_they_are() {
        assert!(can_move(&pod("ReplicaSet", "Running")));
        assert!(!can_move(&pod("DaemonSet", "Running")));
        assert!(!can_move(&pod("Job", "Succeeded")));
    }

    #[test]
    fn an_evicted_pod_is_waited_for_until_it_is_gone() {
        let mut evicted = pod("ReplicaSet", "Failed");
        assert!(!can_move(&evicted));
        evicted.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH));
        assert!(can_move(&evicted));
    }
}
