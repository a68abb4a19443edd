//! From what a user wrote to a [`Plan`], or to every reason why not.
//!
//! All rules run even after one has failed, so that a person sees everything that is wrong at once.

mod annotations;
mod authentication;
mod certificates;
mod configuration;
mod fields;
mod hosts;
mod identity;
mod network;
mod platform;
mod priority;
mod publishing;
mod release;
mod resources;
mod secrets;
mod storage;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hoist_api::annotations::{DISABLE_PKI_RECONCILIATION, RESTART_DATE};
use hoist_api::hosted_cluster::AvailabilityPolicy;
use hoist_api::hosted_control_plane::HostedControlPlaneSpec;

use crate::{Finding, Identity, Observed, Plan, Scheduling};

/// Members of a highly available etcd, each on a node of its own.
pub const HIGHLY_AVAILABLE_MEMBERS: u8 = 3;

/// What is validated.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Names, made by the caller.
    pub identity: &'a Identity,
    /// The spec; the HostedCluster's controller validates the spec that it is about to write.
    pub spec: &'a HostedControlPlaneSpec,
    /// Annotations of the HostedCluster or HostedControlPlane.
    pub annotations: &'a BTreeMap<String, String>,
    /// The world.
    pub observed: &'a Observed,
}

/// A plan, and what a person should know although it can be carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The plan.
    pub plan: Plan,
    /// True statements that belong into conditions: services not served, missing nodes, the network's true provider.
    pub notices: Vec<Finding>,
}

/// Checks everything. `Err` holds at least one finding.
pub fn validate(inputs: &Inputs<'_>) -> Result<Checked, Vec<Finding>> {
    let mut findings = Findings::default();
    identity::check(inputs, &mut findings);
    platform::check(inputs, &mut findings);
    let release = release::release(inputs, &mut findings);
    let network = network::network(inputs, &mut findings);
    let publishing = publishing::publishing(inputs, &mut findings);
    let etcd = storage::etcd(inputs, &mut findings);
    let secrets = secrets::secrets(inputs, &mut findings);
    let resource_overrides = resources::overrides(inputs, &mut findings);
    let api_server_tuning = annotations::tuning(inputs, &mut findings);
    let request_serving_nodes = annotations::request_serving_nodes(inputs, &mut findings);
    annotations::check(inputs, &mut findings);
    let (hosts, unserved) = hosts::hosts(inputs, network.as_ref(), &mut findings);
    fields::check(inputs, unserved, &mut findings);
    let api_server_configuration =
        configuration::api_server(inputs, network.as_ref(), publishing.as_ref(), &mut findings);
    let priority_classes = priority::classes(inputs, &mut findings);
    let Findings { refusals, notices } = findings;
    match (release, network, publishing, etcd, secrets) {
        (Some((release, images)), Some(network), Some(publishing), Some(etcd), Some(secrets))
            if refusals.is_empty() =>
        {
            let spec = inputs.spec;
            let plan = Plan {
                identity: inputs.identity.clone(),
                release,
                is_first_rollout: inputs.observed.running_version.is_none(),
                images,
                availability: spec.controller_availability_policy,
                infrastructure_availability: spec.infrastructure_availability_policy,
                network,
                publishing,
                etcd,
                encryption: secrets.encryption,
                issuer_url: spec.issuer_url.clone(),
                custom_api_server_name: spec.kube_api_server_dns_name.clone().filter(|name| !name.is_empty()),
                scheduling: Scheduling {
                    node_selector: spec.node_selector.clone().unwrap_or_default(),
                    tolerations: spec.tolerations.clone().unwrap_or_default(),
                    labels: spec.labels.clone().unwrap_or_default(),
                    request_serving_nodes,
                    restart_date: inputs.annotations.get(RESTART_DATE).cloned(),
                    priority_classes,
                },
                resource_overrides,
                api_server_tuning,
                api_server_configuration,
                is_pki_frozen: inputs.annotations.get(DISABLE_PKI_RECONCILIATION).is_some_and(|value| value != "false"),
                pull_secret: spec.pull_secret.name.clone(),
                trust_bundle: secrets.trust_bundle,
                hosts,
                service_account_signing_key: secrets.service_account_signing_key,
            };
            Ok(Checked { plan, notices })
        }
        _ => Err(refusals),
    }
}

/// Members of etcd, and nodes that the control plane needs.
fn members(spec: &HostedControlPlaneSpec) -> u8 {
    match spec.controller_availability_policy {
        AvailabilityPolicy::HighlyAvailable => HIGHLY_AVAILABLE_MEMBERS,
        AvailabilityPolicy::SingleReplica => 1,
    }
}

/// What the rules found. A rule that returns `None` has refused something.
#[derive(Debug, Default)]
struct Findings {
    refusals: Vec<Finding>,
    notices: Vec<Finding>,
}

impl Findings {
    /// Refuses with `ValidConfiguration=False`, and gives `None` for the caller to pass on.
    fn invalid<T>(&mut self, message: impl Into<String>) -> Option<T> {
        self.refuse(Finding::invalid(message))
    }

    fn refuse<T>(&mut self, finding: Finding) -> Option<T> {
        self.refusals.push(finding);
        None
    }

    fn notice(&mut self, finding: Finding) {
        self.notices.push(finding);
    }
}
