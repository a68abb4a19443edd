//! Which name leads where: pure.

use std::collections::HashMap;
use std::fmt;

use hoist_api::HostedControlPlane;
use hoist_api::hosted_cluster::services::ServiceType;
use hoist_api::names::{BOOTSTRAP, BOOTSTRAP_SERVER_NAME};
use hoist_control_plane::kube_apiserver;
use hoist_deployment::BOOTSTRAP_PORT;
use hoist_plan::routes::routes;
use kube::ResourceExt;

/// Where a connection is passed on to: a Service, by its name in the management cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// `<service>.<namespace>.svc`.
    pub host: String,
    /// Port of the Service.
    pub port: u16,
}

impl Target {
    fn service(name: &str, namespace: &str, port: u16) -> Self {
        Self { host: format!("{name}.{namespace}.svc"), port }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// Targets by name, in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names(HashMap<String, Target>);

impl Names {
    /// Names of all hosted clusters, and the one under which hosts know the bootstrap server wherever they reach it.
    ///
    /// Of two clusters that claim a name the older has it: the operator refuses the other one, and until it does, nobody can take
    /// a name away.
    pub fn of<'a>(
        control_planes: impl IntoIterator<Item = &'a HostedControlPlane>,
        namespace: &str,
        domain: Option<&str>,
    ) -> Self {
        let bootstrap = Target::service(BOOTSTRAP, namespace, BOOTSTRAP_PORT);
        let mut names = HashMap::from([(BOOTSTRAP_SERVER_NAME.to_owned(), bootstrap.clone())]);
        let mut by_age: Vec<&HostedControlPlane> = control_planes.into_iter().collect();
        by_age.sort_by_cached_key(|found| (found.creation_timestamp().map(|time| time.0), found.namespace()));
        for control_plane in by_age {
            let (spec, own) = (&control_plane.spec, control_plane.namespace().unwrap_or_default());
            for route in routes(&spec.services, spec.kube_api_server_dns_name.as_deref(), &own, domain) {
                let target = match route.service {
                    ServiceType::APIServer => {
                        Target::service(kube_apiserver::API_SERVER_SERVICE, &own, kube_apiserver::PORT)
                    }
                    ServiceType::Konnectivity => Target::service(
                        kube_apiserver::KONNECTIVITY_SERVICE,
                        &own,
                        kube_apiserver::konnectivity::AGENT_PORT,
                    ),
                    ServiceType::Ignition => bootstrap.clone(),
                    ServiceType::OAuthServer | ServiceType::OIDC | ServiceType::OVNSbDb => continue,
                };
                names.entry(route.hostname).or_insert(target);
            }
        }
        Self(names)
    }

    /// Where `name` leads.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.0.get(&name.to_ascii_lowercase())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
impl FromIterator<(String, Target)> for Names {
    fn from_iter<I: IntoIterator<Item = (String, Target)>>(names: I) -> Self {
        Self(names.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::services::{
        HostnamePublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServicePublishingStrategyMapping,
    };
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn control_plane(namespace: &str, second: i64, names: &[(ServiceType, &str)]) -> HostedControlPlane {
        let mut control_plane =
            HostedControlPlane::new("demo", hoist_api::hosted_control_plane::HostedControlPlaneSpec::default());
        control_plane.metadata.namespace = Some(namespace.to_owned());
        control_plane.metadata.creation_timestamp = Some(Time(Timestamp::from_second(second).expect("a time")));
        control_plane.spec.services = names
            .iter()
            .map(|(service, name)| ServicePublishingStrategyMapping {
                service: *service,
                service_publishing_strategy: ServicePublishingStrategy {
                    type_: PublishingStrategyType::Route,
                    route: Some(HostnamePublishingStrategy { hostname: Some((*name).to_owned()) }),
                    ..ServicePublishingStrategy::default()
                },
            })
            .collect();
        control_plane
    }

    fn target(names: &Names, name: &str) -> Option<String> {
        names.target(name).map(ToString::to_string)
    }

    #[test]
    fn each_service_has_its_name_and_hosts_find_the_bootstrap_server() {
        let all = [
            (ServiceType::APIServer, "api.example.com"),
            (ServiceType::Konnectivity, "agents.example.com"),
            (ServiceType::Ignition, "join.example.com"),
            (ServiceType::OAuthServer, "oauth.example.com"),
        ];
        let names = Names::of(&[control_plane("clusters-demo", 1, &all)], "hypershift", None);
        let expected = |text: &str| Some(text.to_owned());
        assert_eq!(target(&names, "API.example.com"), expected("kube-apiserver.clusters-demo.svc:6443"));
        assert_eq!(target(&names, "agents.example.com"), expected("konnectivity-server.clusters-demo.svc:8091"));
        assert_eq!(target(&names, "join.example.com"), expected("bootstrap.hypershift.svc:8443"));
        assert_eq!(target(&names, "bootstrap.hypershift.svc"), expected("bootstrap.hypershift.svc:8443"));
        assert_eq!(target(&names, "oauth.example.com"), None);
        assert_eq!(target(&names, "other.example.com"), None);
    }

    #[test]
    fn the_older_cluster_keeps_a_name() {
        let claim = [(ServiceType::APIServer, "api.example.com")];
        let both = [control_plane("clusters-new", 2, &claim), control_plane("clusters-old", 1, &claim)];
        let names = Names::of(&both, "hypershift", None);
        assert_eq!(target(&names, "api.example.com").as_deref(), Some("kube-apiserver.clusters-old.svc:6443"));
    }
}
