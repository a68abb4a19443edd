//! How far a component's workload is: pure, from the StatefulSet's or Deployment's own status.

use hoist_api::conditions::{ComponentConditionType, Reason};
use hoist_control_plane::ComponentName;
use hoist_control_plane::component::WorkloadKind;
use hoist_controller::Pass;
use hoist_controller::conditions::Verdict;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};

use super::pods::Trouble;

/// How far one component is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub name: ComponentName,
    /// Its workload exists.
    pub exists: bool,
    /// Why it was not made or changed yet: what it waits for.
    pub withheld: Vec<ComponentName>,
    /// Pods that it shall have.
    pub wanted: i32,
    /// Pods that are ready.
    pub ready: i32,
    /// Every pod is of the newest form, ready, and no other is left.
    pub is_rolled_out: bool,
    /// Generation that the above speaks of.
    pub generation: Option<i64>,
}

impl Progress {
    /// Reads it from the live workload.
    pub fn of(pass: &Pass<'_>, name: ComponentName, withheld: &[ComponentName]) -> Self {
        let missing = Self {
            name,
            exists: false,
            withheld: withheld.to_vec(),
            wanted: 1,
            ready: 0,
            is_rolled_out: false,
            generation: None,
        };
        match name.workload() {
            WorkloadKind::StatefulSet => match pass.typed::<StatefulSet>(name.as_ref()) {
                None => missing,
                Some(set) => {
                    let wanted = set.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
                    let status = set.status.clone().unwrap_or_default();
                    let is_seen = status.observed_generation == set.metadata.generation;
                    let is_new = status.update_revision.is_none() || status.update_revision == status.current_revision;
                    let ready = status.ready_replicas.unwrap_or_default();
                    Self {
                        exists: true,
                        wanted,
                        ready,
                        is_rolled_out: is_seen && is_new && ready >= wanted,
                        generation: set.metadata.generation,
                        ..missing
                    }
                }
            },
            WorkloadKind::Deployment => match pass.typed::<Deployment>(name.as_ref()) {
                None => missing,
                Some(deployment) => {
                    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
                    let status = deployment.status.clone().unwrap_or_default();
                    let is_seen = status.observed_generation == deployment.metadata.generation;
                    let ready = status.available_replicas.unwrap_or_default();
                    let is_new = status.updated_replicas.unwrap_or_default() >= wanted
                        && status.replicas.unwrap_or_default() <= wanted;
                    Self {
                        exists: true,
                        wanted,
                        ready,
                        is_rolled_out: is_seen && is_new && ready >= wanted,
                        generation: deployment.metadata.generation,
                        ..missing
                    }
                }
            },
        }
    }

    /// Whether it does its work: etcd with its quorum, anything else with one pod.
    pub fn is_available(&self) -> bool {
        let needed = if self.name == ComponentName::Etcd { self.wanted / 2 + 1 } else { 1 };
        self.exists && self.ready >= needed
    }

    /// Whether every pod runs what was asked for.
    pub fn is_complete(&self) -> bool {
        self.is_rolled_out && self.withheld.is_empty()
    }

    /// The conditions of its ControlPlaneComponent.
    pub fn verdicts(&self, troubles: &[Trouble]) -> Vec<Verdict> {
        vec![self.available(troubles), self.rollout(troubles)]
    }

    fn available(&self, troubles: &[Trouble]) -> Verdict {
        let verdict = |status: bool, reason: Reason, message: String| {
            Verdict::new(ComponentConditionType::Available, status, reason, message)
        };
        let kind = self.name.workload();
        if self.is_available() {
            return verdict(
                true,
                Reason::AsExpected,
                format!("{kind} {} has {} of {} pods ready", self.name, self.ready, self.wanted),
            );
        }
        if !self.exists {
            return verdict(false, Reason::NotFound, format!("{kind} {} does not exist yet", self.name));
        }
        match self.trouble(troubles) {
            Some(trouble) => verdict(false, trouble.reason, trouble.message.clone()),
            None => verdict(
                false,
                Reason::WaitingForAvailable,
                format!("{kind} {} has {} of {} pods ready", self.name, self.ready, self.wanted),
            ),
        }
    }

    fn rollout(&self, troubles: &[Trouble]) -> Verdict {
        let verdict = |status: bool, reason: Reason, message: String| {
            Verdict::new(ComponentConditionType::RolloutComplete, status, reason, message)
        };
        if !self.withheld.is_empty() {
            let names: Vec<&str> = self.withheld.iter().map(AsRef::as_ref).collect();
            return verdict(
                false,
                Reason::WaitingForDependencies,
                format!("Waiting for Dependencies: {}", names.join(", ")),
            );
        }
        if self.is_complete() {
            return verdict(true, Reason::AsExpected, hoist_api::conditions::ALL_IS_WELL.to_owned());
        }
        let message = self.trouble(troubles).map_or_else(
            || format!("{} of {} pods of {} are ready and up to date", self.ready, self.wanted, self.name),
            |trouble| trouble.message.clone(),
        );
        verdict(false, Reason::RolloutInProgress, message)
    }

    fn trouble<'a>(&self, troubles: &'a [Trouble]) -> Option<&'a Trouble> {
        troubles.iter().find(|trouble| trouble.component == self.name.as_ref())
    }
}
