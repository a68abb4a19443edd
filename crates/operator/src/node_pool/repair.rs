//! Repairs hosts of a pool with `management.autoRepair`: who is due is decided by [`hoist_plan::repair`], and begun here; the
//! rest is each Host's own way, see [`crate::node_bootstrap::updating`].

use std::sync::Arc;
use std::time::Duration;

use hoist_api::host::{HostUpdate, UpdatePhase};
use hoist_api::{Host, HostedCluster, NodePool};
use hoist_controller::ApiError;
use hoist_controller::conditions::find;
use hoist_controller::lease::elapsed_since;
use hoist_plan::repair::{self, Decision, HealthCheck, Illness, Patient};
use hoist_plan::rollout::Target;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Resource, ResourceExt};

use super::rollout::{self, has_joined};
use crate::context::Context;
use crate::node_bootstrap::host::READY;
use crate::node_bootstrap::ownership::owns_node;
use crate::node_facts::{is_ready, ready_condition};

/// How the hosts of a pool are, and what follows.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    /// What to do.
    pub decision: Decision,
    /// With more ill hosts than this none is repaired.
    pub most: usize,
    /// What is wrong with annotations that change the limits.
    pub wrong: Vec<String>,
}

/// Looks at the hosts of a pool; `None` when it does not ask for repairs.
pub fn look(
    pool: &NodePool,
    cluster: Option<&HostedCluster>,
    hosts: &[Host],
    nodes: &[Arc<Node>],
    now: Timestamp,
) -> Option<Outlook> {
    if !pool.spec.management.auto_repair {
        return None;
    }
    let nothing = std::collections::BTreeMap::new();
    let (check, wrong) = HealthCheck::of(pool.annotations(), cluster.map_or(&nothing, ResourceExt::annotations));
    let patients: Vec<Patient> =
        hosts.iter().filter(|host| has_joined(host)).map(|host| patient(host, nodes, now)).collect();
    Some(Outlook { decision: repair::decide(&patients, &check), most: check.most(patients.len()), wrong })
}

fn patient(host: &Host, nodes: &[Arc<Node>], now: Timestamp) -> Patient {
    let name = host.name_any();
    let update = host.status.as_ref().and_then(|status| status.update.as_ref());
    let failed = update.filter(|update| update.repair.is_some() && update.phase == UpdatePhase::Failed);
    Patient {
        illness: illness(host, nodes.iter().find(|node| node.name_any() == name), now),
        is_taken: update.is_some() && failed.is_none(),
        failed: failed.map(|update| elapsed_since(update.since.0, now)),
        name,
    }
}

/// What the host lacks. A Node that is somebody else's says nothing of it.
fn illness(host: &Host, node: Option<&Arc<Node>>, now: Timestamp) -> Option<Illness> {
    if !owns_node(host) {
        return None;
    }
    let since = match node {
        Some(node) if is_ready(node) => return None,
        Some(node) => ready_condition(node)
            .and_then(|condition| condition.last_transition_time.clone())
            .or_else(|| node.creation_timestamp()),
        None => find(&host.status.as_ref()?.conditions, READY)
            .filter(|said| said.status != "True")
            .map(|said| said.last_transition_time.clone()),
    };
    Some(Illness { has_node: node.is_some(), lasted: elapsed_since(since?.0, now) })
}

/// Begins the repairs that are due. Returns how soon the next one is.
pub async fn begin(
    ctx: &Context,
    pool: &NodePool,
    api: &Api<Host>,
    hosts: &[Host],
    target: &Target,
    outlook: &Outlook,
) -> Result<Option<Duration>, ApiError> {
    for name in &outlook.decision.begin {
        let now = ctx.clock.now();
        let update = HostUpdate {
            revision: target.revision.clone(),
            version: target.version.clone(),
            phase: UpdatePhase::Calling,
            replace: true,
            // Two repairs of one host are never of the same moment.
            repair: Some(now.as_millisecond().to_string()),
            // The cordon goes with the Node.
            was_cordoned: false,
            since: k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now),
            message: None,
        };
        rollout::begin(ctx, api, hosts, name, &update).await?;
        let told = format!("host {name} was ill for too long: it is repaired, as soon as it gives a sign");
        ctx.events.warning(&pool.object_ref(&()), "HostRepairing", told).await;
    }
    Ok(outlook.decision.next)
}

#[cfg(test)]
mod tests;
