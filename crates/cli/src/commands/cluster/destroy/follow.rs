//! Follows a deletion, and says what it waits for.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use futures::StreamExt as _;
use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::host::Stage;
use hoist_api::{Host, HostedCluster};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};

use crate::args::cluster_reference::ClusterReference;
use crate::commands::Context;
use crate::session::Session;

/// What is known of a cluster on its way out.
#[derive(Default)]
pub struct Follower {
    hosts: BTreeMap<String, Option<Stage>>,
    message: String,
    /// Hosts that did not answer, as the operator lists them.
    pub silent: Option<String>,
}

#[allow(clippy::large_enum_variant, reason = "one at a time, on the stack")]
enum Update {
    Cluster(Event<HostedCluster>),
    Host(Event<Host>),
}

impl Follower {
    /// Returns when the HostedCluster is gone.
    pub async fn until_gone(
        &mut self,
        session: &Session,
        cluster: &ClusterReference,
        control_plane: &str,
        context: &Context,
    ) -> Result<()> {
        let one = watcher::Config::default().fields(&format!("metadata.name={}", cluster.name));
        let clusters = watcher(Api::<HostedCluster>::namespaced(session.client(), &cluster.namespace), one);
        let hosts = watcher(Api::<Host>::namespaced(session.client(), control_plane), watcher::Config::default());
        let mut updates = futures::stream::select(
            clusters.default_backoff().map(|event| event.map(Update::Cluster)).boxed(),
            hosts.default_backoff().map(|event| event.map(Update::Host)).boxed(),
        );
        let mut waiting = context.printer.waiting(&format!("Destroying hosted cluster {}", cluster.name));
        while let Some(update) = updates.next().await {
            match update {
                Ok(update) => {
                    if self.take(update) {
                        return Ok(());
                    }
                    waiting.update(&self.awaited());
                }
                Err(error) => waiting.update(&format!("the management cluster ({error})")),
            }
        }
        bail!("the management cluster closed all watches; run the command again to follow the deletion")
    }

    /// Takes one update; true when the HostedCluster is gone.
    fn take(&mut self, update: Update) -> bool {
        match update {
            Update::Cluster(Event::Apply(cluster) | Event::InitApply(cluster)) => {
                self.listed(&cluster);
                false
            }
            Update::Cluster(Event::Delete(cluster)) => {
                self.listed(&cluster);
                true
            }
            Update::Cluster(Event::Init) => {
                self.message.clear();
                false
            }
            // A complete list without it.
            Update::Cluster(Event::InitDone) => self.message.is_empty(),
            Update::Host(Event::Apply(host) | Event::InitApply(host)) => {
                self.hosts.insert(host.name_any(), host.status.and_then(|status| status.stage));
                false
            }
            Update::Host(Event::Delete(host)) => {
                self.hosts.remove(&host.name_any());
                false
            }
            Update::Host(Event::Init) => {
                self.hosts.clear();
                false
            }
            Update::Host(Event::InitDone) => false,
        }
    }

    fn listed(&mut self, cluster: &HostedCluster) {
        "the operator".clone_into(&mut self.message);
        let conditions = cluster.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let destroyed =
            conditions.iter().find(|condition| condition.type_ == ConditionType::HostedClusterDestroyed.as_ref());
        if let Some(condition) = destroyed {
            if condition.reason == Reason::HostsSilent.as_ref() {
                self.silent = Some(condition.message.clone());
            }
            if !condition.message.is_empty() {
                self.message.clone_from(&condition.message);
            }
        }
    }

    /// What the deletion waits for.
    pub fn awaited(&self) -> String {
        let staying: Vec<&str> = self
            .hosts
            .iter()
            .filter(|(_, stage)| **stage != Some(Stage::Left))
            .map(|(name, _)| name.as_str())
            .collect();
        if staying.is_empty() { self.message.clone() } else { format!("hosts to leave: {}", staying.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use hoist_api::host::HostSpec;
    use hoist_api::hosted_cluster::HostedClusterSpec;
    use serde_json::json;

    use super::*;

    fn cluster(reason: &str, message: &str) -> HostedCluster {
        let mut cluster = HostedCluster::new("demo", HostedClusterSpec::default());
        cluster.status = serde_json::from_value(json!({"conditions": [{
            "type": "HostedClusterDestroyed", "status": "False", "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z",
        }]}))
        .unwrap();
        cluster
    }

    #[test]
    fn hosts_that_have_not_left_are_awaited_by_name() {
        let mut follower = Follower::default();
        assert!(!follower.take(Update::Cluster(Event::InitApply(cluster("WaitingForGracefulDestroy", "etcd")))));
        assert!(!follower.take(Update::Cluster(Event::InitDone)));
        let host = Host::new("w1", HostSpec::default());
        follower.take(Update::Host(Event::Apply(host.clone())));
        assert_eq!(follower.awaited(), format!("hosts to leave: {}", host.name_any()));
        follower.take(Update::Host(Event::Delete(host)));
        assert_eq!(follower.awaited(), "etcd");
    }

    #[test]
    fn a_list_without_the_cluster_means_that_it_is_gone() {
        let mut follower = Follower::default();
        assert!(!follower.take(Update::Cluster(Event::Init)));
        assert!(follower.take(Update::Cluster(Event::InitDone)));
    }

    #[test]
    fn silent_hosts_are_kept_for_the_end() {
        let mut follower = Follower::default();
        follower.take(Update::Cluster(Event::Apply(cluster("HostsSilent", "w1, w2"))));
        assert!(follower.take(Update::Cluster(Event::Delete(cluster("HostsSilent", "w1, w2")))));
        assert_eq!(follower.silent.as_deref(), Some("w1, w2"));
    }
}
