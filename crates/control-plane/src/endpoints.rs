//! Published addresses, read from the Services that publish them.

use hoist_plan::publishing::PublishedVia;
use hoist_plan::{Endpoints, HostPort, Plan};
use k8s_openapi::api::core::v1::{Service, ServicePort};

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
    /// The router is not there.
    #[error("the router's Service does not exist; install again with --router")]
    NoRouter,
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

/// The Services of this installation that stand before all hosted clusters.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrontServices {
    /// The bootstrap server's, once it is known.
    pub bootstrap: Option<Service>,
    /// The router's, where there is one.
    pub router: Option<Service>,
}

/// The endpoints of `plan`, given the Services as they are now: those of its namespace and those of the installation.
pub fn endpoints(plan: &Plan, services: &[Service], front: &FrontServices) -> Result<Endpoints, EndpointsPending> {
    let named = |name: &str| {
        services
            .iter()
            .find(|service| service.metadata.name.as_deref() == Some(name))
            .ok_or_else(|| EndpointsPending::Missing { name: name.to_owned() })
    };
    Ok(Endpoints {
        api_server: published(&plan.publishing.api_server, named(API_SERVER_SERVICE)?, front)?,
        konnectivity: published(&plan.publishing.konnectivity, named(KONNECTIVITY_SERVICE)?, front)?,
        bootstrap: bootstrap(&plan.publishing.ignition, front)?,
    })
}

/// Where joining hosts reach the bootstrap server.
pub fn bootstrap(via: &PublishedVia, front: &FrontServices) -> Result<HostPort, EndpointsPending> {
    let missing = || EndpointsPending::Missing { name: hoist_api::names::BOOTSTRAP.to_owned() };
    published(via, front.bootstrap.as_ref().ok_or_else(missing)?, front)
}

fn published(via: &PublishedVia, service: &Service, front: &FrontServices) -> Result<HostPort, EndpointsPending> {
    let name = || service.metadata.name.clone().unwrap_or_default();
    let port = first_port(service);
    match via {
        PublishedVia::NodePort { address, .. } => Ok(HostPort::new(address, node_port(service)?)),
        PublishedVia::Route { hostname } => {
            let router = front.router.as_ref().ok_or(EndpointsPending::NoRouter)?;
            let is_balanced = router.spec.as_ref().is_some_and(|spec| spec.type_.as_deref() == Some("LoadBalancer"));
            let of_balancer = first_port(router).and_then(|port| u16::try_from(port.port).ok()).filter(|_| is_balanced);
            Ok(HostPort::new(hostname, of_balancer.map_or_else(|| node_port(router), Ok)?))
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

fn first_port(service: &Service) -> Option<&ServicePort> {
    service.spec.as_ref()?.ports.as_ref()?.first()
}

fn node_port(service: &Service) -> Result<u16, EndpointsPending> {
    first_port(service)
        .and_then(|port| port.node_port)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|number| *number != 0)
        .ok_or_else(|| EndpointsPending::NoNodePort { name: service.metadata.name.clone().unwrap_or_default() })
}
