//! Routes: the router has to be there, each name has to be one, and to lead to one place only.

use hoist_api::hosted_cluster::services::{ServicePublishingStrategy, ServiceType};

use crate::PublishedVia;
use crate::routes::{Route, hostname, is_host_name, routes};
use crate::validate::{Findings, Inputs};

pub(super) fn via_route(
    inputs: &Inputs<'_>,
    service: ServiceType,
    strategy: &ServicePublishingStrategy,
    findings: &mut Findings,
) -> Option<PublishedVia> {
    let Some(router) = &inputs.observed.management.router else {
        return findings.invalid(format!(
            "spec.services: publishing {service} by Route needs the router, and this installation has none: install again with \
             --router NodePort or --router LoadBalancer, or publish {service} by NodePort"
        ));
    };
    match hostname(service, strategy, &inputs.identity.namespace, router.domain.as_deref()) {
        Some(hostname) if is_host_name(&hostname) => Some(PublishedVia::Route { hostname }),
        Some(hostname) => findings.invalid(format!(
            "spec.services: {hostname:?} of {service} is no host name, and the router knows services by their names: give one \
             that leads to the router"
        )),
        None => findings.invalid(format!(
            "spec.services: {service} is of type Route and has no route.hostname: give a name that leads to the router, or install \
             again with --router-domain to have names made"
        )),
    }
}

/// A name leads to one service of one cluster. Ignition is the exception: one bootstrap server serves all clusters.
pub(super) fn check(inputs: &Inputs<'_>, findings: &mut Findings) {
    let management = &inputs.observed.management;
    let Some(router) = &management.router else { return };
    let own_name = inputs.spec.kube_api_server_dns_name.as_deref();
    let own = routes(&inputs.spec.services, own_name, &inputs.identity.namespace, router.domain.as_deref());
    for (index, route) in own.iter().enumerate() {
        let Route { hostname, service } = route;
        if let Some(other) = own[..index].iter().find(|other| other.hostname == *hostname && other.service != *service)
        {
            findings.invalid::<()>(format!(
                "spec.services gives {hostname} to {service} and to {}: the router tells services apart by their names; give \
                 each its own",
                other.service
            ));
        }
        let taken = management
            .taken_routes
            .iter()
            .find(|(taken, _)| taken.hostname == *hostname && !are_ignition(route, taken));
        if let Some((taken, owner)) = taken {
            findings.invalid::<()>(format!(
                "spec.services: {hostname} of {service} leads to {} of HostedCluster {owner} already: give another name",
                taken.service
            ));
        }
    }
}

fn are_ignition(one: &Route, other: &Route) -> bool {
    [one, other].iter().all(|route| route.service == ServiceType::Ignition)
}
