//! A host's farewell: its pods are moved, its machine restores itself, its Node goes, and last the Host object.
//!
//! Draining asks, by eviction, and does not force: when the deadline is over the machine leaves with what is still on it, as it
//! would if it broke. Of a machine that is broken nobody waits for an answer: its pods count until their own grace periods are
//! over, and no longer.

use std::time::Duration;

use hoist_api::host::Stage;
use hoist_api::{Host, HostedControlPlane, NodePool, annotations};
use hoist_controller::lease::elapsed_since;
use hoist_controller::{ApiError, ObjectId};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, DeleteParams, EvictParams, ListParams};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::mirror;
use super::ownership::owns_node;
use crate::context::Context;
use crate::guest::Guest;
use crate::hosted_cluster::tear_down::without_finalizer;
use crate::node_facts;

/// How long pods may take to move when the NodePool does not say.
const DRAIN: Duration = Duration::from_secs(60);
/// How long a machine may take to restore itself after the order, before its Host is given up.
const RESTORE: Duration = Duration::from_secs(120);
/// How long it may take when not even its kubelet is heard: an agent that lives answers an order within a second.
const RESTORE_SILENT: Duration = Duration::from_secs(15);
/// How soon evictions that were refused are tried again.
pub const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Moves the pods of a host that a person wants removed; `true` when none is left, or when the deadline is over: the pool's
/// `nodeDrainTimeout`, where 0 means none.
pub async fn drain(
    ctx: &Context,
    host: &Host,
    pool: Option<&NodePool>,
    guest: Option<&Guest>,
) -> Result<bool, ApiError> {
    if !owns_node(host) {
        return Ok(true);
    }
    // Without a connection nobody knows what runs there: an operator that has just started, or an API that is away.
    let is_empty = match guest {
        Some(guest) => {
            cordon(guest, &host.name_any()).await?;
            evict(ctx, guest, &host.name_any()).await?
        }
        None => false,
    };
    let asked = asked_at(host).unwrap_or_else(|| ctx.clock.now());
    let waited = elapsed_since(asked, ctx.clock.now());
    Ok(is_empty || deadline(pool).is_some_and(|deadline| waited >= deadline))
}

/// `None` waits for ever. A text that is no duration counts as not written.
fn deadline(pool: Option<&NodePool>) -> Option<Duration> {
    let written = pool.and_then(|pool| pool.spec.node_drain_timeout.as_deref());
    let written: Option<SignedDuration> = written.and_then(|text| text.parse().ok());
    match written.map(Duration::try_from) {
        Some(Ok(Duration::ZERO)) => None,
        Some(Ok(duration)) => Some(duration),
        _ => Some(DRAIN),
    }
}

/// One step of the farewell of a Host that is being deleted.
pub async fn leave(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    control_plane: Option<&HostedControlPlane>,
    guest: Option<&Guest>,
) -> Result<Action, ApiError> {
    let name = host.name_any();
    let since = host.metadata.deletion_timestamp.as_ref().map_or(ctx.clock.now(), |time| time.0);
    let waited = elapsed_since(since, ctx.clock.now());
    let has_left = host.status.as_ref().and_then(|status| status.stage) == Some(Stage::Left);
    if control_plane.is_none() {
        // The whole cluster is going: its deletion decides how long silent hosts are waited for.
        if has_left {
            without_finalizer(ctx, api, host).await?;
        }
        return Ok(Action::await_change());
    }
    // A Node of the same name may be somebody else's.
    let owns_node = owns_node(host);
    let guest = guest.filter(|_| owns_node);
    let patience = patience(host, guest.and_then(|guest| guest.node(&name)).as_deref());
    if !has_left && waited < patience {
        if let Some(guest) = guest
            && waited < DRAIN
        {
            cordon(guest, &name).await?;
            evict(ctx, guest, &name).await?;
        }
        return Ok(Action::requeue(LOOK_AGAIN));
    }
    if !has_left && !patience.is_zero() {
        let note = format!(
            "the machine did not restore itself within {} s; if it ever runs again, run `hoist-node leave --force` on it",
            patience.as_secs()
        );
        ctx.events.warning(&host.object_ref(&()), "HostSilent", note).await;
    }
    match guest {
        Some(guest) => {
            let nodes: Api<Node> = Api::all(guest.client());
            guest.calls().delete(&nodes, &name, &DeleteParams::default()).await?;
        }
        // The Node must go, or it stays for ever: the connection is waited for.
        None if owns_node => return Ok(Action::requeue(LOOK_AGAIN)),
        None => {}
    }
    without_finalizer(ctx, api, host).await?;
    ctx.events.normal(&host.object_ref(&()), "HostLeft", "the host is out of the cluster").await;
    Ok(Action::await_change())
}

/// How long a machine is waited for.
fn patience(host: &Host, node: Option<&Node>) -> Duration {
    let was_let_in = owns_node(host) || host.status.as_ref().is_some_and(|status| status.bootstrap.is_some());
    if !was_let_in {
        // Nothing of ours runs there that could hear the order.
        return Duration::ZERO;
    }
    let is_silent = node.and_then(node_facts::ready_condition).is_some_and(|condition| condition.status == "Unknown");
    if is_silent { RESTORE_SILENT } else { RESTORE }
}

async fn cordon(guest: &Guest, name: &str) -> Result<(), ApiError> {
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

/// Asks every pod that can move to move; `true` when none is left.
async fn evict(ctx: &Context, guest: &Guest, node: &str) -> Result<bool, ApiError> {
    let is_ready = guest.node(node).is_none_or(|node| node_facts::is_ready(&node));
    let everywhere: Api<Pod> = Api::all(guest.client());
    let parameters = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let mut is_empty = true;
    for pod in guest.calls().list(&everywhere, &parameters).await?.iter().filter(|pod| can_move(pod)) {
        let namespace = pod.namespace().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(guest.client(), &namespace);
        if is_abandoned(pod, is_ready, ctx.clock.now()) {
            guest.calls().delete(&pods, &pod.name_any(), &DeleteParams::default().grace_period(0)).await?;
            continue;
        }
        is_empty = false;
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
    Ok(is_empty)
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

/// When a person asked for the removal, or the host said that it leaves. A value that is no time counts as long ago: whoever
/// wrote it wants the host gone.
fn asked_at(host: &Host) -> Option<Timestamp> {
    if let Some(value) = host.annotations().get(annotations::REMOVE_HOST) {
        return Some(value.parse().unwrap_or(Timestamp::UNIX_EPOCH));
    }
    let stages = &host.status.as_ref()?.stages;
    stages.iter().rev().find(|entered| entered.stage == Stage::Leaving).map(|entered| entered.time.0)
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
    fn the_pool_says_how_long_draining_may_take_and_zero_means_for_ever() {
        let pool = |text: Option<&str>| {
            let mut pool = fixtures::node_pool();
            pool.spec.node_drain_timeout = text.map(str::to_owned);
            pool
        };
        assert_eq!(deadline(Some(&pool(Some("5m")))), Some(Duration::from_secs(300)));
        assert_eq!(deadline(Some(&pool(Some("0s")))), None);
        assert_eq!(deadline(Some(&pool(None))), Some(DRAIN));
        assert_eq!(deadline(Some(&pool(Some("soon")))), Some(DRAIN));
    }

    #[test]
    fn a_host_that_says_it_leaves_is_as_unwanted_as_one_that_a_person_removes() {
        let time = k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(Timestamp::UNIX_EPOCH);
        let stages = vec![hoist_api::host::StageTime { stage: Stage::Leaving, time }];
        let mut host = Host::default();
        assert_eq!(asked_at(&host), None);
        host.status = Some(hoist_api::host::HostStatus { stages, ..Default::default() });
        assert_eq!(asked_at(&host), Some(Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn a_pod_on_a_dead_node_counts_until_its_grace_period_is_over() {
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
    fn a_machine_is_waited_for_as_long_as_it_may_still_hear() {
        let mut host = fixtures::host("worker-0");
        assert_eq!(patience(&host, None), Duration::ZERO, "it was never let in");
        host.status = Some(hoist_api::host::HostStatus { node: Some("worker-0".to_owned()), ..Default::default() });
        let mut node = fixtures::node("worker-0");
        assert_eq!(patience(&host, Some(&node)), RESTORE);
        let conditions = node.status.as_mut().unwrap().conditions.as_mut().unwrap();
        conditions[0].status = "Unknown".to_owned();
        assert_eq!(patience(&host, Some(&node)), RESTORE_SILENT);
        assert_eq!(patience(&host, None), RESTORE, "nobody knows how the Node is");
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

    #[tokio::test]
    async fn a_node_that_cannot_be_deleted_yet_is_not_forgotten() {
        use hoist_api::host::HostStatus;
        let fake = crate::fixtures::fake().with(&fixtures::hosted_cluster());
        let ctx = crate::fixtures::context(&fake);
        crate::hosted_cluster::reconcile(std::sync::Arc::new(fake.get("clusters", "demo")), ctx.clone()).await.unwrap();
        let control_plane: HostedControlPlane = fake.get("clusters-demo", "demo");
        let mut host = fixtures::host("worker-0");
        host.metadata.finalizers = Some(vec![hoist_api::FINALIZER.to_owned()]);
        host.metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(fixtures::now() - SignedDuration::from_secs(1)));
        let node = Some("worker-0".to_owned());
        host.status = Some(HostStatus { stage: Some(Stage::Left), node, ..HostStatus::default() });
        fake.put(&host);
        let api: Api<Host> = Api::namespaced(fake.client(), "clusters-demo");
        leave(&ctx, &api, &host, Some(&control_plane), None).await.unwrap();
        assert!(fake.find::<Host>(Some("clusters-demo"), "worker-0").is_some(), "its Node would stay for ever");
        assert!(!drain(&ctx, &host, None, None).await.unwrap(), "nobody knows what runs there");

        // A host that never had a Node has none to wait for.
        host.status = Some(HostStatus { stage: Some(Stage::Left), ..HostStatus::default() });
        fake.put(&host);
        leave(&ctx, &api, &host, Some(&control_plane), None).await.unwrap();
        assert!(fake.find::<Host>(Some("clusters-demo"), "worker-0").is_none());
    }
}
