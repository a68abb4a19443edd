//! Following what the operator runs in a hosted cluster: the probe behind the ClusterOperators of the data plane.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};

use super::Shared;
use crate::context::Context;

/// How far a DaemonSet or Deployment is, as its own controller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// `DaemonSet` or `Deployment`.
    pub kind: &'static str,
    /// Whether its controller has seen its newest form.
    pub is_seen: bool,
    /// Pods that it shall have.
    pub desired: i32,
    /// Pods of the newest form.
    pub updated: i32,
    /// Pods that work.
    pub available: i32,
}

impl Workload {
    /// Of a DaemonSet.
    pub fn of_daemon_set(object: &DaemonSet) -> Self {
        let status = object.status.clone().unwrap_or_default();
        Self {
            kind: "DaemonSet",
            is_seen: status.observed_generation == object.metadata.generation,
            desired: status.desired_number_scheduled,
            updated: status.updated_number_scheduled.unwrap_or_default(),
            available: status.number_available.unwrap_or_default(),
        }
    }

    /// Of a Deployment.
    pub fn of_deployment(object: &Deployment) -> Self {
        let status = object.status.clone().unwrap_or_default();
        Self {
            kind: "Deployment",
            is_seen: status.observed_generation == object.metadata.generation,
            desired: object.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1),
            updated: status.updated_replicas.unwrap_or_default(),
            available: status.available_replicas.unwrap_or_default(),
        }
    }

    /// Whether every pod that there should be is of the newest form and works.
    pub fn is_complete(&self) -> bool {
        self.is_seen && self.desired > 0 && self.updated >= self.desired && self.available >= self.desired
    }
}

/// All workloads by name.
pub type Workloads = BTreeMap<String, Workload>;

enum Change {
    Begin,
    Found(String, Workload),
    Listed,
    Gone(String),
}

/// What is known of one kind; nothing until it was listed once.
#[derive(Default)]
struct Known {
    current: Option<Workloads>,
    coming: Workloads,
    is_listing: bool,
}

impl Known {
    fn take(&mut self, change: Change) {
        match change {
            Change::Begin => {
                self.coming.clear();
                self.is_listing = true;
            }
            Change::Listed => {
                self.current = Some(std::mem::take(&mut self.coming));
                self.is_listing = false;
            }
            Change::Found(name, workload) if self.is_listing => {
                self.coming.insert(name, workload);
            }
            Change::Found(name, workload) => {
                self.current.get_or_insert_default().insert(name, workload);
            }
            Change::Gone(name) => {
                self.current.get_or_insert_default().remove(&name);
            }
        }
    }
}

fn change<K: Resource>(event: watcher::Event<K>, of: impl Fn(&K) -> Workload) -> Change {
    match event {
        watcher::Event::Init => Change::Begin,
        watcher::Event::InitDone => Change::Listed,
        watcher::Event::InitApply(object) | watcher::Event::Apply(object) => {
            Change::Found(object.name_any(), of(&object))
        }
        watcher::Event::Delete(object) => Change::Gone(object.name_any()),
    }
}

/// Keeps [`super::State::workloads`], and has the control plane looked at when one changed.
pub async fn follow(ctx: Arc<Context>, shared: Arc<Shared>) {
    let ours = format!("{}={}", hoist_api::labels::MANAGED_BY, hoist_api::labels::MANAGED_BY_HOIST);
    let config = watcher::Config::default().labels(&ours);
    let daemon_sets: Api<DaemonSet> = Api::namespaced(shared.client.clone(), hoist_guest::metadata::NAMESPACE);
    let deployments: Api<Deployment> = Api::namespaced(shared.client.clone(), hoist_guest::metadata::NAMESPACE);
    let daemon_sets = watcher(daemon_sets, config.clone())
        .default_backoff()
        .map_ok(|event| (true, change(event, Workload::of_daemon_set)));
    let deployments =
        watcher(deployments, config).default_backoff().map_ok(|event| (false, change(event, Workload::of_deployment)));
    let mut changes = futures::stream::select(daemon_sets.boxed(), deployments.boxed());
    let mut known = [Known::default(), Known::default()];
    loop {
        match changes.try_next().await {
            Ok(Some((is_daemon_set, change))) => {
                known[usize::from(is_daemon_set)].take(change);
                let all = known
                    .iter()
                    .map(|known| known.current.clone())
                    .collect::<Option<Vec<_>>>()
                    .map(|kinds| kinds.into_iter().flatten().collect::<Workloads>());
                shared.learn(&ctx, |state| state.workloads = all);
            }
            Ok(None) => return,
            Err(error) => {
                let namespace = &shared.connection.namespace;
                let error = hoist_controller::error_chain(&error);
                tracing::debug!(namespace, error, "workloads of the hosted cluster are not watched for now");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(available: i32) -> Workload {
        Workload { kind: "DaemonSet", is_seen: true, desired: 2, updated: 2, available }
    }

    #[test]
    fn nothing_is_known_before_the_first_list_is_complete() {
        let mut known = Known::default();
        known.take(Change::Begin);
        known.take(Change::Found("kube-proxy".to_owned(), workload(2)));
        assert_eq!(known.current, None);
        known.take(Change::Listed);
        assert_eq!(known.current.unwrap().len(), 1);
    }

    #[test]
    fn what_a_new_list_lacks_is_gone() {
        let mut known = Known::default();
        known.take(Change::Found("kube-proxy".to_owned(), workload(2)));
        known.take(Change::Begin);
        assert!(known.current.as_ref().unwrap().contains_key("kube-proxy"));
        known.take(Change::Listed);
        assert!(known.current.unwrap().is_empty());
    }

    #[test]
    fn a_daemon_without_nodes_is_not_complete() {
        assert!(workload(2).is_complete());
        assert!(!workload(1).is_complete());
        assert!(!Workload { desired: 0, updated: 0, ..workload(0) }.is_complete());
    }
}
