//! Names under which services are published by Route: what the router leads where, and what two clusters cannot share.
//!
//! The operator judges them and the router follows them, so they are derived in this one place.

use hoist_api::hosted_cluster::services::{
    PublishingStrategyType, ServicePublishingStrategy, ServicePublishingStrategyMapping, ServiceType,
};

/// A host name and the service that it leads to: [`ServiceType::APIServer`], [`ServiceType::Konnectivity`] or
/// [`ServiceType::Ignition`]; others are not served.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// In lower case.
    pub hostname: String,
    /// Where it leads.
    pub service: ServiceType,
}

/// All routes of one hosted cluster, whose control plane is in `namespace`. `own_name` is the user's own name for the API
/// server, which leads to it as well.
pub fn routes(
    services: &[ServicePublishingStrategyMapping],
    own_name: Option<&str>,
    namespace: &str,
    domain: Option<&str>,
) -> Vec<Route> {
    let mut routes = Vec::new();
    for mapping in services {
        let (service, strategy) = (mapping.service, &mapping.service_publishing_strategy);
        if strategy.type_ != PublishingStrategyType::Route {
            continue;
        }
        let own_name = own_name.filter(|name| service == ServiceType::APIServer && !name.is_empty());
        let names = hostname(service, strategy, namespace, domain).into_iter().chain(own_name.map(str::to_lowercase));
        routes.extend(names.map(|hostname| Route { hostname, service }));
    }
    routes
}

/// The name of a service published by Route: the user's, or the one that OpenShift's ingress would give it,
/// `<route>-<namespace>.<domain>`. None when there is neither, and for services that are not served.
pub fn hostname(
    service: ServiceType,
    strategy: &ServicePublishingStrategy,
    namespace: &str,
    domain: Option<&str>,
) -> Option<String> {
    // Names of HyperShift's Routes.
    let route = match service {
        ServiceType::APIServer => "kube-apiserver",
        ServiceType::Konnectivity => "konnectivity-server",
        ServiceType::Ignition => "ignition-server",
        ServiceType::OAuthServer | ServiceType::OIDC | ServiceType::OVNSbDb => return None,
    };
    let given = strategy.route.as_ref().and_then(|route| route.hostname.as_deref()).filter(|name| !name.is_empty());
    given
        .map(str::to_lowercase)
        .or_else(|| domain.map(|domain| format!("{route}-{namespace}.{}", domain.to_lowercase())))
}

/// Whether `text` is a DNS name.
pub fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // A name whose last label is a number is a mistyped address.
    let ends_in_number = text.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    text.len() <= 253 && text.split('.').all(is_label) && !ends_in_number
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::services::HostnamePublishingStrategy;

    use super::*;

    fn by_route(service: ServiceType, hostname: Option<&str>) -> ServicePublishingStrategyMapping {
        ServicePublishingStrategyMapping {
            service,
            service_publishing_strategy: ServicePublishingStrategy {
                type_: PublishingStrategyType::Route,
                route: hostname.map(|name| HostnamePublishingStrategy { hostname: Some(name.to_owned()) }),
                ..ServicePublishingStrategy::default()
            },
        }
    }

    fn texts(routes: &[Route]) -> Vec<String> {
        routes.iter().map(|route| format!("{} {}", route.hostname, route.service)).collect()
    }

    #[test]
    fn names_are_the_users_or_those_of_openshifts_ingress() {
        let services = [
            by_route(ServiceType::APIServer, Some("API.demo.example.com")),
            by_route(ServiceType::Konnectivity, None),
            by_route(ServiceType::OAuthServer, Some("oauth.demo.example.com")),
            ServicePublishingStrategyMapping { service: ServiceType::Ignition, ..Default::default() },
        ];
        let expected = [
            "api.demo.example.com APIServer",
            "kubernetes.example.com APIServer",
            "konnectivity-server-clusters-demo.apps.example.com Konnectivity",
        ];
        let routes = routes(&services, Some("Kubernetes.example.com"), "clusters-demo", Some("apps.example.com"));
        assert_eq!(texts(&routes), expected);
    }

    #[test]
    fn without_a_domain_only_given_names_lead_anywhere() {
        let services =
            [by_route(ServiceType::APIServer, None), by_route(ServiceType::Ignition, Some("join.example.com"))];
        assert_eq!(texts(&routes(&services, None, "clusters-demo", None)), ["join.example.com Ignition"]);
    }
}
