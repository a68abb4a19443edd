//! The update of one host: its pods are moved, its machine is told to change, its Node takes pods again.
//!
//! Who is updated when is the NodePool's matter, see [`crate::node_pool::rollout`]. How far an update is lies in the Host, so an
//! operator that was killed goes on where it was; and each step may be done twice.

use std::time::Duration;

use hoist_api::host::{HostStatus, HostUpdate, UpdatePhase};
use hoist_api::{Host, NodePool};
use hoist_controller::ApiError;
use hoist_controller::lease::elapsed_since;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Api, DeleteParams};
use kube::{Resource, ResourceExt};
use serde_json::{Value, json};

use super::drain;
use crate::context::Context;
use crate::guest::Guest;
use crate::node_facts::{is_ready, kubelet_version};

/// How long a machine may take from the order to the end. It has limits of its own, all shorter, so one that needs longer does
/// not run, or does not reach us.
const SILENT: Duration = Duration::from_secs(20 * 60);
/// Most pods that are named.
const NAMED: usize = 5;

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It runs what it shall.
    Finish,
    /// Its pods are moved.
    Drain,
    /// It failed, and works as before: pods may come again.
    Restore,
    /// It was to be repaired, and is well.
    Forget,
    /// Nobody heard of it for too long.
    GiveUp,
    /// Somebody else's turn.
    Wait,
}

fn next(status: &HostStatus, update: &HostUpdate, node: Option<&Node>, now: Timestamp) -> Step {
    let is_well = node.is_some_and(is_ready);
    if update.is_done(status) && is_well && node.and_then(kubelet_version).as_ref() == Some(&update.version) {
        return Step::Finish;
    }
    match update.phase {
        // What was ordered goes on, or it would be forgotten in the middle.
        UpdatePhase::Calling | UpdatePhase::Draining | UpdatePhase::Failed if is_well && update.repair.is_some() => {
            Step::Forget
        }
        UpdatePhase::Draining => Step::Drain,
        UpdatePhase::Ordered if elapsed_since(update.since.0, now) >= SILENT => Step::GiveUp,
        UpdatePhase::Failed if is_well && !update.was_cordoned => Step::Restore,
        UpdatePhase::Calling | UpdatePhase::Ordered | UpdatePhase::Failed => Step::Wait,
    }
}

/// One step. Returns how soon to look again, if that is not a matter of changes alone.
pub async fn step(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    pool: Option<&NodePool>,
    guest: Option<&Guest>,
) -> Result<Option<Duration>, ApiError> {
    let Some(status) = &host.status else { return Ok(None) };
    let Some(update) = &status.update else { return Ok(None) };
    // Without a connection nobody knows what runs there.
    let Some(guest) = guest.filter(|guest| guest.knows_nodes()) else { return Ok(Some(Duration::from_secs(5))) };
    let name = host.name_any();
    let node = guest.node(&name);
    match next(status, update, node.as_deref(), ctx.clock.now()) {
        Step::Finish => {
            if !update.was_cordoned {
                drain::uncordon(guest, &name).await?;
            }
            write(ctx, api, host, &Value::Null).await?;
            if update.phase != UpdatePhase::Draining {
                let (reason, told) = match &update.repair {
                    Some(_) => ("HostRepaired", format!("host {name} is a new node, which is Ready")),
                    None => ("HostUpdated", format!("host {name} runs Kubernetes {}", update.version)),
                };
                say(ctx, host, pool, reason, told).await;
            }
            Ok(None)
        }
        Step::Forget => {
            write(ctx, api, host, &Value::Null).await?;
            say(ctx, host, pool, "HostRecovered", format!("host {name} is well again without a repair")).await;
            Ok(None)
        }
        Step::Drain if update.repair.is_some() => {
            let told = format!("host {name} gave a sign: its Node goes, and it is told to come back as a new one");
            order(ctx, api, host, update, pool, guest, told).await
        }
        Step::Drain => drain(ctx, api, host, update, pool, guest).await,
        Step::Restore => {
            drain::uncordon(guest, &name).await?;
            // From here on whoever cordons it means it.
            write(ctx, api, host, &json!({"wasCordoned": true})).await?;
            Ok(None)
        }
        Step::GiveUp => {
            let message = format!(
                "nothing was heard of its update to {} for {} min (next step: see that the host runs and reaches the \
                 bootstrap server; on it, `hoist-node status` and the log of the service agent say more)",
                update.version,
                SILENT.as_secs() / 60
            );
            let failed = phase(UpdatePhase::Failed, ctx.clock.now(), Some(&message));
            write(ctx, api, host, &failed).await?;
            Ok(None)
        }
        Step::Wait => Ok(Some(Duration::from_secs(60))),
    }
}

async fn drain(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    update: &HostUpdate,
    pool: Option<&NodePool>,
    guest: &Guest,
) -> Result<Option<Duration>, ApiError> {
    let name = host.name_any();
    drain::cordon(guest, &name).await?;
    let left = drain::evict(ctx, guest, &name).await?;
    let waited = elapsed_since(update.since.0, ctx.clock.now());
    // As with HyperShift, nobody's disruption budget is overrun unless the pool says after how long.
    let is_over = drain::timeout(pool).is_some_and(|timeout| !timeout.is_zero() && waited >= timeout);
    if !left.is_empty() && !is_over {
        let message = waits_for(&left);
        if update.message.as_ref() != Some(&message) {
            write(ctx, api, host, &json!({"message": message})).await?;
        }
        return Ok(Some(drain::LOOK_AGAIN));
    }
    let note = match left.len() {
        0 => format!("host {name} is drained, and told to change to Kubernetes {}", update.version),
        count => format!(
            "host {name} is told to change to Kubernetes {}; {count} pod(s) did not move within nodeDrainTimeout",
            update.version
        ),
    };
    order(ctx, api, host, update, pool, guest, note).await
}

/// Tells the machine. The Node of one that comes back anew goes first: what is left of its pods is nobody's any more.
async fn order(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    update: &HostUpdate,
    pool: Option<&NodePool>,
    guest: &Guest,
    note: String,
) -> Result<Option<Duration>, ApiError> {
    if update.replace {
        let nodes: Api<Node> = Api::all(guest.client());
        guest.calls().delete(&nodes, &host.name_any(), &DeleteParams::default()).await?;
    }
    write(ctx, api, host, &phase(UpdatePhase::Ordered, ctx.clock.now(), None)).await?;
    say(ctx, host, pool, "HostDrained", note).await;
    Ok(None)
}

/// Pods that a disruption budget or their own end keeps.
fn waits_for(left: &[String]) -> String {
    let more = left.len().saturating_sub(NAMED);
    let named = left.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "waiting until pods move: {named}{more}; a PodDisruptionBudget that never allows it holds the update for as long as \
         the NodePool's nodeDrainTimeout says (0: for ever)"
    )
}

fn phase(phase: UpdatePhase, now: Timestamp, message: Option<&str>) -> Value {
    json!({"phase": phase, "since": Time(now), "message": message})
}

/// Changes the update, if nobody else has changed the Host since it was read.
async fn write(ctx: &Context, api: &Api<Host>, host: &Host, update: &Value) -> Result<(), ApiError> {
    let patch = json!({
        "metadata": {"resourceVersion": host.metadata.resource_version},
        "status": {"update": update},
    });
    ctx.calls.merge_status(api, &host.name_any(), &patch).await.map(drop)
}

/// Where people look: the NodePool, and the Host when there is none.
async fn say(ctx: &Context, host: &Host, pool: Option<&NodePool>, reason: &str, note: String) {
    let about = pool.map_or_else(|| host.object_ref(&()), |pool| pool.object_ref(&()));
    ctx.events.normal(&about, reason, note).await;
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use jiff::SignedDuration;
    use k8s_openapi::api::core::v1::NodeSystemInfo;
    use rstest::rstest;

    use super::*;

    fn node(version: &str, ready: &str) -> Node {
        let mut node = fixtures::node("worker-0");
        let status = node.status.as_mut().unwrap();
        status.node_info = Some(NodeSystemInfo { kubelet_version: format!("v{version}"), ..NodeSystemInfo::default() });
        status.conditions.as_mut().unwrap()[0].status = ready.to_owned();
        node
    }

    fn update(phase: UpdatePhase, minutes_ago: i64) -> HostUpdate {
        HostUpdate {
            revision: "new".to_owned(),
            version: "1.36.3".to_owned(),
            phase,
            replace: false,
            repair: None,
            was_cordoned: false,
            since: Time(fixtures::now() - SignedDuration::from_mins(minutes_ago)),
            message: None,
        }
    }

    #[rstest]
    #[case("its pods first", "old", UpdatePhase::Draining, 0, Some(node("1.35.4", "True")), Step::Drain)]
    #[case("wanted no more", "new", UpdatePhase::Draining, 0, Some(node("1.36.3", "True")), Step::Finish)]
    #[case("at work", "old", UpdatePhase::Ordered, 1, Some(node("1.35.4", "True")), Step::Wait)]
    #[case("its Node is away", "old", UpdatePhase::Ordered, 1, None, Step::Wait)]
    #[case("silent", "old", UpdatePhase::Ordered, 20, Some(node("1.35.4", "Unknown")), Step::GiveUp)]
    #[case("done", "new", UpdatePhase::Ordered, 1, Some(node("1.36.3", "True")), Step::Finish)]
    #[case("done, says the host", "new", UpdatePhase::Ordered, 1, Some(node("1.35.4", "True")), Step::Wait)]
    #[case("done, not Ready", "new", UpdatePhase::Ordered, 1, Some(node("1.36.3", "False")), Step::Wait)]
    #[case("done after all", "new", UpdatePhase::Failed, 30, Some(node("1.36.3", "True")), Step::Finish)]
    #[case("failed, put back", "old", UpdatePhase::Failed, 0, Some(node("1.35.4", "True")), Step::Restore)]
    #[case("failed, broken", "old", UpdatePhase::Failed, 0, Some(node("1.35.4", "False")), Step::Wait)]
    fn each_step_follows_from_what_is_seen(
        #[case] what: &str,
        #[case] revision: &str,
        #[case] phase: UpdatePhase,
        #[case] minutes_ago: i64,
        #[case] node: Option<Node>,
        #[case] expected: Step,
    ) {
        let status = HostStatus { revision: Some(revision.to_owned()), ..HostStatus::default() };
        let update = update(phase, minutes_ago);
        assert_eq!(next(&status, &update, node.as_ref(), fixtures::now()), expected, "{what}");
    }

    #[test]
    fn a_node_that_somebody_else_cordoned_is_left_so_after_a_failure() {
        let update = HostUpdate { was_cordoned: true, ..update(UpdatePhase::Failed, 0) };
        let status = HostStatus { revision: Some("old".to_owned()), ..HostStatus::default() };
        assert_eq!(next(&status, &update, Some(&node("1.35.4", "True")), fixtures::now()), Step::Wait);
    }

    #[test]
    fn many_pods_are_counted_and_a_few_named() {
        let pods: Vec<String> = (0..7).map(|index| format!("shop/web-{index}")).collect();
        let message = waits_for(&pods);
        assert!(message.contains("shop/web-4 and 2 more") && message.contains("nodeDrainTimeout"), "{message}");
    }
}
