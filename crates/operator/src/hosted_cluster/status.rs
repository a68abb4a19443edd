//! The status of a HostedCluster: pure. Most of it is what the HostedControlPlane says; what that cannot know is added.

use hoist_api::HostedCluster;
use hoist_api::conditions::{ALL_IS_WELL, ConditionType as Type, Reason};
use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_api::hosted_cluster::services::{PublishingStrategyType, ServiceType};
use hoist_api::hosted_cluster::status::{HostedClusterStatus, PayloadArchType};
use hoist_api::hosted_cluster::version::{ClusterVersionStatus, UpdateState};
use hoist_api::hosted_control_plane::HostedControlPlaneStatus;
use hoist_api::names;
use hoist_control_plane::FrontServices;
use hoist_control_plane::endpoints::bootstrap;
use hoist_controller::conditions::{Status, Verdict, find, merge};
use hoist_controller::error_chain;
use hoist_plan::routes::hostname;
use hoist_plan::{Finding, HostPort, Plan, PublishedVia};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;

use super::error::Error;
use super::namespace_of;
use super::observe::Observed;
use super::published_name::PublishedName;
use crate::paused::Pause;

/// What the status is computed from.
pub struct Judged<'a> {
    /// What validation had to say.
    pub findings: Vec<Finding>,
    /// The plan, when there is one.
    pub plan: Option<&'a Plan>,
    /// Whether the HostedControlPlane has the spec that follows from this one and had it before this pass; or why it was not
    /// applied.
    pub outcome: Result<bool, &'a Error>,
    /// What was read.
    pub observed: &'a Observed,
    /// Whether the cluster is paused.
    pub pause: &'a Pause,
    /// Services that stand before all hosted clusters.
    pub front: FrontServices,
    /// The name under which the API server is published, if there is one.
    pub published_name: Option<PublishedName>,
}

/// Conditions that are the HostedControlPlane's.
const BUBBLED: [Type; 14] = [
    Type::Degraded,
    Type::InfrastructureReady,
    Type::KubeAPIServerAvailable,
    Type::EtcdAvailable,
    Type::ValidHostedControlPlaneConfiguration,
    Type::ClusterVersionSucceeding,
    Type::ClusterVersionAvailable,
    Type::ClusterVersionReleaseAccepted,
    Type::ClusterVersionProgressing,
    Type::ClusterVersionUpgradeable,
    Type::ClusterVersionRetrievedUpdates,
    Type::ConfigOperatorReconciliationSucceeded,
    Type::DataPlaneConnectionAvailable,
    Type::ControlPlaneConnectionAvailable,
];

/// The status.
pub fn compute(hosted_cluster: &HostedCluster, judged: &Judged<'_>, now: Timestamp) -> HostedClusterStatus {
    let before = hosted_cluster.status.clone().unwrap_or_default();
    let below = judged.observed.control_plane.as_ref().and_then(|found| found.status.clone());
    let bootstrap = bootstrap_endpoint(hosted_cluster, judged);
    let verdicts = verdicts(hosted_cluster, judged, below.as_ref(), bootstrap.as_ref());
    let below = below.unwrap_or_default();
    let mut conditions = merge(&before.conditions, &verdicts, hosted_cluster.metadata.generation, now);
    keep_true_generations(&mut conditions, &before.conditions, &below.conditions, judged);
    HostedClusterStatus {
        version: below.version_status.or(before.version),
        control_plane_version: below.control_plane_version.or(before.control_plane_version),
        kubeconfig: below
            .kube_config
            .map(|_| LocalObjectReference::new(names::admin_kubeconfig(&hosted_cluster.name_any())))
            .or(before.kubeconfig),
        custom_kubeconfig: below
            .custom_kubeconfig
            .filter(|_| hosted_cluster.spec.kube_api_server_dns_name.as_ref().is_some_and(|name| !name.is_empty()))
            .map(|_| LocalObjectReference::new(names::custom_admin_kubeconfig(&hosted_cluster.name_any()))),
        ignition_endpoint: bootstrap.map(|endpoint| endpoint.to_string()).or(before.ignition_endpoint),
        control_plane_endpoint: if below.control_plane_endpoint.port == 0 {
            before.control_plane_endpoint
        } else {
            below.control_plane_endpoint
        },
        payload_arch: Some(PayloadArchType::AMD64),
        secret_encryption: below.secret_encryption.or(before.secret_encryption),
        conditions,
        ..before
    }
}

/// What the HostedControlPlane says speaks of this generation only once it has looked at the spec that follows from it.
fn keep_true_generations(conditions: &mut [Condition], before: &[Condition], below: &[Condition], judged: &Judged<'_>) {
    let generation = judged.observed.control_plane.as_ref().and_then(|found| found.metadata.generation);
    let is_current = judged.outcome.is_ok_and(|is_current| is_current);
    for condition in conditions.iter_mut() {
        let is_copied = condition.type_ == Type::Available.as_ref()
            || condition.type_ == Type::EtcdDataEncryptionUpToDate.as_ref()
            || BUBBLED.iter().any(|type_| condition.type_ == type_.as_ref());
        let Some(copied) = find(below, &condition.type_).filter(|_| is_copied) else { continue };
        if !is_current || copied.observed_generation != generation {
            condition.observed_generation =
                find(before, &condition.type_).and_then(|before| before.observed_generation);
        }
    }
}

fn verdicts(
    hosted_cluster: &HostedCluster,
    judged: &Judged<'_>,
    below: Option<&HostedControlPlaneStatus>,
    bootstrap: Option<&HostPort>,
) -> Vec<Verdict> {
    let no_conditions = Vec::new();
    let conditions = below.map_or(&no_conditions, |status| &status.conditions);
    let mut all = vec![
        available(judged, conditions),
        progressing(hosted_cluster, judged, below.and_then(|status| status.version_status.as_ref())),
    ];
    all.extend(BUBBLED.map(|type_| bubbled(type_, conditions)));
    all.extend(find(conditions, Type::EtcdDataEncryptionUpToDate).map(Verdict::copied));
    all.push(found(judged, Type::ValidConfiguration, "Configuration passes validation"));
    all.push(found(judged, Type::SupportedHostedCluster, "HostedCluster is supported by operator configuration"));
    all.extend(release(judged));
    all.push(match bootstrap {
        Some(endpoint) => Verdict::new(
            Type::IgnitionEndpointAvailable,
            true,
            Reason::AsExpected,
            format!("joining hosts reach {endpoint}"),
        ),
        None => Verdict::new(
            Type::IgnitionEndpointAvailable,
            false,
            Reason::InfrastructureNotReady,
            format!(
                "Service {} of the operator has no port yet; see it in namespace {}",
                names::BOOTSTRAP,
                names::OPERATOR_NAMESPACE
            ),
        ),
    });
    all.push(active(judged.pause));
    all.push(reconciled(judged, conditions));
    all.push(Verdict::new(
        Type::PlatformCredentialsFound,
        true,
        Reason::AsExpected,
        "Required platform credentials are found",
    ));
    all.push(resolvable(judged.published_name.as_ref()));
    for finding in &judged.findings {
        if !all.iter().any(|verdict| verdict.type_ == finding.condition.as_ref()) {
            all.push(Verdict::new(finding.condition, finding.status, finding.reason, finding.message.clone()));
        }
    }
    all
}

fn refusals(judged: &Judged<'_>, only: Option<Type>) -> Option<(Reason, String)> {
    if judged.plan.is_some() {
        return None;
    }
    let refused: Vec<&Finding> =
        judged.findings.iter().filter(|finding| only.is_none_or(|type_| finding.condition == type_)).collect();
    let messages: Vec<&str> = refused.iter().map(|finding| finding.message.as_str()).collect();
    Some((refused.first()?.reason, messages.join("; ")))
}

fn available(judged: &Judged<'_>, conditions: &[Condition]) -> Verdict {
    match (find(conditions, Type::Available), refusals(judged, None)) {
        (Some(condition), _) => Verdict::copied(condition),
        (None, Some((reason, message))) => Verdict::new(Type::Available, false, reason, message),
        (None, None) => Verdict::new(
            Type::Available,
            false,
            Reason::WaitingForAvailable,
            "Waiting for hosted control plane to be available",
        ),
    }
}

fn progressing(hosted_cluster: &HostedCluster, judged: &Judged<'_>, version: Option<&ClusterVersionStatus>) -> Verdict {
    if let Some((_, message)) = refusals(judged, None) {
        return Verdict::new(Type::Progressing, true, Reason::Blocked, message);
    }
    let newest = version.and_then(|version| version.history.first());
    let is_there = newest.is_some_and(|newest| {
        newest.state == UpdateState::Completed && newest.image == hosted_cluster.spec.release.image
    });
    if is_there {
        return Verdict::new(Type::Progressing, false, Reason::AsExpected, "HostedCluster is at expected version");
    }
    let message = match judged.plan {
        Some(plan) => format!("Working towards {}", plan.release.version),
        None => "Working towards the release image".to_owned(),
    };
    Verdict::new(Type::Progressing, true, Reason::Progressing, message)
}

fn bubbled(type_: Type, conditions: &[Condition]) -> Verdict {
    match find(conditions, type_) {
        Some(condition) => Verdict::copied(condition),
        None => Verdict::new(
            type_,
            Status::Unknown,
            Reason::StatusUnknown,
            "The hosted control plane does not report it yet",
        ),
    }
}

fn found(judged: &Judged<'_>, type_: Type, well: &str) -> Verdict {
    match refusals(judged, Some(type_)) {
        Some((reason, message)) => Verdict::new(type_, false, reason, message),
        None => Verdict::new(type_, true, Reason::AsExpected, well),
    }
}

/// The image itself, and what is known of its version.
fn release(judged: &Judged<'_>) -> Vec<Verdict> {
    let info = match (&judged.observed.facts.release, &judged.observed.release_failure) {
        (_, Some(failure)) => Verdict::new(Type::ValidReleaseInfo, false, &failure.reason, failure.message.clone()),
        _ => Verdict::new(Type::ValidReleaseInfo, true, Reason::AsExpected, ALL_IS_WELL),
    };
    let image = match (&judged.observed.release_failure, refusals(judged, Some(Type::ValidReleaseImage))) {
        (Some(failure), _) => Verdict::new(Type::ValidReleaseImage, false, &failure.reason, failure.message.clone()),
        (None, Some((reason, message))) => Verdict::new(Type::ValidReleaseImage, false, reason, message),
        (None, None) => Verdict::new(Type::ValidReleaseImage, true, Reason::AsExpected, "Release image is valid"),
    };
    vec![image, info]
}

fn active(pause: &Pause) -> Verdict {
    let type_ = Type::ReconciliationActive;
    match pause {
        Pause::No => Verdict::new(type_, true, Reason::AsExpected, "Reconciliation active on resource"),
        Pause::ForGood => {
            Verdict::new(type_, false, Reason::ReconciliationPaused, "Reconciliation paused until field removed")
        }
        Pause::Until(date) => {
            Verdict::new(type_, false, Reason::ReconciliationPaused, format!("Reconciliation paused until: {date}"))
        }
        Pause::Invalid(message) => Verdict::new(type_, true, Reason::InvalidPausedUntilValue, message.clone()),
    }
}

/// Our own pass and the HostedControlPlane's.
fn reconciled(judged: &Judged<'_>, conditions: &[Condition]) -> Verdict {
    let type_ = Type::ReconciliationSucceeded;
    if let Err(error) = judged.outcome {
        return Verdict::new(type_, false, Reason::ReconciliationError, error_chain(error));
    }
    if let Some((reason, message)) = refusals(judged, None) {
        return Verdict::new(type_, false, reason, message);
    }
    match find(conditions, type_).filter(|condition| condition.status == "False") {
        Some(condition) => Verdict::copied(condition),
        None => Verdict::new(type_, true, Reason::ReconciliationSucceeded, "Reconciliation completed successfully"),
    }
}

fn resolvable(published: Option<&PublishedName>) -> Verdict {
    let type_ = Type::ExternalDNSReachable;
    match published {
        None => Verdict::new(type_, Status::Unknown, Reason::StatusUnknown, "External DNS is not configured"),
        Some(PublishedName { failure: None, .. }) => Verdict::new(type_, true, Reason::AsExpected, ALL_IS_WELL),
        Some(PublishedName { name, failure: Some(cause) }) => Verdict::new(
            type_,
            false,
            Reason::ExternalDNSHostNotReachable,
            format!(
                "the API server is published as {name}, and the management cluster cannot resolve it: {cause}; let the name lead to \
                 the router or load balancer, where users and hosts look it up"
            ),
        ),
    }
}

/// Where joining hosts reach the bootstrap server; also of a cluster that is not valid, whose hosts go on.
fn bootstrap_endpoint(hosted_cluster: &HostedCluster, judged: &Judged<'_>) -> Option<HostPort> {
    let entry = hosted_cluster.spec.services.iter().find(|entry| entry.service == ServiceType::Ignition)?;
    let strategy = &entry.service_publishing_strategy;
    let via = match &strategy.node_port {
        Some(node_port) => PublishedVia::NodePort { address: node_port.address.clone(), port: None },
        None if strategy.type_ == PublishingStrategyType::Route => {
            let domain = judged.observed.facts.management.router.as_ref()?.domain.as_deref();
            let hostname = hostname(entry.service, strategy, &namespace_of(hosted_cluster), domain)?;
            PublishedVia::Route { hostname }
        }
        None => return None,
    };
    bootstrap(&via, &judged.front).ok()
}
