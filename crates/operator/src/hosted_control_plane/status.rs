//! The status of a HostedControlPlane: pure, from what was validated, applied and learned.

use std::sync::Arc;

use hoist_api::HostedControlPlane;
use hoist_api::conditions::{ALL_IS_WELL, CONTROL_PLANE_AVAILABLE, ConditionType as Type, Reason};
use hoist_api::hosted_cluster::status::ApiEndpoint;
use hoist_api::hosted_cluster::version::{ClusterVersionStatus, ControlPlaneVersionStatus, DesiredRelease};
use hoist_api::hosted_control_plane::{HostedControlPlaneStatus, KubeconfigSecretRef};
use hoist_control_plane::ComponentName;
use hoist_controller::conditions::{Status, Verdict, find, merge};
use hoist_controller::error_chain;
use hoist_pki::table::names;
use hoist_plan::{Finding, Plan};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use super::apply::Applied;
use super::error::Error;
use super::pods::{self, Trouble};
use super::versions;
use super::workloads::Progress;
use crate::guest::State;
use crate::node_facts::is_ready;

/// What the status is computed from.
pub struct Judged<'a> {
    /// What validation had to say.
    pub findings: Vec<Finding>,
    /// The plan, when there is one.
    pub plan: Option<&'a Plan>,
    /// What applying it learned; `None` when nothing was applied.
    pub outcome: Option<Result<&'a Applied, &'a Error>>,
    /// How far each component is.
    pub progress: &'a [Progress],
    /// What the connection learned, and the hosted cluster's Nodes.
    pub guest: Option<&'a (State, Vec<Arc<Node>>)>,
    /// Pods of the control plane.
    pub pods: &'a [Pod],
}

/// The status.
pub fn compute(control_plane: &HostedControlPlane, judged: &Judged<'_>, now: Timestamp) -> HostedControlPlaneStatus {
    let before = control_plane.status.clone().unwrap_or_default();
    let generation = control_plane.metadata.generation.unwrap_or_default();
    let troubles = pods::troubles(judged.pods);
    let verdicts = verdicts(judged, &troubles, &before.conditions);
    let is_available =
        verdicts.iter().any(|verdict| verdict.type_ == Type::Available.as_ref() && verdict.status == Status::True);
    let applied = judged.outcome.and_then(Result::ok);
    let is_complete = applied.is_some() && judged.progress.iter().all(Progress::is_complete);
    let whole_second = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
    let advance = |previous: Option<&ClusterVersionStatus>, image: &str| match judged.plan {
        Some(plan) => {
            let desired = DesiredRelease {
                image: image.to_owned(),
                version: plan.release.version.to_string(),
                ..DesiredRelease::default()
            };
            Some(versions::advance(previous, desired, is_complete, generation, &whole_second))
        }
        None => previous.cloned(),
    };
    let spec = &control_plane.spec;
    let control_plane_image = spec.control_plane_release_image.as_ref().unwrap_or(&spec.release_image);
    let has_kubeconfig =
        applied.is_some_and(|applied| applied.pki.text(names::ADMIN_KUBECONFIG, names::KUBECONFIG_KEY).is_some());
    HostedControlPlaneStatus {
        ready: is_available,
        initialized: before.initialized || is_available,
        external_managed_control_plane: true,
        control_plane_endpoint: applied.and_then(|applied| applied.endpoints.as_ref().ok()).map_or(
            before.control_plane_endpoint,
            |endpoints| ApiEndpoint {
                host: endpoints.api_server.host.clone(),
                port: i32::from(endpoints.api_server.port),
            },
        ),
        version_status: advance(before.version_status.as_ref(), &spec.release_image),
        control_plane_version: advance(
            before.control_plane_version.clone().map(ClusterVersionStatus::from).as_ref(),
            control_plane_image,
        )
        .map(ControlPlaneVersionStatus::from),
        kube_config: if has_kubeconfig {
            Some(KubeconfigSecretRef {
                name: names::ADMIN_KUBECONFIG.to_owned(),
                key: names::KUBECONFIG_KEY.to_owned(),
            })
        } else {
            before.kube_config
        },
        node_count: judged.guest.and_then(|(_, nodes)| i32::try_from(nodes.len()).ok()).or(before.node_count),
        conditions: merge(&before.conditions, &verdicts, control_plane.metadata.generation, now),
        ..before
    }
}

fn verdicts(judged: &Judged<'_>, troubles: &[Trouble], before: &[Condition]) -> Vec<Verdict> {
    let infrastructure = infrastructure(judged);
    let etcd = etcd(judged, troubles);
    let api = api_server(judged, troubles);
    let mut all = vec![available(judged, &infrastructure, &etcd, &api), degraded(judged, troubles)];
    all.extend([infrastructure, api, etcd]);
    all.extend(valid(judged));
    all.extend(cluster_version(judged));
    all.extend(connections(judged, before));
    all.push(content(judged));
    all.push(reconciled(judged));
    for finding in &judged.findings {
        if !all.iter().any(|verdict| verdict.type_ == finding.condition.as_ref()) {
            all.push(Verdict::new(finding.condition, finding.status, finding.reason, finding.message.clone()));
        }
    }
    all
}

fn available(judged: &Judged<'_>, infrastructure: &Verdict, etcd: &Verdict, api: &Verdict) -> Verdict {
    let too_few_nodes = judged.findings.iter().find(|finding| finding.reason == Reason::InsufficientNodes);
    match [infrastructure, etcd, api].into_iter().find(|verdict| verdict.status != Status::True) {
        None => Verdict::new(Type::Available, true, Reason::AsExpected, CONTROL_PLANE_AVAILABLE),
        Some(missing) => match too_few_nodes {
            // Says what to do; the scheduler says only that it could not.
            Some(finding) if missing.reason == Reason::Unschedulable.as_ref() => {
                Verdict::new(Type::Available, false, finding.reason, finding.message.clone())
            }
            _ => Verdict::new(Type::Available, false, &missing.reason, missing.message.clone()),
        },
    }
}

fn degraded(judged: &Judged<'_>, troubles: &[Trouble]) -> Verdict {
    let from_plan = judged.findings.iter().find(|finding| finding.condition == Type::Degraded && finding.status);
    if let Some(finding) = from_plan {
        return Verdict::new(Type::Degraded, true, finding.reason, finding.message.clone());
    }
    if !troubles.is_empty() {
        let messages: Vec<&str> = troubles.iter().map(|trouble| trouble.message.as_str()).collect();
        return Verdict::new(Type::Degraded, true, troubles[0].reason, messages.join("; "));
    }
    Verdict::new(Type::Degraded, false, Reason::AsExpected, ALL_IS_WELL)
}

fn infrastructure(judged: &Judged<'_>) -> Verdict {
    let verdict =
        |status, reason: Reason, message: &str| Verdict::new(Type::InfrastructureReady, status, reason, message);
    match judged.outcome {
        Some(Ok(applied)) => match &applied.endpoints {
            Ok(_) => verdict(Status::True, Reason::AsExpected, ALL_IS_WELL),
            Err(pending) => verdict(Status::False, Reason::InfrastructureNotReady, &pending.to_string()),
        },
        Some(Err(error)) => verdict(Status::Unknown, Reason::ReconciliationError, &error_chain(error)),
        None if judged.progress.iter().any(|entry| entry.exists) => {
            verdict(Status::True, Reason::AsExpected, ALL_IS_WELL)
        }
        None => {
            let message = refusals(judged);
            verdict(Status::False, Reason::InvalidConfiguration, &message)
        }
    }
}

fn refusals(judged: &Judged<'_>) -> String {
    let messages: Vec<&str> = judged
        .findings
        .iter()
        .filter(|finding| !finding.status && finding.condition != Type::Degraded)
        .map(|finding| finding.message.as_str())
        .collect();
    messages.join("; ")
}

fn progress_of<'a>(judged: &'a Judged<'_>, name: ComponentName) -> Option<&'a Progress> {
    judged.progress.iter().find(|progress| progress.name == name)
}

fn etcd(judged: &Judged<'_>, troubles: &[Trouble]) -> Verdict {
    let verdict =
        |status: bool, reason: Reason, message: String| Verdict::new(Type::EtcdAvailable, status, reason, message);
    match progress_of(judged, ComponentName::Etcd).filter(|progress| progress.exists) {
        None => verdict(false, Reason::StatefulSetNotFound, "StatefulSet etcd does not exist yet".to_owned()),
        Some(progress) if progress.is_available() => verdict(
            true,
            Reason::QuorumAvailable,
            format!("{} of {} members are ready", progress.ready, progress.wanted),
        ),
        Some(progress) => match trouble_of(troubles, ComponentName::Etcd) {
            Some(trouble) => verdict(false, trouble.reason, trouble.message.clone()),
            None => verdict(
                false,
                Reason::EtcdWaitingForQuorum,
                format!(
                    "Waiting for etcd to reach quorum: {} of {} members are ready",
                    progress.ready, progress.wanted
                ),
            ),
        },
    }
}

fn api_server(judged: &Judged<'_>, troubles: &[Trouble]) -> Verdict {
    let verdict = |status: bool, reason: Reason, message: String| {
        Verdict::new(Type::KubeAPIServerAvailable, status, reason, message)
    };
    match progress_of(judged, ComponentName::KubeApiServer).filter(|progress| progress.exists) {
        None => verdict(false, Reason::NotFound, "Kube APIServer deployment not found".to_owned()),
        Some(progress) if progress.is_available() => {
            verdict(true, Reason::AsExpected, "Kube APIServer deployment is available".to_owned())
        }
        Some(_) => match trouble_of(troubles, ComponentName::KubeApiServer) {
            Some(trouble) => verdict(false, trouble.reason, trouble.message.clone()),
            None => verdict(
                false,
                Reason::WaitingForAvailable,
                "Waiting for Kube APIServer deployment to become available".to_owned(),
            ),
        },
    }
}

fn trouble_of(troubles: &[Trouble], name: ComponentName) -> Option<&Trouble> {
    troubles.iter().find(|trouble| trouble.component == name.as_ref())
}

fn valid(judged: &Judged<'_>) -> Vec<Verdict> {
    let type_ = Type::ValidHostedControlPlaneConfiguration;
    if judged.plan.is_some() {
        vec![Verdict::new(type_, true, Reason::AsExpected, "Configuration passes validation")]
    } else {
        vec![Verdict::new(type_, false, Reason::InvalidConfiguration, refusals(judged))]
    }
}

/// What HyperShift copies from the ClusterVersion object of the hosted cluster is said of the components here: there is none.
fn cluster_version(judged: &Judged<'_>) -> Vec<Verdict> {
    let is_complete = !judged.progress.is_empty() && judged.progress.iter().all(Progress::is_complete);
    let is_running = judged.progress.iter().all(Progress::is_available) && !judged.progress.is_empty();
    let version = judged.plan.map_or_else(String::new, |plan| plan.release.version.to_string());
    let pending: Vec<&str> =
        judged.progress.iter().filter(|entry| !entry.is_complete()).map(|entry| entry.name.into()).collect();
    let waiting = format!("Working towards {version}: waiting on {}", pending.join(", "));
    let verdict =
        |type_: Type, status: bool, message: String| Verdict::new(type_, status, Reason::FromClusterVersion, message);
    vec![
        verdict(
            Type::ClusterVersionAvailable,
            is_running,
            if is_running { format!("Done applying {version}") } else { waiting.clone() },
        ),
        verdict(
            Type::ClusterVersionProgressing,
            !is_complete,
            if is_complete { format!("Cluster version is {version}") } else { waiting.clone() },
        ),
        verdict(Type::ClusterVersionSucceeding, is_running, if is_running { ALL_IS_WELL.to_owned() } else { waiting }),
        verdict(
            Type::ClusterVersionReleaseAccepted,
            judged.plan.is_some(),
            match judged.plan {
                Some(plan) => format!("Payload loaded version=\"{version}\" image=\"{}\"", plan.release.reference),
                None => refusals(judged),
            },
        ),
        verdict(
            Type::ClusterVersionUpgradeable,
            is_complete,
            if is_complete { ALL_IS_WELL.to_owned() } else { "a rollout is under way".to_owned() },
        ),
    ]
}

fn connections(judged: &Judged<'_>, before: &[Condition]) -> Vec<Verdict> {
    let types = [Type::DataPlaneConnectionAvailable, Type::ControlPlaneConnectionAvailable];
    let both = |status: Status, reason: Reason, message: &str| {
        types.map(|type_| Verdict::new(type_, status, reason, message)).to_vec()
    };
    let Some((state, nodes)) = judged.guest else {
        return both(Status::Unknown, Reason::StatusUnknown, "the hosted API server was not reached yet");
    };
    if nodes.is_empty() {
        return both(Status::Unknown, Reason::NoWorkerNodesAvailable, "No worker nodes available");
    }
    let ready: Vec<&Arc<Node>> = nodes.iter().filter(|node| is_ready(node)).collect();
    let data_plane = match &state.data_plane {
        Some(Ok(())) => Verdict::new(types[0], true, Reason::AsExpected, ALL_IS_WELL),
        Some(Err(cause)) => Verdict::new(
            types[0],
            false,
            Reason::DataPlaneConnectionError,
            format!(
                "the log of a konnectivity agent cannot be read: {cause}; check that nodes reach the published konnectivity address"
            ),
        ),
        None => Verdict::new(types[0], Status::Unknown, Reason::NoWorkerNodesAvailable, "no worker node is ready"),
    };
    // A Node stays Ready only while its kubelet renews its lease: that it does is the proof of the way up.
    let was_up = find(before, types[1]).is_some_and(|condition| condition.status != Status::Unknown.as_str());
    let control_plane = if ready.is_empty() && !was_up {
        Verdict::new(types[1], Status::Unknown, Reason::NoWorkerNodesAvailable, "no worker node is ready yet")
    } else if ready.is_empty() {
        let names: Vec<String> = nodes.iter().map(|node| node.name_any()).collect();
        Verdict::new(
            types[1],
            false,
            Reason::NodesMissing,
            format!("no node reports to the API server ({}); see `hcp get hosts`", names.join(", ")),
        )
    } else {
        Verdict::new(types[1], true, Reason::AsExpected, ALL_IS_WELL)
    };
    vec![data_plane, control_plane]
}

fn content(judged: &Judged<'_>) -> Verdict {
    let type_ = Type::ConfigOperatorReconciliationSucceeded;
    match judged.guest.and_then(|(state, _)| state.content.as_ref()) {
        Some(Ok(())) => {
            Verdict::new(type_, true, Reason::ReconciliationSucceeded, "Reconciliation completed successfully")
        }
        Some(Err(cause)) => Verdict::new(
            type_,
            false,
            Reason::ReconciliationError,
            format!("the hosted cluster's own objects were not applied: {cause}; it is tried again"),
        ),
        None => Verdict::new(type_, Status::Unknown, Reason::StatusUnknown, "waiting for the hosted API server"),
    }
}

fn reconciled(judged: &Judged<'_>) -> Verdict {
    let type_ = Type::ReconciliationSucceeded;
    match judged.outcome {
        Some(Err(error)) => Verdict::new(type_, false, Reason::ReconciliationError, error_chain(error)),
        Some(Ok(_)) => {
            Verdict::new(type_, true, Reason::ReconciliationSucceeded, "Reconciliation completed successfully")
        }
        None => Verdict::new(type_, false, Reason::InvalidConfiguration, refusals(judged)),
    }
}
