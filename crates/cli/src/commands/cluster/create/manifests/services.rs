//! How each service is reached, in the order that HyperShift writes: by name.

use serde_json::{Value, json};

use crate::commands::cluster::create::platform::Publishing;

/// Services that are published at node ports.
const AT_NODE_PORTS: [&str; 5] = ["APIServer", "Ignition", "Konnectivity", "OAuthServer", "OIDC"];
/// Services that are published by Routes, besides the API server.
const BY_ROUTES: [&str; 3] = ["Ignition", "Konnectivity", "OAuthServer"];

/// `spec.services` of the HostedCluster.
pub fn services(publishing: &Publishing) -> Value {
    match publishing {
        Publishing::NodePort { address } => {
            let address = address.as_deref().unwrap_or_default();
            AT_NODE_PORTS.iter().map(|service| at_node_port(service, address)).collect()
        }
        Publishing::LoadBalancer { address } => [by("APIServer", "LoadBalancer")]
            .into_iter()
            .chain(AT_NODE_PORTS[1..].iter().map(|service| at_node_port(service, address)))
            .collect(),
        Publishing::Ingress { external_dns } => {
            let api_server = by("APIServer", if *external_dns { "Route" } else { "LoadBalancer" });
            [api_server].into_iter().chain(BY_ROUTES.iter().map(|service| by(service, "Route"))).collect()
        }
    }
}

fn by(service: &str, strategy: &str) -> Value {
    json!({"service": service, "servicePublishingStrategy": {"type": strategy}})
}

fn at_node_port(service: &str, address: &str) -> Value {
    json!({
        "service": service,
        "servicePublishingStrategy": {"type": "NodePort", "nodePort": {"address": address}},
    })
}
