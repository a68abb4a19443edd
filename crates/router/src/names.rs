//! Which name leads where, and whom: pure.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use hoist_api::HostedControlPlane;
use hoist_api::hosted_cluster::services::ServiceType;
use hoist_api::hosted_control_plane::HostedControlPlaneSpec;
use hoist_api::names::{BOOTSTRAP, BOOTSTRAP_SERVER_NAME};
use hoist_control_plane::kube_apiserver;
use hoist_deployment::BOOTSTRAP_PORT;
use hoist_plan::routes::routes;
use ipnet::IpNet;
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

/// What a name leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    target: Target,
    /// `None`: everybody may go there.
    allowed: Option<Vec<IpNet>>,
}

/// What is said to somebody who comes with a name.
#[derive(Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// There.
    To(&'a Target),
    /// There, but not from the address that it comes from.
    NotAllowed,
    /// The name leads nowhere.
    Nowhere,
}

/// Where names lead, in lower case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names(HashMap<String, Entry>);

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
        let everybody = Entry { target: bootstrap.clone(), allowed: None };
        let mut names = HashMap::from([(BOOTSTRAP_SERVER_NAME.to_owned(), everybody)]);
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
                let allowed = allowed(spec).filter(|_| route.service == ServiceType::APIServer);
                names.entry(route.hostname).or_insert(Entry { target, allowed });
            }
        }
        Self(names)
    }

    /// Where `name` leads somebody from `address`.
    pub fn way(&self, name: &str, address: IpAddr) -> Way<'_> {
        let Some(Entry { target, allowed }) = self.0.get(&name.to_ascii_lowercase()) else { return Way::Nowhere };
        // Of a socket that takes both, an IPv4 address comes in IPv6 clothing.
        let address = address.to_canonical();
        let is_allowed = allowed.as_ref().is_none_or(|blocks| blocks.iter().any(|block| block.contains(&address)));
        if is_allowed { Way::To(target) } else { Way::NotAllowed }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// `allowedCIDRBlocks`, if there are some. The operator refuses what is no block; if one got here, it would allow nobody.
fn allowed(spec: &HostedControlPlaneSpec) -> Option<Vec<IpNet>> {
    let blocks = spec.networking.api_server.as_ref()?.allowed_cidr_blocks.as_ref()?;
    (!blocks.is_empty()).then(|| blocks.iter().filter_map(|block| block.parse().ok()).collect())
}

#[cfg(test)]
impl FromIterator<(String, Target, Option<Vec<IpNet>>)> for Names {
    fn from_iter<I: IntoIterator<Item = (String, Target, Option<Vec<IpNet>>)>>(names: I) -> Self {
        Self(names.into_iter().map(|(name, target, allowed)| (name, Entry { target, allowed })).collect())
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

    const SOMEBODY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn target(names: &Names, name: &str) -> Option<String> {
        match names.way(name, SOMEBODY) {
            Way::To(target) => Some(target.to_string()),
            Way::NotAllowed | Way::Nowhere => None,
        }
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
    fn the_api_server_alone_is_for_those_who_are_allowed() {
        let both = [(ServiceType::APIServer, "api.example.com"), (ServiceType::Konnectivity, "agents.example.com")];
        let mut guarded = control_plane("clusters-demo", 1, &both);
        let mut with = |blocks: &[&str]| {
            let blocks = blocks.iter().map(|block| (*block).to_owned()).collect();
            let settings = hoist_api::hosted_cluster::networking::ApiServerNetworking {
                allowed_cidr_blocks: Some(blocks),
                ..Default::default()
            };
            guarded.spec.networking.api_server = Some(settings);
            Names::of(&[guarded.clone()], "hypershift", None)
        };
        let is_let_in = |names: &Names, name: &str, from: &str| {
            matches!(names.way(name, from.parse().expect("an address")), Way::To(_))
        };
        let names = with(&["192.0.2.0/24", "2001:db8::/64"]);
        assert!(is_let_in(&names, "api.example.com", "192.0.2.9"));
        assert!(is_let_in(&names, "api.example.com", "::ffff:192.0.2.9"), "the same address");
        assert!(is_let_in(&names, "api.example.com", "2001:db8::1"));
        assert!(!is_let_in(&names, "api.example.com", "192.0.3.9"));
        assert!(is_let_in(&names, "agents.example.com", "192.0.3.9"));
        assert!(is_let_in(&with(&[]), "api.example.com", "192.0.3.9"), "an empty list says nothing");
        assert!(!is_let_in(&with(&["nonsense"]), "api.example.com", "192.0.2.9"));
    }

    #[test]
    fn the_older_cluster_keeps_a_name() {
        let claim = [(ServiceType::APIServer, "api.example.com")];
        let both = [control_plane("clusters-new", 2, &claim), control_plane("clusters-old", 1, &claim)];
        let names = Names::of(&both, "hypershift", None);
        assert_eq!(target(&names, "api.example.com").as_deref(), Some("kube-apiserver.clusters-old.svc:6443"));
    }
}
