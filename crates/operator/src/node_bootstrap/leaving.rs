//! A host's farewell: its pods are moved, its machine restores itself, its Node goes, and last the Host object.
//!
//! Draining asks, by eviction, and does not force: when the deadline is over the machine leaves with what is still on it, as it
//! would if it broke. Of a machine that is broken nobody waits for an answer: its pods count until their own grace periods are
//! over, and no longer.

use std::time::Duration;

use hoist_api::host::Stage;
use hoist_api::{Host, HostedControlPlane, NodePool, annotations};
use hoist_controller::ApiError;
use hoist_controller::lease::elapsed_since;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, DeleteParams};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};

use super::drain;
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
/// What was said longer ago no longer shows that a machine lives.
const RECENT: Duration = Duration::from_secs(30);

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
            drain::cordon(guest, &host.name_any()).await?;
            drain::evict(ctx, guest, &host.name_any()).await?.is_empty()
        }
        None => false,
    };
    let asked = asked_at(host).unwrap_or_else(|| ctx.clock.now());
    let waited = elapsed_since(asked, ctx.clock.now());
    Ok(is_empty || deadline(pool).is_some_and(|deadline| waited >= deadline))
}

/// What the pool says, or a minute: a person waits. `None` is for ever.
fn deadline(pool: Option<&NodePool>) -> Option<Duration> {
    match drain::timeout(pool) {
        Some(Duration::ZERO) => None,
        written => Some(written.unwrap_or(DRAIN)),
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
    let patience = patience(host, guest.and_then(|guest| guest.node(&name)).as_deref(), ctx.clock.now());
    if !has_left && waited < patience {
        if let Some(guest) = guest
            && waited < DRAIN
        {
            drain::cordon(guest, &name).await?;
            drain::evict(ctx, guest, &name).await?;
        }
        return Ok(Action::requeue(drain::LOOK_AGAIN));
    }
    if !has_left && !patience.is_zero() {
        let message = host.status.as_ref().and_then(|status| status.message.as_deref());
        let said = message.map(|message| format!("; it said: {message}")).unwrap_or_default();
        let note = format!(
            "the machine did not restore itself within {} s; if it ever runs again, run `hoist-node leave --force` on it{said}",
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
        None if owns_node => return Ok(Action::requeue(drain::LOOK_AGAIN)),
        None => {}
    }
    without_finalizer(ctx, api, host).await?;
    ctx.events.normal(&host.object_ref(&()), "HostLeft", "the host is out of the cluster").await;
    Ok(Action::await_change())
}

/// How long a machine is waited for.
fn patience(host: &Host, node: Option<&Node>, now: Timestamp) -> Duration {
    let was_let_in = owns_node(host) || host.status.as_ref().is_some_and(|status| status.bootstrap.is_some());
    if !was_let_in {
        // Nothing of ours runs there that could hear the order.
        return Duration::ZERO;
    }
    let is_silent = node.and_then(node_facts::ready_condition).is_some_and(|condition| condition.status == "Unknown");
    // One that cannot be restored has no kubelet any more, and says why with every try.
    let reported = host.status.as_ref().and_then(|status| status.last_report_time.as_ref());
    let is_heard = reported.is_some_and(|time| elapsed_since(time.0, now) < RECENT);
    if is_silent && !is_heard { RESTORE_SILENT } else { RESTORE }
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

    use super::*;

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
    fn a_machine_is_waited_for_as_long_as_it_may_still_hear() {
        let mut host = fixtures::host("worker-0");
        let now = fixtures::now();
        assert_eq!(patience(&host, None, now), Duration::ZERO, "it was never let in");
        host.status = Some(hoist_api::host::HostStatus { node: Some("worker-0".to_owned()), ..Default::default() });
        let mut node = fixtures::node("worker-0");
        assert_eq!(patience(&host, Some(&node), now), RESTORE);
        let conditions = node.status.as_mut().unwrap().conditions.as_mut().unwrap();
        conditions[0].status = "Unknown".to_owned();
        assert_eq!(patience(&host, Some(&node), now), RESTORE_SILENT);
        assert_eq!(patience(&host, None, now), RESTORE, "nobody knows how the Node is");
        let ago = |seconds| {
            k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now - jiff::SignedDuration::from_secs(seconds))
        };
        for (seconds, expected) in [(5, RESTORE), (60, RESTORE_SILENT)] {
            host.status.as_mut().unwrap().last_report_time = Some(ago(seconds));
            assert_eq!(patience(&host, Some(&node), now), expected, "it spoke {seconds} s ago");
        }
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
        host.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
            fixtures::now() - jiff::SignedDuration::from_secs(1),
        ));
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
