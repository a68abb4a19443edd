//! What is not as it should be, and the next step for each.

use hoist_api::conditions::{ConditionType, NodePoolConditionType, Reason};
use hoist_api::explanations::{self, Well};
use hoist_api::host::Stage;
use hoist_api::node_pool::NodePoolCondition;
use hoist_api::{Host, HostedCluster, NodePool};
use kube::ResourceExt as _;
use serde::Serialize;

/// One thing that is not as it should be.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Object and condition.
    pub what: String,
    /// Reason of the condition.
    pub reason: String,
    /// Its message.
    pub message: String,
    /// What to do; empty when the message says it.
    pub next: String,
}

/// Looks at the cluster, its NodePools and its hosts.
pub fn find(cluster: &HostedCluster, pools: &[NodePool], hosts: &[Host]) -> Vec<Finding> {
    let place = Place { namespace: &cluster.namespace().unwrap_or_default(), name: &cluster.name_any() };
    let mut findings = place.of_cluster(cluster);
    findings.extend(pools.iter().flat_map(|pool| place.of_pool(pool)));
    findings.extend(hosts.iter().filter_map(host_finding));
    findings
}

struct Place<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn of_cluster(&self, cluster: &HostedCluster) -> Vec<Finding> {
        let conditions = cluster.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        conditions
            .iter()
            .filter(|condition| {
                let is_well = match explanations::condition(&condition.type_) {
                    Some(explained) => explained.is_well(&condition.status),
                    None => condition.status == "True",
                };
                !is_well && !is_unknowable(&condition.type_, &condition.status, &condition.reason)
            })
            .map(|condition| Finding {
                what: format!("{}={}", condition.type_, condition.status),
                reason: condition.reason.clone(),
                message: condition.message.clone(),
                next: self.next(&condition.reason),
            })
            .collect()
    }

    fn of_pool(&self, pool: &NodePool) -> Vec<Finding> {
        let conditions = pool.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        conditions
            .iter()
            .filter(|condition| {
                let is_true_when_well =
                    explanations::node_pool_condition(&condition.type_).is_some_and(|found| found.well == Well::True);
                (is_true_when_well && condition.status == "False") || is_stuck(condition)
            })
            .map(|condition| {
                let reason = condition.reason.clone().unwrap_or_default();
                Finding {
                    what: format!("NodePool {} {}={}", pool.name_any(), condition.type_, condition.status),
                    message: condition.message.clone().unwrap_or_default(),
                    next: self.next(&reason),
                    reason,
                }
            })
            .collect()
    }

    fn next(&self, reason: &str) -> String {
        let Some(explained) = explanations::reason(reason) else { return String::new() };
        explanations::for_cluster(explained.next, self.namespace, self.name)
    }
}

/// A rollout is well as long as it goes on.
fn is_stuck(condition: &NodePoolCondition) -> bool {
    let is_rollout = [NodePoolConditionType::UpdatingVersion, NodePoolConditionType::UpdatingConfig]
        .iter()
        .any(|type_| condition.type_ == type_.as_ref());
    is_rollout && condition.status == "True" && condition.reason.as_deref() != Some(Reason::Progressing.as_ref())
}

/// Nothing can be known of connections to nodes that do not exist, nor of names that nobody set.
fn is_unknowable(type_: &str, status: &str, reason: &str) -> bool {
    status == "Unknown"
        && (reason == Reason::NoWorkerNodesAvailable.as_ref() || type_ == ConditionType::ExternalDNSReachable.as_ref())
}

fn host_finding(host: &Host) -> Option<Finding> {
    let status = host.status.as_ref()?;
    let failed = status.stage == Some(Stage::Failed);
    let not_ready =
        status.conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "False");
    let (reason, message, next) = match not_ready {
        _ if failed => (
            "Failed".to_owned(),
            status.message.clone().unwrap_or_default(),
            "Cure what the message says, then run the host's join line again.".to_owned(),
        ),
        Some(condition) if status.stage >= Some(Stage::NodeReady) => (
            condition.reason.clone(),
            condition.message.clone(),
            format!(
                "On the host: `hoist-node status`; here: `kubectl describe node {}` in the hosted cluster.",
                host.spec.node_name
            ),
        ),
        _ => return None,
    };
    Some(Finding { what: format!("Host {}", host.name_any()), reason, message, next })
}
