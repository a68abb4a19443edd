//! CoreDNS: the cluster's DNS.
//!
//! It listens on 5353 behind the Service's port 53, so that it needs no right to low ports.

use hoist_api::dynamic::dynamic;
use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{
    Affinity, ConfigMap, ConfigMapVolumeSource, ContainerPort, HTTPGetAction, PodAffinityTerm, PodAntiAffinity,
    PodSpec, PodTemplateSpec, Probe, Service, ServicePort, ServiceSpec, Toleration, Volume, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::DynamicObject;

use crate::daemon::{ApiServer, container, mount, pull_secrets, requests, selector, unprivileged};
use crate::metadata::{account, cluster_role, cluster_role_binding, namespaced, rule, service_account};

/// Name of its objects.
/// Name of its Deployment.
pub const NAME: &str = "coredns";
/// Name of its Service, and label value of its pods: what clients and tools look for.
const SERVICE: &str = "kube-dns";
const PORT: i32 = 5353;
const READY_PORT: i32 = 8181;
const HEALTH_PORT: i32 = 8080;

/// What differs from one cluster to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreDns {
    /// Image.
    pub image: String,
    /// Number of pods.
    pub replicas: u8,
    /// Address of its Service.
    pub service_ip: IpAddr,
    /// Domain of the cluster.
    pub domain: String,
    /// How it reaches the API server, if not by the `kubernetes` Service: then it does not have to wait for kube-proxy.
    pub api_server: Option<ApiServer>,
    /// Who answers for names outside of the cluster.
    pub upstream: Upstream,
    /// Pull secret in `kube-system`.
    pub pull_secret: Option<String>,
}

/// Who answers for names outside of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// The name servers of the node; its kubelet must hand over a list with at least one, and none on loopback.
    NodeResolvers,
    /// These.
    Servers(Vec<IpAddr>),
    /// Nobody: such names do not exist.
    Nobody,
}

/// Its rights, to be applied by an administrator.
pub fn access() -> Vec<DynamicObject> {
    vec![
        dynamic(&cluster_role(
            "system:coredns",
            vec![
                rule("", &["endpoints", "services", "pods", "namespaces"], &["list", "watch"]),
                rule("discovery.k8s.io", &["endpointslices"], &["list", "watch"]),
            ],
        )),
        dynamic(&cluster_role_binding("system:coredns", "system:coredns", vec![account(NAME)])),
    ]
}

/// Its other objects, in the order in which they are applied.
pub fn coredns(parameters: &CoreDns) -> Vec<DynamicObject> {
    vec![
        dynamic(&service_account(NAME)),
        dynamic(&configuration(parameters)),
        dynamic(&service(parameters)),
        dynamic(&deployment(parameters)),
    ]
}

/// The Corefile. `reload` makes CoreDNS take up a change by itself.
fn configuration(parameters: &CoreDns) -> ConfigMap {
    let forward = match &parameters.upstream {
        Upstream::NodeResolvers => "    forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }\n".to_owned(),
        Upstream::Servers(servers) => {
            let servers: Vec<_> = servers.iter().map(ToString::to_string).collect();
            format!("    forward . {} {{\n        max_concurrent 1000\n    }}\n", servers.join(" "))
        }
        Upstream::Nobody => String::new(),
    };
    let corefile = format!(
        ".:{PORT} {{\n\
         \x20   errors\n\
         \x20   health :{HEALTH_PORT} {{\n\
         \x20       lameduck 2s\n\
         \x20   }}\n\
         \x20   ready :{READY_PORT}\n\
         \x20   kubernetes {domain} in-addr.arpa ip6.arpa {{\n\
         \x20       pods insecure\n\
         \x20       fallthrough in-addr.arpa ip6.arpa\n\
         \x20       ttl 30\n\
         \x20   }}\n\
         \x20   prometheus :9153\n\
         {forward}\
         \x20   cache 30 {{\n\
         \x20       denial 9984 5\n\
         \x20   }}\n\
         \x20   loop\n\
         \x20   reload\n\
         \x20   loadbalance\n\
         }}\n",
        domain = parameters.domain,
    );
    ConfigMap {
        metadata: namespaced(NAME),
        data: Some(BTreeMap::from([("Corefile".to_owned(), corefile)])),
        ..ConfigMap::default()
    }
}

fn service(parameters: &CoreDns) -> Service {
    let port = |name: &str, protocol: &str, port: i32, target: &str| ServicePort {
        name: Some(name.to_owned()),
        protocol: Some(protocol.to_owned()),
        port,
        target_port: Some(IntOrString::String(target.to_owned())),
        ..ServicePort::default()
    };
    let mut metadata = namespaced(SERVICE);
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(selector(SERVICE));
    labels.insert("kubernetes.io/cluster-service".to_owned(), "true".to_owned());
    labels.insert("kubernetes.io/name".to_owned(), "CoreDNS".to_owned());
    Service {
        metadata,
        spec: Some(ServiceSpec {
            cluster_ip: Some(parameters.service_ip.to_string()),
            selector: Some(selector(SERVICE)),
            ports: Some(vec![
                port("dns", "UDP", 53, "dns"),
                port("dns-tcp", "TCP", 53, "dns-tcp"),
                port("metrics", "TCP", 9153, "metrics"),
            ]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

fn deployment(parameters: &CoreDns) -> Deployment {
    let get = |path: &str, port: i32| Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::Int(port),
            scheme: Some("HTTP".to_owned()),
            ..HTTPGetAction::default()
        }),
        ..Probe::default()
    };
    let port = |name: &str, protocol: &str, number: i32| ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        protocol: Some(protocol.to_owned()),
        ..ContainerPort::default()
    };
    let mut dns = container(
        NAME,
        &parameters.image,
        "/usr/bin/coredns",
        &["-conf".to_owned(), "/etc/coredns/Corefile".to_owned()],
    );
    dns.env = parameters.api_server.as_ref().map(ApiServer::environment);
    dns.ports = Some(vec![port("dns", "UDP", PORT), port("dns-tcp", "TCP", PORT), port("metrics", "TCP", 9153)]);
    dns.resources = Some(requests(20, 30));
    dns.security_context = Some(unprivileged());
    dns.readiness_probe =
        Some(Probe { period_seconds: Some(1), timeout_seconds: Some(2), ..get("/ready", READY_PORT) });
    dns.liveness_probe = Some(Probe {
        initial_delay_seconds: Some(30),
        period_seconds: Some(10),
        timeout_seconds: Some(5),
        failure_threshold: Some(5),
        ..get("/health", HEALTH_PORT)
    });
    dns.volume_mounts = Some(vec![mount("configuration", "/etc/coredns", true)]);
    Deployment {
        metadata: namespaced(NAME),
        spec: Some(DeploymentSpec {
            replicas: Some(parameters.replicas.into()),
            revision_history_limit: Some(2),
            selector: LabelSelector { match_labels: Some(selector(SERVICE)), ..LabelSelector::default() },
            strategy: Some(DeploymentStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDeployment {
                    max_surge: Some(IntOrString::Int(1)),
                    max_unavailable: Some(IntOrString::Int(0)),
                }),
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(selector(SERVICE)), ..ObjectMeta::default() }),
                spec: Some(PodSpec {
                    service_account_name: Some(NAME.to_owned()),
                    containers: vec![dns],
                    // The node's resolvers, not itself.
                    dns_policy: Some("Default".to_owned()),
                    enable_service_links: Some(false),
                    image_pull_secrets: pull_secrets(parameters.pull_secret.as_deref()),
                    priority_class_name: Some("system-cluster-critical".to_owned()),
                    termination_grace_period_seconds: Some(5),
                    tolerations: Some(tolerations()),
                    affinity: Some(on_different_nodes()),
                    volumes: Some(vec![Volume {
                        name: "configuration".to_owned(),
                        config_map: Some(ConfigMapVolumeSource {
                            name: NAME.to_owned(),
                            ..ConfigMapVolumeSource::default()
                        }),
                        ..Volume::default()
                    }]),
                    ..PodSpec::default()
                }),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn tolerations() -> Vec<Toleration> {
    let exists = |key: &str, effect: Option<&str>| Toleration {
        key: Some(key.to_owned()),
        operator: Some("Exists".to_owned()),
        effect: effect.map(str::to_owned),
        ..Toleration::default()
    };
    vec![
        exists("CriticalAddonsOnly", None),
        exists("node-role.kubernetes.io/control-plane", Some("NoSchedule")),
        // On a new node it is placed while the network still comes up, and starts when it is.
        exists("node.kubernetes.io/not-ready", Some("NoSchedule")),
    ]
}

fn on_different_nodes() -> Affinity {
    Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(vec![WeightedPodAffinityTerm {
                weight: 100,
                pod_affinity_term: PodAffinityTerm {
                    label_selector: Some(LabelSelector {
                        match_labels: Some(selector(SERVICE)),
                        ..LabelSelector::default()
                    }),
                    topology_key: "kubernetes.io/hostname".to_owned(),
                    ..PodAffinityTerm::default()
                },
            }]),
            required_during_scheduling_ignored_during_execution: None,
        }),
        ..Affinity::default()
    }
}
