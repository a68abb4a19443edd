//! Services of kube-apiserver and of the konnectivity server beside it.

use hoist_plan::Plan;
use hoist_plan::publishing::PublishedVia;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::PORT;
use super::konnectivity::AGENT_PORT;
use crate::{ComponentName, workload};

/// kube-apiserver, published and for the control plane's own components.
pub const API_SERVER_SERVICE: &str = "kube-apiserver";
/// konnectivity server, published for agents.
pub const KONNECTIVITY_SERVICE: &str = "konnectivity-server";

/// Both Services. Source: HyperShift `kas/service.go` and `konnectivity`.
pub fn services(plan: &Plan) -> Vec<Service> {
    let sources = (!plan.network.allowed_cidr_blocks.is_empty())
        .then(|| plan.network.allowed_cidr_blocks.iter().map(ToString::to_string).collect());
    vec![
        service(plan, API_SERVER_SERVICE, &plan.publishing.api_server, ("https", PORT, "client"), sources),
        service(plan, KONNECTIVITY_SERVICE, &plan.publishing.konnectivity, ("agent", AGENT_PORT, "agent"), None),
    ]
}

fn service(
    plan: &Plan,
    name: &str,
    via: &PublishedVia,
    (port_name, port, target): (&str, u16, &str),
    load_balancer_sources: Option<Vec<String>>,
) -> Service {
    Service {
        metadata: plan.identity.metadata(name),
        spec: Some(ServiceSpec {
            type_: Some(via.service_type().to_owned()),
            selector: Some(workload::selector(ComponentName::KubeApiServer)),
            load_balancer_source_ranges: load_balancer_sources
                .filter(|_| matches!(via, PublishedVia::LoadBalancer { .. })),
            // The first pod says better than nobody that it is not ready yet, and answers the moment it can: neither a probe nor a
            // change of rules lies between. Later, nobody may be led to a pod that comes up, nor to one that goes: such a Service
            // calls both ready.
            publish_not_ready_addresses: (plan.is_first_rollout && !plan.is_highly_available()).then_some(true),
            ports: Some(vec![ServicePort {
                name: Some(port_name.to_owned()),
                port: port.into(),
                target_port: Some(IntOrString::String(target.to_owned())),
                node_port: via.node_port().map(Into::into),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
