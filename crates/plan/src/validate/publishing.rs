//! Ways out: each service that is served has exactly one, of a type that is served, at an address that can work.

mod names;

use std::net::IpAddr;

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::services::{
    NodePortPublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServiceType,
};

use super::{Findings, Inputs};
use crate::routes::is_host_name;
use crate::{Finding, PublishedVia, Publishing};

/// Kubernetes' default range of node ports.
const DEFAULT_NODE_PORTS: (u16, u16) = (30000, 32767);

pub(super) fn publishing(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Publishing> {
    let api_server = one(inputs, ServiceType::APIServer, findings);
    let konnectivity = one(inputs, ServiceType::Konnectivity, findings);
    let ignition = one(inputs, ServiceType::Ignition, findings);
    not_served(inputs, findings);
    let publishing = Publishing { api_server: api_server?, konnectivity: konnectivity?, ignition: ignition? };
    names::check(inputs, findings);
    let ports = [publishing.api_server.node_port(), publishing.konnectivity.node_port()];
    if let [Some(first), Some(second)] = ports
        && first == second
    {
        return findings.invalid(format!(
            "spec.services publishes APIServer and Konnectivity at the same node port {first}: give them different ports, or \
             none to have them chosen"
        ));
    }
    Some(publishing)
}

fn one(inputs: &Inputs<'_>, service: ServiceType, findings: &mut Findings) -> Option<PublishedVia> {
    let mut strategies = inputs
        .spec
        .services
        .iter()
        .filter(|mapping| mapping.service == service)
        .map(|mapping| &mapping.service_publishing_strategy);
    let (first, second) = (strategies.next(), strategies.next());
    match (first, second) {
        (Some(strategy), None) => via(inputs, service, strategy, findings),
        (None, _) => findings.invalid(format!(
            "spec.services does not say how {service} is published: add an entry for it, of type NodePort, LoadBalancer or Route"
        )),
        (Some(_), Some(_)) => {
            findings.invalid(format!("spec.services has more than one entry for {service}: keep one of them"))
        }
    }
}

fn via(
    inputs: &Inputs<'_>,
    service: ServiceType,
    strategy: &ServicePublishingStrategy,
    findings: &mut Findings,
) -> Option<PublishedVia> {
    match strategy.type_ {
        PublishingStrategyType::NodePort => match &strategy.node_port {
            Some(node_port) => via_node_port(inputs, service, node_port, findings),
            None => findings.invalid(format!("spec.services: {service} is of type NodePort and has no nodePort.address")),
        },
        PublishingStrategyType::LoadBalancer if service == ServiceType::Ignition => findings.invalid(
            "spec.services: publishing Ignition by LoadBalancer is not served, because one bootstrap server serves all clusters; \
             choose NodePort or Route",
        ),
        PublishingStrategyType::LoadBalancer => {
            let hostname = strategy.load_balancer.as_ref().and_then(|settings| settings.hostname.clone());
            Some(PublishedVia::LoadBalancer { hostname: hostname.filter(|name| !name.is_empty()) })
        }
        PublishingStrategyType::Route => names::via_route(inputs, service, strategy, findings),
        other @ (PublishingStrategyType::None | PublishingStrategyType::S3) => findings.invalid(format!(
            "spec.services: publishing {service} by {other} is not served by this version of Hoist, which serves NodePort, \
             LoadBalancer and Route; choose one of them"
        )),
    }
}

fn via_node_port(
    inputs: &Inputs<'_>,
    service: ServiceType,
    strategy: &NodePortPublishingStrategy,
    findings: &mut Findings,
) -> Option<PublishedVia> {
    let before = findings.refusals.len();
    let address = strategy.address.trim();
    check_address(inputs, service, address, findings);
    let (lowest, highest) = inputs.observed.management.node_port_range.unwrap_or(DEFAULT_NODE_PORTS);
    let port = match strategy.port {
        None | Some(0) => None,
        Some(port) => match u16::try_from(port) {
            Ok(port) if (lowest..=highest).contains(&port) => Some(port),
            _ => findings.invalid(format!(
                "spec.services: port {port} of {service} is outside of the management cluster's node ports: expected {lowest} \
                 to {highest}, or none to have it chosen"
            )),
        },
    };
    (findings.refusals.len() == before).then(|| PublishedVia::NodePort { address: address.to_owned(), port })
}

fn check_address(inputs: &Inputs<'_>, service: ServiceType, address: &str, findings: &mut Findings) {
    let nodes = &inputs.observed.management.node_addresses;
    let Ok(ip) = address.parse::<IpAddr>() else {
        if !is_host_name(address) {
            findings.invalid::<()>(format!(
                "spec.services: address {address:?} of {service} is neither an IP address nor a host name: give one at which \
                 the nodes of the management cluster are reached"
            ));
        }
        return;
    };
    // A host name may stand for an address that a router translates; a plain address has to be a node's own.
    if !nodes.is_empty() && !nodes.contains(&ip) {
        let nodes: Vec<_> = nodes.iter().map(ToString::to_string).collect();
        findings.invalid::<()>(format!(
            "spec.services: address {ip} of {service} is no address of a management node ({}): give one of them, or a host \
             name if a router or load balancer stands before the nodes",
            nodes.join(", ")
        ));
    }
}

fn not_served(inputs: &Inputs<'_>, findings: &mut Findings) {
    let asked: Vec<_> = inputs
        .spec
        .services
        .iter()
        .map(|mapping| mapping.service)
        .filter(|service| matches!(service, ServiceType::OAuthServer | ServiceType::OIDC | ServiceType::OVNSbDb))
        .map(|service| service.to_string())
        .collect();
    let mut refused = Vec::new();
    if !asked.is_empty() {
        refused.push(format!(
            "{} accepted and not served by this version of Hoist; the cluster works without",
            asked.join(", ")
        ));
    }
    refused.extend(ignition_port(inputs));
    let finding = if refused.is_empty() {
        Finding {
            condition: ConditionType::ServicesServed,
            status: true,
            reason: Reason::AsExpected,
            message: hoist_api::conditions::ALL_IS_WELL.to_owned(),
        }
    } else {
        let message = format!("spec.services: {}", refused.join("; "));
        Finding::refused(ConditionType::ServicesServed, Reason::NotServed, message)
    };
    findings.notice(finding);
}

/// One bootstrap server serves all clusters, also hosts whose cluster is gone: no cluster chooses its port.
fn ignition_port(inputs: &Inputs<'_>) -> Option<String> {
    let mut services = inputs.spec.services.iter();
    let ignition = services.find(|mapping| mapping.service == ServiceType::Ignition)?;
    let port = ignition.service_publishing_strategy.node_port.as_ref()?.port.filter(|port| *port != 0)?;
    Some(format!(
        "port {port} of Ignition is not applied, because one bootstrap server serves all clusters; hosts join at \
         status.ignitionEndpoint, and the field can be left out"
    ))
}
