//! The status of a NodePool: pure, from its hosts and their Nodes.

mod configuration;
mod network;
mod nodes_info;
mod release;
mod repair;
mod updating;

use std::collections::BTreeMap;
use std::sync::Arc;

use hoist_api::conditions::{ALL_IS_WELL, NodePoolConditionType as Type, Reason};
use hoist_api::host::Stage;
use hoist_api::hosted_cluster::platform::PlatformType;
use hoist_api::node_pool::{Architecture, NodePoolCondition, NodePoolStatus};
use hoist_api::{Host, HostedCluster, NodePool};
use hoist_controller::conditions::{Status, Verdict, verdict_of};
use hoist_plan::fields;
use hoist_plan::rollout::Target;
use hoist_release::Release;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::ResourceExt;

use crate::guest::Refusal;
use crate::node_bootstrap::ownership::owns_node;
use crate::node_facts::{is_ready, ready_condition};
use crate::node_pool::configuration::Checked;
use crate::node_pool::repair::Outlook;
use crate::paused::Pause;
use crate::releases::Failure;

/// HyperShift's cap on a message about all hosts.
const LONGEST: usize = 3000;

/// Ours: requests for certificates that nobody approved.
const REQUESTS_PENDING: &str = "CertificateRequestsPending";

/// What the status is computed from.
pub struct Facts<'a> {
    /// The cluster, if it exists.
    pub cluster: Option<&'a HostedCluster>,
    /// The pool's release; `None` while there is no pull secret to read it with.
    pub release: Option<Result<&'a Release, &'a Failure>>,
    /// What the hosts shall run; `None` while nobody knows, and while the pool is paused.
    pub target: Option<&'a Target>,
    /// Hosts of the pool.
    pub hosts: &'a [Host],
    /// Nodes of the cluster; `None` while the hosted API was not reached.
    pub nodes: Option<Vec<Arc<Node>>>,
    /// Certificate requests that stay pending.
    pub refused: BTreeMap<String, Refusal>,
    /// Whether the pool is paused.
    pub pause: Pause,
    /// What the pool's ConfigMaps say; `None` while they cannot be read.
    pub configuration: Option<&'a Checked>,
    /// Which hosts are repaired; `None` when none is to be, and while the hosted API was not reached.
    pub outlook: Option<&'a Outlook>,
}

/// The status.
pub fn compute(pool: &NodePool, facts: &Facts<'_>, now: Timestamp) -> NodePoolStatus {
    let before = pool.status.clone().unwrap_or_default();
    let own = own_nodes(pool, facts);
    let count = i32::try_from(own.len()).unwrap_or(i32::MAX);
    // Nodes that were there are not forgotten while the hosted API is not reached, as after a start of the operator.
    let is_blind = facts.nodes.is_none() && before.replicas.is_some_and(|replicas| replicas > 0);
    let mut verdicts = verdicts(pool, facts, &own);
    if is_blind {
        let of_nodes = [
            Type::Ready,
            Type::AllMachinesReady,
            Type::AllNodesHealthy,
            Type::UpdatingVersion,
            Type::UpdatingConfig,
            Type::ClusterNetworkCIDRConflict,
        ];
        verdicts.retain(|verdict| !of_nodes.iter().any(|type_| verdict.type_ == type_.as_ref()));
        let said = before
            .conditions
            .iter()
            .filter(|said| said.type_ == REQUESTS_PENDING || of_nodes.iter().any(|type_| said.type_ == type_.as_ref()));
        verdicts.extend(said.map(copied));
        // Always in the same order, or each look would be a change.
        let place = |verdict: &Verdict| before.conditions.iter().position(|said| said.type_ == verdict.type_);
        verdicts.sort_by_key(|verdict| place(verdict).unwrap_or(usize::MAX));
    }
    // A pool is of a version when all of its nodes are.
    let is_complete = !is_blind && updating::is_complete(&verdicts);
    let version = facts.release.as_ref().filter(|_| is_complete || before.version.is_none());
    let version = version.and_then(|release| release.ok()).map(|release| release.version.to_string());
    NodePoolStatus {
        // Blank until a node was there, so that the column is.
        replicas: match before.replicas {
            None if count == 0 => None,
            replicas if is_blind => replicas,
            _ => Some(count),
        },
        version: version.or(before.version),
        nodes_info: if is_blind { before.nodes_info } else { nodes_info::of(&own) },
        platform: before.platform,
        conditions: merge(&before.conditions, &verdicts, pool.metadata.generation, now),
    }
}

/// Nodes that belong to a Host of the pool.
fn own_nodes<'a>(pool: &NodePool, facts: &'a Facts<'_>) -> Vec<&'a Arc<Node>> {
    let is_own = |node: &Node| {
        facts.hosts.iter().any(|host| host.name_any() == node.name_any() && owns_node(host))
            || node.labels().get(hoist_api::labels::NODE_POOL) == Some(&pool.name_any())
    };
    facts.nodes.iter().flatten().filter(|node| is_own(node)).collect()
}

fn verdicts(pool: &NodePool, facts: &Facts<'_>, own: &[&Arc<Node>]) -> Vec<Verdict> {
    let expected = usize::try_from(pool.spec.replicas.unwrap_or_default()).unwrap_or_default();
    let ready = own.iter().filter(|node| is_ready(node)).count();
    let machines = machines(pool, facts, expected, own);
    let healthy = healthy(own);
    let mut all = vec![ready_verdict(pool, facts, expected, ready, &machines, &healthy)];
    all.extend(of_spec(pool, facts));
    let of_release = release::verdicts(facts);
    let skew = verdict_of(&of_release, Type::SupportedVersionSkew).cloned();
    all.extend(of_release);
    all.extend(configuration::verdicts(facts));
    all.extend(updating::verdicts(pool, facts, own, skew.as_ref()));
    all.push(reached(facts, expected));
    let has_endpoint = facts.cluster.and_then(|cluster| cluster.status.as_ref()?.ignition_endpoint.as_ref()).is_some();
    if !has_endpoint {
        // As HyperShift: present only while it is missing.
        all.push(Verdict::new(
            Type::IgnitionEndpointAvailable,
            false,
            Reason::InfrastructureNotReady,
            "the HostedCluster names no address at which hosts join yet; see its condition IgnitionEndpointAvailable",
        ));
    }
    all.extend([machines, healthy]);
    all.extend(network::conflict(facts.cluster, own));
    let pending: Vec<String> = facts
        .refused
        .iter()
        .filter(|(_, refusal)| {
            refusal.host.as_ref().is_none_or(|name| facts.hosts.iter().any(|host| host.name_any() == *name))
        })
        .map(|(request, refusal)| format!("{request}: {}", refusal.message))
        .collect();
    let without = fields::not_honoured(fields::NODE_POOL, &pool.spec);
    if !without.is_empty() {
        all.push(Verdict::new(Type::FieldsHonoured, false, Reason::NotServed, fields::sentence(&without, Vec::new())));
    }
    if !pending.is_empty() {
        all.push(Verdict::new(REQUESTS_PENDING, true, "NotApproved", cut(&pending.join("; "))));
    }
    all
}

fn ready_verdict(
    pool: &NodePool,
    facts: &Facts<'_>,
    expected: usize,
    ready: usize,
    machines: &Verdict,
    healthy: &Verdict,
) -> Verdict {
    if facts.cluster.is_none() {
        return Verdict::new(
            Type::Ready,
            false,
            Reason::NotFound,
            format!(
                "HostedCluster {} does not exist in this namespace; create it, or delete this NodePool",
                pool.spec.cluster_name
            ),
        );
    }
    if expected == 0 && facts.hosts.is_empty() {
        return Verdict::new(Type::Ready, true, Reason::AsExpected, "no nodes are expected");
    }
    if ready >= expected && healthy.status == Status::True {
        return Verdict::new(Type::Ready, true, Reason::AsExpected, ALL_IS_WELL);
    }
    // A node that is ill says more than hosts on their way; these say more than that there is no node yet.
    let worst = if facts.nodes.as_ref().is_some_and(|nodes| !nodes.is_empty()) && healthy.status != Status::True {
        healthy
    } else {
        machines
    };
    Verdict::new(Type::Ready, false, &worst.reason, format!("{ready} of {expected} nodes are ready; {}", worst.message))
}

fn machines(pool: &NodePool, facts: &Facts<'_>, expected: usize, own: &[&Arc<Node>]) -> Verdict {
    let verdict = |status: bool, reason: Reason, message: String| {
        Verdict::new(Type::AllMachinesReady, status, reason, cut(&message))
    };
    let unfinished: Vec<String> = facts
        .hosts
        .iter()
        .filter(|host| !own.iter().any(|node| node.name_any() == host.name_any() && is_ready(node)))
        .map(stage_of)
        .collect();
    let missing = expected.saturating_sub(facts.hosts.len());
    let join = format!("hcp create join-command --name {} --node-pool {}", pool.spec.cluster_name, pool.name_any());
    match (missing, unfinished.is_empty()) {
        (0, true) => verdict(true, Reason::AsExpected, ALL_IS_WELL.to_owned()),
        (0, false) => verdict(false, Reason::NodesJoining, unfinished.join("; ")),
        (_, true) => verdict(
            false,
            Reason::NodesMissing,
            format!("{missing} of {expected} hosts have not joined; run on each the line that `{join}` prints"),
        ),
        (_, false) => verdict(
            false,
            Reason::NodesJoining,
            format!(
                "{}; {missing} more of {expected} have not joined; run on each the line that `{join}` prints",
                unfinished.join("; ")
            ),
        ),
    }
}

fn stage_of(host: &Host) -> String {
    let status = host.status.clone().unwrap_or_default();
    let stage = status.stage.unwrap_or(Stage::Contacted);
    match status.message.filter(|message| !message.is_empty()) {
        Some(message) => format!("host {} is at stage {stage}: {message}", host.name_any()),
        None => format!("host {} is at stage {stage}", host.name_any()),
    }
}

fn healthy(own: &[&Arc<Node>]) -> Verdict {
    let ill: Vec<String> = own
        .iter()
        .filter(|node| !is_ready(node))
        .map(|node| {
            let cause = ready_condition(node).and_then(|condition| condition.message.clone()).unwrap_or_default();
            format!("node {} is not ready: {cause}", node.name_any())
        })
        .collect();
    if own.is_empty() {
        return Verdict::new(
            Type::AllNodesHealthy,
            false,
            Reason::NodesMissing,
            "machines are not healthy: there is no node yet",
        );
    }
    if ill.is_empty() {
        return Verdict::new(Type::AllNodesHealthy, true, Reason::AsExpected, ALL_IS_WELL);
    }
    Verdict::new(
        Type::AllNodesHealthy,
        false,
        Reason::NodesJoining,
        cut(&format!("machines are not healthy: {}", ill.join("; "))),
    )
}

fn of_spec(pool: &NodePool, facts: &Facts<'_>) -> Vec<Verdict> {
    let spec = &pool.spec;
    let scaling = spec.auto_scaling.is_some();
    let (active, reason, message) = match &facts.pause {
        Pause::No => (true, Reason::AsExpected, "Reconciliation active on resource".to_owned()),
        Pause::ForGood => (false, Reason::ReconciliationPaused, "Reconciliation paused until field removed".to_owned()),
        Pause::Until(date) => (false, Reason::ReconciliationPaused, format!("Reconciliation paused until: {date}")),
        Pause::Invalid(message) => (true, Reason::InvalidPausedUntilValue, message.clone()),
    };
    let platform = spec.platform.type_;
    let (is_served, platform_message) = if [PlatformType::None, PlatformType::Agent].contains(&platform) {
        (true, ALL_IS_WELL.to_owned())
    } else {
        (
            false,
            format!(
                "spec.platform.type {platform} makes machines, which this version of Hoist does not; use None or Agent and join hosts"
            ),
        )
    };
    let (is_known, arch_message) = if spec.arch == Architecture::Amd64 {
        (true, ALL_IS_WELL.to_owned())
    } else {
        (false, format!("the release has no binaries for {}; use amd64", spec.arch))
    };
    vec![
        Verdict::new(
            Type::AutoscalingEnabled,
            scaling,
            if scaling { Reason::NotServed } else { Reason::AsExpected },
            if scaling { "hosts join by themselves, nothing makes them; the bounds are not acted upon" } else { "" },
        ),
        repair::verdict(pool, facts),
        Verdict::new(Type::UpdateManagementEnabled, true, Reason::AsExpected, ALL_IS_WELL),
        // There are no templates of machines.
        Verdict::new(Type::UpdatingPlatformMachineTemplate, false, Reason::AsExpected, ""),
        Verdict::new(Type::ReconciliationActive, active, reason, message),
        Verdict::new(
            Type::ValidPlatformConfig,
            is_served,
            if is_served { Reason::AsExpected } else { Reason::InvalidConfiguration },
            platform_message,
        ),
        Verdict::new(
            Type::ValidArchPlatform,
            is_known,
            if is_known { Reason::AsExpected } else { Reason::InvalidConfiguration },
            arch_message,
        ),
    ]
}

/// HyperShift's word for "the machine got its configuration"; here, that a host got its credential.
fn reached(facts: &Facts<'_>, expected: usize) -> Verdict {
    let type_ = Type::ReachedIgnitionEndpoint;
    let has_reached =
        facts.hosts.iter().any(|host| host.status.as_ref().is_some_and(|status| status.bootstrap.is_some()));
    if has_reached {
        Verdict::new(type_, true, Reason::AsExpected, ALL_IS_WELL)
    } else if expected == 0 {
        Verdict::new(type_, Status::Unknown, Reason::NoWorkerNodesAvailable, "no host is expected")
    } else {
        Verdict::new(type_, false, Reason::NodesMissing, "no host has contacted the bootstrap server yet")
    }
}

fn cut(message: &str) -> String {
    if message.len() <= LONGEST {
        return message.to_owned();
    }
    format!("{} ... too many similar errors", &message[..message.floor_char_boundary(LONGEST - 40)])
}

fn copied(said: &NodePoolCondition) -> Verdict {
    let status = match said.status.as_str() {
        "True" => Status::True,
        "False" => Status::False,
        _ => Status::Unknown,
    };
    Verdict::new(&said.type_, status, said.reason.clone().unwrap_or_default(), said.message.clone().unwrap_or_default())
}

/// As `conditions::merge`, for HyperShift's own type of a pool's condition.
fn merge(
    previous: &[NodePoolCondition],
    verdicts: &[Verdict],
    generation: Option<i64>,
    now: Timestamp,
) -> Vec<NodePoolCondition> {
    let now = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    verdicts
        .iter()
        .map(|verdict| {
            let before = previous.iter().find(|before| before.type_ == verdict.type_);
            let since = before
                .filter(|before| before.status == verdict.status.as_str())
                .map_or_else(|| now.clone(), |before| before.last_transition_time.clone());
            NodePoolCondition {
                type_: verdict.type_.clone(),
                status: verdict.status.as_str().to_owned(),
                severity: (verdict.status == Status::False).then(|| "Error".to_owned()),
                last_transition_time: since,
                reason: Some(verdict.reason.clone()),
                message: Some(verdict.message.clone()).filter(|message| !message.is_empty()),
                observed_generation: generation,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
