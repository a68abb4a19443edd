//! Publishing by name.

use hoist_api::hosted_cluster::services::{
    HostnamePublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServiceType,
};

use super::assert_invalid;
use crate::PublishedVia;
use crate::fixtures::{Case, case};
use crate::observed::Router;
use crate::routes::Route;

#[test]
fn ignition_is_not_published_by_a_load_balancer() {
    let mut case = case();
    let ignition = case.spec.services.iter_mut().find(|mapping| mapping.service == ServiceType::Ignition).unwrap();
    ignition.service_publishing_strategy = ServicePublishingStrategy {
        type_: PublishingStrategyType::LoadBalancer,
        ..ServicePublishingStrategy::default()
    };
    assert_invalid(&case, &["Ignition by LoadBalancer", "NodePort or Route"]);
}

/// The case with a router, and `service` published by Route.
fn routed(services: &[(ServiceType, Option<&str>)]) -> Case {
    let mut case = case();
    case.observed.management.router = Some(Router::default());
    for (service, hostname) in services {
        let mapping = case.spec.services.iter_mut().find(|mapping| mapping.service == *service).unwrap();
        mapping.service_publishing_strategy = ServicePublishingStrategy {
            type_: PublishingStrategyType::Route,
            route: hostname.map(|name| HostnamePublishingStrategy { hostname: Some(name.to_owned()) }),
            ..ServicePublishingStrategy::default()
        };
    }
    case
}

#[test]
fn a_route_has_the_users_name_or_one_of_the_routers_domain() {
    let mut case = routed(&[(ServiceType::APIServer, Some("api.example.com")), (ServiceType::Konnectivity, None)]);
    assert_invalid(&case, &["Konnectivity", "no route.hostname", "--router-domain"]);
    case.observed.management.router = Some(Router { domain: Some("apps.example.com".to_owned()), ..Router::default() });
    let publishing = case.plan().publishing;
    assert_eq!(publishing.api_server, PublishedVia::Route { hostname: "api.example.com".to_owned() });
    assert_eq!(publishing.api_server.service_type(), "ClusterIP");
    assert_eq!(publishing.konnectivity.host(), Some("konnectivity-server-clusters-demo.apps.example.com"));
}

#[test]
fn a_route_needs_the_router() {
    let mut case = routed(&[(ServiceType::APIServer, Some("api.example.com"))]);
    case.observed.management.router = None;
    assert_invalid(&case, &["APIServer by Route", "--router NodePort"]);
}

#[test]
fn a_route_has_a_name_and_no_address() {
    assert_invalid(&routed(&[(ServiceType::APIServer, Some("10.200.0.10"))]), &["10.200.0.10", "no host name"]);
}

#[test]
fn a_name_leads_to_one_place() {
    let same = Some("demo.example.com");
    let twice = routed(&[(ServiceType::APIServer, same), (ServiceType::Konnectivity, same)]);
    assert_invalid(&twice, &["demo.example.com", "APIServer", "Konnectivity", "give each its own"]);

    let mut taken = routed(&[(ServiceType::APIServer, Some("API.example.com"))]);
    let route = Route { hostname: "api.example.com".to_owned(), service: ServiceType::APIServer };
    taken.observed.management.taken_routes = vec![(route, "clusters/older".to_owned())];
    assert_invalid(&taken, &["api.example.com", "HostedCluster clusters/older already"]);

    let mut own_name = routed(&[(ServiceType::APIServer, Some("api.demo.example.com"))]);
    own_name.spec.kube_api_server_dns_name = Some("api.example.com".to_owned());
    own_name.observed.management.taken_routes = taken.observed.management.taken_routes;
    assert_invalid(&own_name, &["api.example.com", "clusters/older already"]);
}

#[test]
fn ignition_of_all_clusters_may_have_one_name() {
    let mut case = routed(&[(ServiceType::Ignition, Some("join.example.com"))]);
    let route = Route { hostname: "join.example.com".to_owned(), service: ServiceType::Ignition };
    case.observed.management.taken_routes = vec![(route, "clusters/older".to_owned())];
    assert_eq!(case.plan().publishing.ignition.host(), Some("join.example.com"));
}

#[test]
fn a_list_of_allowed_clients_needs_a_router_that_sees_them() {
    use hoist_api::hosted_cluster::networking::ApiServerNetworking;
    let mut case = routed(&[(ServiceType::APIServer, Some("api.example.com"))]);
    case.spec.networking.api_server = Some(ApiServerNetworking {
        allowed_cidr_blocks: Some(vec!["192.0.2.0/24".to_owned()]),
        ..ApiServerNetworking::default()
    });
    assert_invalid(&case, &["allowedCIDRBlocks", "--router-external-traffic-policy Local"]);
    case.observed.management.router = Some(Router { keeps_sources: true, ..Router::default() });
    assert_eq!(case.plan().network.allowed_cidr_blocks.len(), 1);
}
