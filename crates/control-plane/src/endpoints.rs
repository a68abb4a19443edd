//! Published addresses, read from the Services that publish them.

use hoist_plan::publishing::PublishedVia;
use hoist_plan::{Endpoints, HostPort, Plan};
use k8s_openapi::api::core::v1::Service;

use crate::kube_apiserver::{API_SERVER_SERVICE, KONNECTIVITY_SERVICE};

/// A Service that has no address yet. Not an error: its watch brings the news.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointsPending {
    /// It does not exist yet.
    #[error("Service {name} does not exist yet")]
    Missing {
        /// Its name.
        name: String,
    },
    /// It has no node port yet.
    #[error("Service {name} has no node port yet")]
    NoNodePort {
        /// Its name.
        name: String,
    },
    /// Its load balancer has no address yet.
    #[error(
        "Service {name} of type LoadBalancer has no address yet; if this lasts, check that the management cluster has a \
         load balancer implementation"
    )]
    NoLoadBalancer {
        /// Its name.
        name: String,
    },
}

/// The endpoints of `plan`, given the Services as they are now: those of its namespace and the bootstrap server's.
pub fn endpoints(plan: &Plan, services: &[Service], bootstrap: &Service) -> Result<Endpoints, EndpointsPending> {
    let named = |name: &str| {
        services
            .iter()
            .find(|service| service.metadata.name.as_deref() == Some(name))
            .ok_or_else(|| EndpointsPending::Missing { name: name.to_owned() })
    };
    Ok(Endpoints {
        api_server: published(&plan.publishing.api_server, named(API_SERVER_SERVICE)?)?,
        konnectivity: published(&plan.publishing.konnectivity, named(KONNECTIVITY_SERVICE)?)?,
        bootstrap: published(&plan.publishing.ignition, bootstrap)?,
    })
}

fn published(via: &PublishedVia, service: &Service) -> Result<HostPort, EndpointsPending> {
    let name = || service.metadata.name.clone().unwrap_or_default();
    let port = service.spec.as_ref().and_then(|spec| spec.ports.as_ref()).and_then(|ports| ports.first());
    match via {
        PublishedVia::NodePort { address, .. } => {
            let number = port
                .and_then(|port| port.node_port)
                .and_then(|number| u16::try_from(number).ok())
                .filter(|number| *number != 0)
                .ok_or_else(|| EndpointsPending::NoNodePort { name: name() })?;
            Ok(HostPort::new(address, number))
        }
        PublishedVia::LoadBalancer { hostname } => {
            let pending = || EndpointsPending::NoLoadBalancer { name: name() };
            let ingress = service
                .status
                .as_ref()
                .and_then(|status| status.load_balancer.as_ref())
                .and_then(|balancer| balancer.ingress.as_ref())
                .and_then(|ingress| ingress.first())
                .ok_or_else(pending)?;
            let host = hostname.clone().or_else(|| ingress.hostname.clone()).or_else(|| ingress.ip.clone());
            let number = port.and_then(|port| u16::try_from(port.port).ok()).ok_or_else(pending)?;
            Ok(HostPort::new(host.ok_or_else(pending)?, number))
        }
    }
}
