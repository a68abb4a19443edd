//! `--wait` and `--wait-for`: watches until the goal is reached, and says which component is awaited meanwhile.
//!
//! A refusal by the operator (an invalid spec, an unusable release image) ends the wait: only an edit can cure it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::StreamExt as _;
use hoist_api::conditions::ConditionType;
use hoist_api::hosted_cluster::version::UpdateState;
use hoist_api::{ControlPlaneComponent, HostedCluster, NodePool, names};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};

use crate::args::cluster::{ClusterFlags, WaitGoal};
use crate::printer::Printer;
use crate::session::Session;

/// Longest a refusal may stand before the wait ends: a registry that hiccups is not a wrong spec.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(10);
/// How often a standing refusal is looked at again when nothing changes.
const REFUSAL_CHECK: Duration = Duration::from_secs(1);

/// What is waited for.
#[derive(Debug, Clone, Copy)]
struct Goals {
    rollout: bool,
    available: bool,
    nodes: bool,
}

/// What the watches have shown so far.
#[derive(Default)]
struct Seen {
    cluster: Option<HostedCluster>,
    components: BTreeMap<String, ControlPlaneComponent>,
    pools: BTreeMap<String, NodePool>,
}

#[derive(Debug, PartialEq)]
enum State {
    Done,
    Awaiting(String),
    Refused(String),
}

#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Update {
    Cluster(Event<HostedCluster>),
    Component(Event<ControlPlaneComponent>),
    Pool(Event<NodePool>),
}

/// Waits as the flags say; at once when they say nothing.
pub async fn wait(session: &Session, flags: &ClusterFlags, printer: &Printer) -> Result<()> {
    let goals = Goals {
        rollout: flags.wait.wait.0,
        available: flags.wait.wait_for == Some(WaitGoal::Available),
        nodes: flags.wait.wait_for == Some(WaitGoal::Nodes),
    };
    if !(goals.rollout || goals.available || goals.nodes) {
        return Ok(());
    }
    let client = session.client();
    let one = watcher::Config::default().fields(&format!("metadata.name={}", flags.name));
    let control_plane = names::control_plane_namespace(&flags.namespace, &flags.name);
    let clusters = watcher(Api::<HostedCluster>::namespaced(client.clone(), &flags.namespace), one);
    let components =
        watcher(Api::<ControlPlaneComponent>::namespaced(client.clone(), &control_plane), watcher::Config::default());
    let pools = watcher(Api::<NodePool>::namespaced(client, &flags.namespace), watcher::Config::default());
    let mut updates = futures::stream::select(
        clusters.default_backoff().map(|event| event.map(Update::Cluster)).boxed(),
        futures::stream::select(
            components.default_backoff().map(|event| event.map(Update::Component)).boxed(),
            pools.default_backoff().map(|event| event.map(Update::Pool)).boxed(),
        ),
    );
    let mut seen = Seen::default();
    let mut waiting = printer.waiting(&format!("Waiting for hosted cluster {}", flags.name));
    let mut refused: Option<Instant> = None;
    loop {
        tokio::select! {
            update = updates.next() => match update {
                Some(Ok(Update::Cluster(Event::Delete(_)))) => {
                    bail!("HostedCluster {}/{} was deleted meanwhile", flags.namespace, flags.name)
                }
                Some(Ok(update)) => seen.take(update, &flags.name),
                Some(Err(error)) => {
                    waiting.update(&format!("the management cluster ({error})"));
                    continue;
                }
                None => bail!("the management cluster closed all watches; run `status {}` to see how far it is", flags.name),
            },
            () = tokio::time::sleep(REFUSAL_CHECK), if refused.is_some() => {}
        }
        if seen.cluster.is_none() {
            continue;
        }
        match seen.state(goals) {
            State::Done => {
                let seconds = format!("{:.1}", waiting.elapsed().as_secs_f64());
                drop(waiting);
                printer
                    .info("Hosted cluster is ready", &[("name", flags.name.as_str()), ("seconds", seconds.as_str())]);
                return Ok(());
            }
            State::Awaiting(what) => {
                refused = None;
                waiting.update(&what);
            }
            State::Refused(why) => {
                if refused.get_or_insert_with(Instant::now).elapsed() >= REFUSAL_PATIENCE {
                    bail!("the operator refuses HostedCluster {}/{}: {why}", flags.namespace, flags.name);
                }
                waiting.update(&why);
            }
        }
    }
}

impl Seen {
    fn take(&mut self, update: Update, cluster: &str) {
        match update {
            Update::Cluster(Event::Apply(object) | Event::InitApply(object)) => self.cluster = Some(object),
            Update::Component(event) => store(&mut self.components, event, |_| true),
            Update::Pool(event) => store(&mut self.pools, event, |pool| pool.spec.cluster_name == cluster),
            Update::Cluster(_) => {}
        }
    }

    fn state(&self, goals: Goals) -> State {
        let Some(cluster) = &self.cluster else { return State::Awaiting("the HostedCluster".to_owned()) };
        let status = cluster.status.clone().unwrap_or_default();
        let refusals = [
            ConditionType::ValidConfiguration,
            ConditionType::ValidReleaseImage,
            ConditionType::SupportedHostedCluster,
        ];
        for refusal in refusals {
            if let Some(condition) =
                condition(&status.conditions, refusal.as_ref()).filter(|found| found.status == "False")
            {
                return State::Refused(format!("{} ({}): {}", condition.type_, condition.reason, condition.message));
            }
        }
        let available = condition(&status.conditions, ConditionType::Available.as_ref());
        if available.is_none_or(|condition| condition.status != "True") {
            return State::Awaiting(self.awaited_component(available));
        }
        if goals.nodes {
            for pool in self.pools.values() {
                let (wanted, there) = (pool.spec.replicas.unwrap_or_default(), nodes_of(pool));
                if there < wanted {
                    return State::Awaiting(format!(
                        "nodes of NodePool {} ({there} of {wanted} are Ready)",
                        pool.name_any()
                    ));
                }
            }
            if self.pools.is_empty() {
                return State::Awaiting("the NodePool".to_owned());
            }
        }
        if goals.rollout {
            let newest = status.version.as_ref().and_then(|version| version.history.first());
            let complete =
                newest.is_some_and(|entry| entry.completion_time.is_some() && entry.state == UpdateState::Completed);
            if !complete {
                return State::Awaiting(self.awaited_component(None));
            }
        }
        State::Done
    }

    /// The first component that is not there yet, in its own words.
    fn awaited_component(&self, available: Option<&Condition>) -> String {
        let pending = self.components.iter().find_map(|(name, component)| {
            let conditions = component.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
            let unmet =
                ["Available", "RolloutComplete"].into_iter().find_map(|type_| match condition(conditions, type_) {
                    Some(found) if found.status == "True" => None,
                    found => Some(found.map(|found| found.message.clone()).unwrap_or_default()),
                })?;
            Some(if unmet.is_empty() { name.clone() } else { format!("{name}: {unmet}") })
        });
        pending.unwrap_or_else(|| match available {
            Some(condition) if !condition.message.is_empty() => condition.message.clone(),
            _ if self.components.is_empty() => "the operator to begin".to_owned(),
            _ => "the hosted cluster's own content".to_owned(),
        })
    }
}

/// Nodes of a pool that are there; a pool that says some are not healthy counts as one short.
fn nodes_of(pool: &NodePool) -> i32 {
    let Some(status) = &pool.status else { return 0 };
    let count = status.replicas.unwrap_or_default();
    let unhealthy =
        status.conditions.iter().any(|condition| condition.type_ == "AllNodesHealthy" && condition.status == "False");
    if unhealthy { count.min(pool.spec.replicas.unwrap_or_default() - 1).max(0) } else { count }
}

fn store<K: kube::Resource>(objects: &mut BTreeMap<String, K>, event: Event<K>, is_ours: impl Fn(&K) -> bool) {
    match event {
        Event::Apply(object) | Event::InitApply(object) if is_ours(&object) => {
            objects.insert(object.name_any(), object);
        }
        Event::Delete(object) => {
            objects.remove(&object.name_any());
        }
        Event::Init => objects.clear(),
        _ => {}
    }
}

fn condition<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const AVAILABLE: Goals = Goals { rollout: false, available: true, nodes: false };
    const NODES: Goals = Goals { rollout: false, available: true, nodes: true };
    const ROLLOUT: Goals = Goals { rollout: true, available: true, nodes: false };

    fn cluster(conditions: &[(&str, &str, &str)], more: &Value) -> HostedCluster {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(type_, status, message)| {
                json!({"type": type_, "status": status, "reason": "Reason", "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z"})
            })
            .collect();
        let mut status = json!({"conditions": conditions});
        if let (Some(status), Some(more)) = (status.as_object_mut(), more.as_object()) {
            status.extend(more.clone());
        }
        let mut cluster = HostedCluster::new("demo", hoist_api::hosted_cluster::HostedClusterSpec::default());
        cluster.status = serde_json::from_value(status).unwrap();
        cluster
    }

    fn seen(cluster: HostedCluster) -> Seen {
        Seen { cluster: Some(cluster), ..Seen::default() }
    }

    #[test]
    fn the_first_component_that_is_not_available_is_named_with_its_own_words() {
        let mut seen = seen(cluster(&[("Available", "False", "not yet")], &json!({})));
        let component: ControlPlaneComponent = serde_json::from_value(json!({
            "metadata": {"name": "etcd"}, "spec": {},
            "status": {"conditions": [{"type": "Available", "status": "False", "reason": "R", "message": "0 of 1 members", "lastTransitionTime": "2026-01-01T00:00:00Z"}]},
        }))
        .unwrap();
        seen.components.insert("etcd".to_owned(), component);
        assert_eq!(seen.state(AVAILABLE), State::Awaiting("etcd: 0 of 1 members".to_owned()));
    }

    #[test]
    fn available_is_enough_unless_more_is_asked_for() {
        let seen = seen(cluster(&[("Available", "True", "")], &json!({})));
        assert_eq!(seen.state(AVAILABLE), State::Done);
        assert_eq!(seen.state(NODES), State::Awaiting("the NodePool".to_owned()));
        assert!(matches!(seen.state(ROLLOUT), State::Awaiting(_)));
    }

    #[test]
    fn nodes_are_counted_against_what_the_pool_wants() {
        let mut seen = seen(cluster(&[("Available", "True", "")], &json!({})));
        let mut pool =
            NodePool::new("demo", hoist_api::node_pool::NodePoolSpec { replicas: Some(2), ..Default::default() });
        pool.status = Some(hoist_api::node_pool::NodePoolStatus { replicas: Some(1), ..Default::default() });
        seen.pools.insert("demo".to_owned(), pool.clone());
        assert_eq!(seen.state(NODES), State::Awaiting("nodes of NodePool demo (1 of 2 are Ready)".to_owned()));
        pool.status = Some(hoist_api::node_pool::NodePoolStatus { replicas: Some(2), ..Default::default() });
        seen.pools.insert("demo".to_owned(), pool);
        assert_eq!(seen.state(NODES), State::Done);
    }

    #[test]
    fn a_rollout_is_done_when_the_newest_history_entry_is_completed() {
        let entry = |completion: Value| {
            json!({"version": {"desired": {"image": "r"}, "history": [
                {"state": "Completed", "startedTime": "2026-01-01T00:00:00Z", "completionTime": completion, "version": "1.36.3", "image": "r"}
            ]}})
        };
        let done = seen(cluster(&[("Available", "True", "")], &entry(json!("2026-01-01T00:01:00Z"))));
        assert_eq!(done.state(ROLLOUT), State::Done);
        let running = seen(cluster(&[("Available", "True", "")], &entry(Value::Null)));
        assert_ne!(running.state(ROLLOUT), State::Done);
    }

    #[test]
    fn an_invalid_spec_is_a_refusal_with_reason_and_message() {
        let seen = seen(cluster(&[("ValidConfiguration", "False", "no StorageClass; make one")], &json!({})));
        assert_eq!(
            seen.state(AVAILABLE),
            State::Refused("ValidConfiguration (Reason): no StorageClass; make one".to_owned())
        );
    }
}
