//! CoreDNS.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hoist_api::dynamic::dynamic;
use hoist_api::hosted_cluster::AvailabilityPolicy;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, ContainerPort, PodSpec, PodTemplateSpec, Service, ServiceAccount, ServicePort, ServiceSpec,
    Toleration, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::DynamicObject;

use crate::access::{bind_user_of, cluster_role, rule};
use crate::metadata::{app, in_kube_system};
use crate::pod;

const NAME: &str = "coredns";
/// Name that everybody expects of the DNS Service and its label, whatever serves behind it.
const SERVICE: &str = "kube-dns";
const ROLE: &str = "hoist:coredns";

/// What differs from one cluster to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// Pull specification.
    pub image: String,
    /// ClusterIP of the Service.
    pub service_ip: IpAddr,
    /// Domain of the cluster.
    pub domain: String,
    /// Copies.
    pub replicas: i32,
}

/// Copies for an availability.
pub fn replicas(availability: AvailabilityPolicy) -> i32 {
    match availability {
        AvailabilityPolicy::HighlyAvailable => 2,
        AvailabilityPolicy::SingleReplica => 1,
    }
}

/// ServiceAccount, ConfigMap, Service and Deployment.
pub fn objects(parameters: &Parameters) -> Vec<DynamicObject> {
    let account = ServiceAccount { metadata: in_kube_system(NAME), ..ServiceAccount::default() };
    let configuration = corefile(&parameters.domain);
    let config_map = ConfigMap {
        metadata: in_kube_system(NAME),
        data: Some(BTreeMap::from([("Corefile".to_owned(), configuration)])),
        ..ConfigMap::default()
    };
    vec![
        dynamic(&account),
        dynamic(&config_map),
        dynamic(&service(parameters.service_ip)),
        dynamic(&deployment(parameters)),
    ]
}

/// ClusterRole and binding of its ServiceAccount.
///
/// Source: CoreDNS, plugin `kubernetes`, section on permissions.
pub fn access() -> Vec<DynamicObject> {
    let rules = vec![
        rule("", &["services", "pods", "namespaces"], &["list", "watch"]),
        rule("discovery.k8s.io", &["endpointslices"], &["list", "watch"]),
    ];
    vec![cluster_role(ROLE, rules), bind_user_of(ROLE, ROLE, NAME)]
}

/// Names outside the cluster go to the resolvers of the node; where it has none, they fail at once.
fn corefile(domain: &str) -> String {
    format!(
        ".:53 {{
    errors
    health {{
        lameduck 1s
    }}
    ready
    kubernetes {domain} in-addr.arpa ip6.arpa {{
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
    prometheus :9153
    forward . /etc/resolv.conf
    cache 30 {{
        denial 9984 1
    }}
    loop
    reload
    loadbalance
}}
"
    )
}

fn service(service_ip: IpAddr) -> Service {
    let port = |name: &str, protocol: &str, number: i32| ServicePort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        port: number,
        target_port: Some(IntOrString::Int(number)),
        ..ServicePort::default()
    };
    let mut metadata = in_kube_system(SERVICE);
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(app(SERVICE));
    labels.insert("kubernetes.io/cluster-service".to_owned(), "true".to_owned());
    labels.insert("kubernetes.io/name".to_owned(), "CoreDNS".to_owned());
    Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some(service_ip.to_string()),
            selector: Some(app(SERVICE)),
            ports: Some(vec![port("dns", "UDP", 53), port("dns-tcp", "TCP", 53), port("metrics", "TCP", 9153)]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn deployment(parameters: &Parameters) -> Deployment {
    let selector = LabelSelector { match_labels: Some(app(SERVICE)), ..LabelSelector::default() };
    Deployment {
        metadata: in_kube_system(NAME),
        spec: Some(DeploymentSpec {
            replicas: Some(parameters.replicas),
            selector: selector.clone(),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(app(SERVICE)), ..ObjectMeta::default() }),
                spec: Some(PodSpec {
                    service_account_name: Some(NAME.to_owned()),
                    priority_class_name: Some("system-cluster-critical".to_owned()),
                    // The cluster's own DNS cannot be its resolver.
                    dns_policy: Some("Default".to_owned()),
                    tolerations: Some(vec![Toleration {
                        key: Some("node-role.kubernetes.io/control-plane".to_owned()),
                        operator: Some("Exists".to_owned()),
                        effect: Some("NoSchedule".to_owned()),
                        ..Toleration::default()
                    }]),
                    topology_spread_constraints: Some(vec![TopologySpreadConstraint {
                        max_skew: 1,
                        topology_key: "kubernetes.io/hostname".to_owned(),
                        when_unsatisfiable: "ScheduleAnyway".to_owned(),
                        label_selector: Some(selector),
                        ..TopologySpreadConstraint::default()
                    }]),
                    termination_grace_period_seconds: Some(5),
                    containers: vec![container(parameters)],
                    volumes: Some(vec![pod::config_map_volume("configuration", NAME)]),
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn container(parameters: &Parameters) -> Container {
    let port = |name: &str, protocol: &str, number: i32| ContainerPort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        container_port: number,
        ..ContainerPort::default()
    };
    Container {
        resources: Some(pod::requests("10m", "32Mi")),
        security_context: Some(pod::no_privileges(&["NET_BIND_SERVICE"])),
        ports: Some(vec![port("dns", "UDP", 53), port("dns-tcp", "TCP", 53), port("metrics", "TCP", 9153)]),
        volume_mounts: Some(vec![pod::mount("configuration", "/etc/coredns", true)]),
        readiness_probe: Some(pod::http_probe(None, 8181, "/ready", 1)),
        liveness_probe: Some(pod::http_probe(None, 8080, "/health", 10)),
        ..pod::container(
            NAME,
            &parameters.image,
            "/usr/bin/coredns",
            vec!["-conf".to_owned(), "/etc/coredns/Corefile".to_owned()],
        )
    }
}
