//! Brings the hosts of a pool to its release and configuration: who is next is decided by [`hoist_plan::rollout`], and begun
//! here; the rest is each Host's own way, see [`crate::node_bootstrap::updating`].

use std::sync::Arc;
use std::time::Duration;

use hoist_api::host::{HostUpdate, Stage, UpdatePhase};
use hoist_api::{Host, NodePool, annotations};
use hoist_controller::ApiError;
use hoist_controller::lease::elapsed_since;
use hoist_plan::rollout::{self, Member, Strategy, Target, Update};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::Api;
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::node_bootstrap::mirror;
use crate::node_bootstrap::ownership::owns_node;
use crate::node_facts::{is_ready, kubelet_version};

/// How long after a failure a host is tried again: what it lacked may be there by then.
const RETRY: Duration = Duration::from_secs(5 * 60);

/// Begins what is due. Returns how soon a host that failed is to be tried again.
pub async fn roll_out(
    ctx: &Context,
    pool: &NodePool,
    api: &Api<Host>,
    hosts: &[Host],
    nodes: &[Arc<Node>],
    target: &Target,
) -> Result<Option<Duration>, ApiError> {
    let now = ctx.clock.now();
    let members = members(hosts, nodes, now);
    let strategy = Strategy::of(&pool.spec.management, hosts.len());
    let decision = rollout::decide(&members, target, strategy);
    for name in &decision.begin {
        let node = nodes.iter().find(|node| node.name_any() == *name);
        let before = host(hosts, name).and_then(|host| host.status.as_ref()?.update.as_ref());
        let update = HostUpdate {
            revision: target.revision.clone(),
            version: target.version.clone(),
            phase: UpdatePhase::Draining,
            replace: strategy.replace,
            repair: None,
            // A cordon of an update that failed, and was not lifted since, is ours.
            was_cordoned: node.is_some_and(|node| mirror::is_cordoned(node))
                && before.is_none_or(|before| before.was_cordoned),
            since: Time(now),
            message: None,
        };
        begin(ctx, api, hosts, name, &update).await?;
        let told = format!("host {name} is updated to Kubernetes {}", target.version);
        ctx.events.normal(&pool.object_ref(&()), "HostUpdating", told).await;
    }
    for name in &decision.redirect {
        let update = json!({"revision": target.revision, "version": target.version, "message": null});
        write(ctx, api, hosts, name, &update).await?;
    }
    if members.iter().all(|member| !member.is_outdated(target)) {
        note_current(ctx, pool, target).await?;
    }
    // One that failed towards something that nobody wants any more is not tried again.
    let outdated = hosts.iter().zip(&members).filter(|(_, member)| member.is_outdated(target));
    Ok(outdated.filter_map(|(host, _)| retry_in(host, now)).min())
}

fn host<'a>(hosts: &'a [Host], name: &str) -> Option<&'a Host> {
    hosts.iter().find(|host| host.name_any() == name)
}

/// Writes down an update, or a repair, from its beginning: nothing stays of what was said of an earlier one.
pub(super) async fn begin(
    ctx: &Context,
    api: &Api<Host>,
    hosts: &[Host],
    name: &str,
    update: &HostUpdate,
) -> Result<(), ApiError> {
    let mut update = json!(update);
    if let Some(fields) = update.as_object_mut() {
        // A merge removes what is null, and keeps what is absent.
        for field in ["message", "repair"] {
            fields.entry(field).or_insert(serde_json::Value::Null);
        }
    }
    write(ctx, api, hosts, name, &update).await
}

async fn write(
    ctx: &Context,
    api: &Api<Host>,
    hosts: &[Host],
    name: &str,
    update: &serde_json::Value,
) -> Result<(), ApiError> {
    let version = host(hosts, name).and_then(ResourceExt::resource_version);
    let patch = json!({"metadata": {"resourceVersion": version}, "status": {"update": update}});
    ctx.calls.merge_status(api, name, &patch).await.map(drop)
}

/// What all hosts run by now, under HyperShift's names.
async fn note_current(ctx: &Context, pool: &NodePool, target: &Target) -> Result<(), ApiError> {
    let wanted = [
        (annotations::NODE_POOL_CURRENT_CONFIG, hoist_node_config::configuration_of(&target.revision)),
        (annotations::NODE_POOL_CURRENT_CONFIG_VERSION, target.revision.as_str()),
    ];
    if wanted.iter().all(|(key, value)| pool.annotations().get(*key).is_some_and(|found| found == value)) {
        return Ok(());
    }
    let annotations: std::collections::BTreeMap<_, _> = wanted.into_iter().collect();
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &pool.namespace().unwrap_or_default());
    ctx.calls.merge(&api, &pool.name_any(), &json!({"metadata": {"annotations": annotations}})).await.map(drop)
}

/// The hosts as the planner sees them.
pub fn members(hosts: &[Host], nodes: &[Arc<Node>], now: Timestamp) -> Vec<Member> {
    hosts.iter().map(|host| member(host, nodes, now)).collect()
}

fn member(host: &Host, nodes: &[Arc<Node>], now: Timestamp) -> Member {
    let status = host.status.clone().unwrap_or_default();
    let name = host.name_any();
    let node = nodes.iter().find(|node| node.name_any() == name).filter(|_| owns_node(host));
    Member {
        revision: status.revision,
        version: node.and_then(|node| kubelet_version(node)).or(status.kubelet_version),
        is_ready: node.is_some_and(|node| is_ready(node)),
        has_joined: has_joined(host),
        is_deleted: node.is_none() && status.stage == Some(Stage::Joined) && !status.approved_requests.is_empty(),
        update: status.update.map(|update| Update {
            revision: update.revision,
            has_failed: update.phase == UpdatePhase::Failed,
            is_due: elapsed_since(update.since.0, now) >= RETRY,
        }),
        name,
    }
}

/// Whether a host has joined, and is not about to leave.
pub(super) fn has_joined(host: &Host) -> bool {
    let is_wanted =
        host.metadata.deletion_timestamp.is_none() && !host.annotations().contains_key(annotations::REMOVE_HOST);
    let Some(status) = &host.status else { return false };
    is_wanted
        && match status.stage {
            Some(Stage::Joined | Stage::Updating) => true,
            // Neither the new nor the old version could be brought up.
            Some(Stage::Failed) => status.update.is_some(),
            _ => false,
        }
}

fn retry_in(host: &Host, now: Timestamp) -> Option<Duration> {
    let update = host.status.as_ref()?.update.as_ref()?;
    let waited = elapsed_since(update.since.0, now);
    // When a repair is tried again is not decided here.
    let is_ours = update.phase == UpdatePhase::Failed && update.repair.is_none();
    is_ours.then(|| RETRY.saturating_sub(waited).max(Duration::from_secs(1)))
}

/// Hosts whose Nodes lack labels or taints of the pool: they get them at once, without an update.
pub fn out_of_line<'a>(pool: &NodePool, hosts: &'a [Host], nodes: &[Arc<Node>]) -> Vec<&'a Host> {
    let lacks = |host: &&Host| {
        let node = nodes.iter().find(|node| node.name_any() == host.name_any()).filter(|_| owns_node(host));
        node.is_some_and(|node| mirror::patch(node, &host.spec.node_pool, Some(&pool.spec)).is_some())
    };
    hosts.iter().filter(lacks).collect()
}

#[cfg(test)]
mod tests;
