//! The status of a HostedControlPlane: pure, from what was validated, applied and learned.

mod connections;

use std::sync::Arc;

use hoist_api::conditions::{ALL_IS_WELL, CONTROL_PLANE_AVAILABLE, ConditionType as Type, Reason};
use hoist_api::hosted_cluster::networking::NetworkType;
use hoist_api::hosted_cluster::references::KubeconfigSecretRef;
use hoist_api::hosted_cluster::secret_encryption::SecretEncryptionStatus;
use hoist_api::hosted_cluster::status::ApiEndpoint;
use hoist_api::hosted_cluster::version::{ClusterVersionStatus, ControlPlaneVersionStatus, DesiredRelease};
use hoist_api::hosted_control_plane::HostedControlPlaneStatus;
use hoist_api::{HostedControlPlane, NodePool};
use hoist_control_plane::ComponentName;
use hoist_controller::conditions::{Status, Verdict, find, merge};
use hoist_controller::error_chain;
use hoist_pki::table::names;
use hoist_plan::{Finding, Plan};
use hoist_release::skew::SkewError;
use hoist_release::{Release, skew};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::ResourceExt;

use super::apply::Applied;
use super::cluster_operators::{self, Part};
use super::cluster_version::{self, Version};
use super::encryption;
use super::error::Error;
use super::pods::{self, Trouble};
use super::versions;
use super::workloads::Progress;
use crate::guest::State;
use crate::releases::Failure;
use crate::supported_releases;

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
    /// NodePools of the cluster, each with its release.
    pub node_pools: &'a [(NodePool, Result<Arc<Release>, Failure>)],
    /// What the installation offers.
    pub supported: Option<&'a ConfigMap>,
}

/// How the parts of the hosted cluster are, and what that makes of its versions.
pub struct Judgement {
    /// The parts.
    pub parts: Vec<Part>,
    /// What is said of the versions.
    pub version: Version,
    /// Versions of the hosted cluster.
    status: Option<ClusterVersionStatus>,
}

/// Judges the parts and the versions.
pub fn judge(control_plane: &HostedControlPlane, judged: &Judged<'_>, now: Timestamp) -> Judgement {
    let before = control_plane.status.as_ref().and_then(|status| status.version_status.as_ref());
    let version = judged.plan.map(|plan| plan.release.version.to_string());
    let parts = cluster_operators::parts(&cluster_operators::Inputs {
        progress: judged.progress,
        troubles: &pods::troubles(judged.pods),
        guest: judged.guest,
        has_own_network: control_plane.spec.networking.network_type != NetworkType::Other,
        // While the spec is refused, everything stays at the version that was wanted last.
        version: version.or_else(|| before.map(|before| before.desired.version.clone())),
        was_complete: cluster_version::was_complete(before),
    });
    let updates = judged.plan.and_then(|plan| supported_releases::updates(judged.supported, &plan.release.version));
    let status = match judged.plan {
        Some(plan) => {
            let is_complete =
                judged.outcome.is_some_and(|outcome| outcome.is_ok()) && parts.iter().all(Part::is_complete);
            let desired = DesiredRelease {
                image: control_plane.spec.release_image.clone(),
                version: plan.release.version.to_string(),
                ..DesiredRelease::default()
            };
            let generation = control_plane.metadata.generation.unwrap_or_default();
            let mut status = versions::advance(before, desired, is_complete, generation, &whole_second(now));
            status.available_updates.clone_from(&updates);
            Some(status)
        }
        None => before.cloned(),
    };
    let version = cluster_version::judge(&cluster_version::Inputs {
        versions: status.as_ref(),
        parts: &parts,
        release: match judged.plan {
            Some(plan) => Ok((plan.release.reference.to_string(), plan.release.version.to_string())),
            None => Err(refusals(judged)),
        },
        not_upgradeable: not_upgradeable(judged),
        updates: status.as_ref().and_then(|status| status.available_updates.as_deref()),
    });
    Judgement { parts, version, status }
}

/// What the next minor version would leave behind, and a datastore that must not be touched.
fn not_upgradeable(judged: &Judged<'_>) -> Option<(Reason, String)> {
    let current = &judged.plan?.release.version;
    let mut next = current.clone();
    next.minor += 1;
    let old: Vec<String> = judged
        .node_pools
        .iter()
        .filter_map(|(pool, release)| Some((pool, &release.as_ref().ok()?.version)))
        .filter(|(_, version)| matches!(skew::check_node_pool(&next, version), Err(SkewError::NodeTooOld { .. })))
        .map(|(pool, version)| format!("NodePool {} has version {version}", pool.name_any()))
        .collect();
    if !old.is_empty() {
        let message =
            format!("{}: too old for a control plane of 1.{}; upgrade its nodes first", old.join(", "), next.minor);
        return Some((Reason::KubeletMinorVersionUnsupportedNextUpgrade, message));
    }
    let etcd = progress_of(judged, ComponentName::Etcd).filter(|etcd| etcd.exists)?;
    (etcd.ready < etcd.wanted).then(|| {
        let message = format!("{} of {} members of etcd are ready; wait until all are", etcd.ready, etcd.wanted);
        (Reason::EtcdWaitingForQuorum, message)
    })
}

fn whole_second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// The status.
pub fn compute(
    control_plane: &HostedControlPlane,
    judged: &Judged<'_>,
    judgement: &Judgement,
    now: Timestamp,
) -> HostedControlPlaneStatus {
    let before = control_plane.status.clone().unwrap_or_default();
    let generation = control_plane.metadata.generation.unwrap_or_default();
    let troubles = pods::troubles(judged.pods);
    let encryption = encryption::advanced(judged, now).or_else(|| before.secret_encryption.clone());
    let verdicts = verdicts(judged, judgement, encryption.as_ref(), &troubles, &before.conditions);
    let is_available =
        verdicts.iter().any(|verdict| verdict.type_ == Type::Available.as_ref() && verdict.status == Status::True);
    let applied = judged.outcome.and_then(Result::ok);
    let is_complete = applied.is_some() && judged.progress.iter().all(Progress::is_complete);
    let advance = |previous: Option<&ClusterVersionStatus>, image: &str| match judged.plan {
        Some(plan) => {
            let desired = DesiredRelease {
                image: image.to_owned(),
                version: plan.release.version.to_string(),
                ..DesiredRelease::default()
            };
            Some(versions::advance(previous, desired, is_complete, generation, &whole_second(now)))
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
        version_status: judgement.status.clone(),
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
        custom_kubeconfig: applied
            .and_then(|applied| applied.pki.text(names::CUSTOM_ADMIN_KUBECONFIG, names::KUBECONFIG_KEY))
            .map(|_| KubeconfigSecretRef {
                name: names::CUSTOM_ADMIN_KUBECONFIG.to_owned(),
                key: names::KUBECONFIG_KEY.to_owned(),
            })
            .or_else(|| {
                let has_name = spec.kube_api_server_dns_name.as_ref().is_some_and(|name| !name.is_empty());
                before.custom_kubeconfig.clone().filter(|_| has_name)
            }),
        node_count: judged
            .guest
            .filter(|(state, _)| state.knows_nodes)
            .and_then(|(_, nodes)| i32::try_from(nodes.len()).ok())
            .or(before.node_count),
        secret_encryption: encryption,
        conditions: merge(&before.conditions, &verdicts, control_plane.metadata.generation, now),
        ..before
    }
}

fn verdicts(
    judged: &Judged<'_>,
    judgement: &Judgement,
    encryption: Option<&SecretEncryptionStatus>,
    troubles: &[Trouble],
    before: &[Condition],
) -> Vec<Verdict> {
    let infrastructure = infrastructure(judged);
    let etcd = etcd(judged, troubles);
    let api = api_server(judged, troubles);
    let mut all = vec![available(judged, &infrastructure, &etcd, &api), degraded(judged, troubles)];
    all.extend([infrastructure, api, etcd]);
    all.extend(valid(judged));
    let inside: Vec<Verdict> = judgement
        .version
        .conditions()
        .into_iter()
        .chain(connections::verdicts(judged, before))
        .chain(std::iter::once(content(judged)))
        .collect();
    let is_settled = cluster_operators::is_settled(judged.guest);
    all.extend(inside.into_iter().map(|verdict| match find(before, &verdict.type_) {
        Some(said) if !is_settled => Verdict::copied(said),
        _ => verdict,
    }));
    all.push(reconciled(judged));
    all.extend(encryption::verdict(encryption, judged.guest.map(|(state, _)| state)));
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

#[cfg(test)]
mod tests;
