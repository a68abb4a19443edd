use std::collections::{BTreeMap, BTreeSet};

use hoist_api::hosted_cluster::services::{PublishingStrategyType, ServicePublishingStrategy, ServiceType};
use hoist_pki::table::{control_plane, names};
use hoist_pki::{AlternativeName, SystemKeys};
use hoist_plan::fixtures::{case, endpoints as known, highly_available, node_port, plan};
use hoist_plan::observed::Router;
use hoist_plan::{HostPort, Plan, ResourceRequest};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, LoadBalancerIngress, LoadBalancerStatus, Secret, Service, ServiceStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicObject;
use rstest::rstest;
use serde_json::Value;

use crate::files::{Kind, Need};
use crate::kube_apiserver::encryption::{Key, Keys};
use crate::pki::Given;
use crate::pod::Pod;
use crate::static_pods::StaticPodImages;
use crate::{
    ComponentName, Contents, EndpointsPending, FrontServices, StaticPods, components, encryption, endpoints, etcd,
    kube_apiserver, kube_controller_manager, kube_scheduler, pki, revocation, services,
};

fn objects(plan: &Plan, name: ComponentName) -> Vec<DynamicObject> {
    let all = components(plan, &Contents::default());
    all.into_iter().find(|component| component.name == name).unwrap().objects
}

fn workload(plan: &Plan, name: ComponentName) -> Value {
    serde_json::to_value(objects(plan, name).last().unwrap()).unwrap()
}

fn pods(plan: &Plan) -> [Pod; 4] {
    [
        etcd::pod::pod(&etcd::pod::hosted(plan)),
        kube_apiserver::pod::pod(&kube_apiserver::pod::hosted(plan)),
        kube_controller_manager::pod(&kube_controller_manager::hosted(plan)),
        kube_scheduler::pod(&kube_scheduler::hosted(plan)),
    ]
}

fn every_component() -> [ComponentName; 4] {
    [
        ComponentName::Etcd,
        ComponentName::KubeApiServer,
        ComponentName::KubeControllerManager,
        ComponentName::KubeScheduler,
    ]
}

#[rstest]
#[case::etcd(ComponentName::Etcd)]
#[case::kube_apiserver(ComponentName::KubeApiServer)]
#[case::kube_controller_manager(ComponentName::KubeControllerManager)]
#[case::kube_scheduler(ComponentName::KubeScheduler)]
fn manifests(#[case] name: ComponentName) {
    for (suffix, plan) in [("single-replica", plan()), ("highly-available", highly_available().plan())] {
        insta::with_settings!({ snapshot_suffix => format!("{name}-{suffix}") }, {
            insta::assert_yaml_snapshot!(objects(&plan, name));
        });
    }
}

#[test]
fn service_manifests() {
    insta::assert_yaml_snapshot!(services(&plan()));
}

#[test]
fn a_load_balancer_service_limits_its_sources_and_a_fixed_node_port_is_kept() {
    let mut case = case();
    case.spec.services[2] = node_port(ServiceType::Konnectivity, "10.200.0.10", Some(30891));
    let strategy = &mut case.spec.services[0].service_publishing_strategy;
    strategy.type_ = PublishingStrategyType::LoadBalancer;
    strategy.node_port = None;
    let settings = hoist_api::hosted_cluster::networking::ApiServerNetworking {
        allowed_cidr_blocks: Some(vec!["192.0.2.0/24".to_owned()]),
        ..Default::default()
    };
    case.spec.networking.api_server = Some(settings);
    let services = kube_apiserver::services(&case.plan());
    let api_server = services[0].spec.as_ref().unwrap();
    assert_eq!(api_server.type_.as_deref(), Some("LoadBalancer"));
    assert_eq!(api_server.load_balancer_source_ranges, Some(vec!["192.0.2.0/24".to_owned()]));
    assert_eq!(services[1].spec.as_ref().unwrap().ports.as_ref().unwrap()[0].node_port, Some(30891));
}

#[test]
fn every_pod_meets_the_restricted_pod_security_standard() {
    for plan in [plan(), highly_available().plan()] {
        for name in every_component() {
            let template = &workload(&plan, name)["spec"]["template"]["spec"];
            assert_eq!(template["automountServiceAccountToken"], false, "{name}");
            assert_eq!(template["securityContext"]["seccompProfile"]["type"], "RuntimeDefault", "{name}");
            assert_eq!(template["securityContext"]["runAsNonRoot"], true, "{name}");
            assert!(template.get("hostNetwork").is_none(), "{name}");
            for volume in template["volumes"].as_array().unwrap() {
                assert!(volume.get("emptyDir").is_some() || volume.get("projected").is_some(), "{name}: {volume}");
            }
            let none = Vec::new();
            let containers = template["containers"].as_array().unwrap();
            for container in containers.iter().chain(template["initContainers"].as_array().unwrap_or(&none)) {
                let security = &container["securityContext"];
                assert_eq!(security["allowPrivilegeEscalation"], false, "{name}");
                assert_eq!(security["readOnlyRootFilesystem"], true, "{name}");
                assert_eq!(security["capabilities"]["drop"][0], "ALL", "{name}");
                for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
                    assert!(container[probe]["httpGet"].get("host").is_none(), "{name}");
                }
            }
        }
    }
}

#[test]
fn every_container_has_a_start_up_probe_each_second_and_no_processor_limit() {
    for name in every_component() {
        for container in workload(&plan(), name)["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
            assert_eq!(container["startupProbe"]["periodSeconds"], 1, "{name}");
            assert!(container["resources"].get("limits").is_none(), "{name}");
        }
    }
}

/// Milli-processors and MiB.
fn requests_of(container: &Value) -> (u32, u32) {
    let request = |resource: &str, suffix: &str| -> u32 {
        let text = container["resources"]["requests"][resource].as_str().unwrap();
        text.strip_suffix(suffix).unwrap().parse().unwrap()
    };
    (request("cpu", "m"), request("memory", "Mi"))
}

#[test]
fn a_single_replica_control_plane_requests_little() {
    let mut sum = (0, 0);
    for name in every_component() {
        for container in workload(&plan(), name)["spec"]["template"]["spec"]["containers"].as_array().unwrap() {
            let (processors, memory) = requests_of(container);
            sum = (sum.0 + processors, sum.1 + memory);
        }
    }
    assert!(sum.0 <= 150 && sum.1 <= 400, "{sum:?}");
}

#[test]
fn annotations_override_requests_one_by_one() {
    let mut plan = plan();
    let request = ResourceRequest { cpu: Some("2".to_owned()), memory: None };
    plan.resource_overrides.insert("kube-apiserver", "kube-apiserver", request);
    let workload = workload(&plan, ComponentName::KubeApiServer);
    let container = &workload["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["resources"]["requests"]["cpu"], "2");
    assert_eq!(container["resources"]["requests"]["memory"], "210Mi");
}

#[test]
fn replicas_are_kept_apart_and_bounded_in_voluntary_loss() {
    let plan = highly_available().plan();
    for name in every_component() {
        let all = objects(&plan, name);
        assert!(all.iter().any(|object| object.types.as_ref().unwrap().kind == "PodDisruptionBudget"), "{name}");
        let affinity = &workload(&plan, name)["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"];
        let required = &affinity["requiredDuringSchedulingIgnoredDuringExecution"][0];
        assert_eq!(required["topologyKey"], "kubernetes.io/hostname", "{name}");
    }
}

/// The StatefulSet controller takes a claim that exists by its name; source: its `getPersistentVolumeClaims`.
#[test]
fn claims_made_beforehand_are_those_that_the_stateful_set_would_make() {
    for plan in [plan(), highly_available().plan()] {
        let set = workload(&plan, ComponentName::Etcd);
        let template = &set["spec"]["volumeClaimTemplates"][0];
        let claims = serde_json::to_value(etcd::claims(&plan)).unwrap();
        let claims = claims.as_array().unwrap();
        assert_eq!(set["spec"]["replicas"], claims.len());
        for (index, claim) in claims.iter().enumerate() {
            let name = format!("{}-etcd-{index}", template["metadata"]["name"].as_str().unwrap());
            assert_eq!((&claim["metadata"]["name"], &claim["spec"]), (&Value::from(name), &template["spec"]));
            let wanted = [&template["metadata"]["labels"], &set["spec"]["selector"]["matchLabels"]];
            for (label, value) in wanted.into_iter().flat_map(|labels| labels.as_object().unwrap()) {
                assert_eq!(&claim["metadata"]["labels"][label], value, "{label}");
            }
        }
    }
}

#[test]
fn only_the_first_api_server_is_reached_before_it_is_ready() {
    let successor = Plan { is_first_rollout: false, ..plan() };
    for (plan, expected) in [(plan(), Some(true)), (successor, None), (highly_available().plan(), None)] {
        let service =
            services(&plan).into_iter().find(|service| service.metadata.name.as_deref() == Some("kube-apiserver"));
        assert_eq!(service.unwrap().spec.unwrap().publish_not_ready_addresses, expected);
    }
}

#[test]
fn what_elects_no_leader_never_runs_twice() {
    for name in [ComponentName::KubeControllerManager, ComponentName::KubeScheduler] {
        let (single, several) = (workload(&plan(), name), workload(&highly_available().plan(), name));
        let elects = |workload: &Value| {
            let arguments = &workload["spec"]["template"]["spec"]["containers"][0]["args"];
            arguments.as_array().unwrap().contains(&Value::from("--leader-elect=true"))
        };
        assert_eq!((elects(&single), single["spec"]["strategy"]["type"].as_str()), (false, Some("Recreate")));
        assert_eq!((elects(&several), several["spec"]["strategy"]["type"].as_str()), (true, Some("RollingUpdate")));
    }
}

#[test]
fn what_the_user_says_about_placement_is_heeded_and_our_labels_win() {
    let mut plan = plan();
    plan.scheduling.node_selector.insert("disk".to_owned(), "fast".to_owned());
    plan.scheduling.labels =
        BTreeMap::from([("team".to_owned(), "a".to_owned()), ("app".to_owned(), "mine".to_owned())]);
    plan.scheduling.restart_date = Some("2026-11-21".to_owned());
    plan.scheduling.priority_classes.etcd = "ours-etcd".to_owned();
    let template = &workload(&plan, ComponentName::Etcd)["spec"]["template"];
    assert_eq!(template["spec"]["priorityClassName"], "ours-etcd");
    assert_eq!(template["spec"]["nodeSelector"]["disk"], "fast");
    assert_eq!(template["metadata"]["labels"]["team"], "a");
    assert_eq!(template["metadata"]["labels"]["app"], "etcd");
    assert_eq!(template["metadata"]["annotations"]["hypershift.openshift.io/restart-date"], "2026-11-21");
}

#[test]
fn without_encryption_kube_apiserver_asks_for_no_configuration_of_it() {
    let mut case = case();
    case.spec.secret_encryption = None;
    let text = workload(&case.plan(), ComponentName::KubeApiServer).to_string();
    assert!(!text.contains("encryption-provider-config") && !text.contains(encryption::SECRET));
}

fn secret(name: &str, key: &str, value: &str) -> Secret {
    Secret {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        data: Some(BTreeMap::from([(key.to_owned(), ByteString(value.into()))])),
        ..Secret::default()
    }
}

#[test]
fn a_changed_file_restarts_a_pod_unless_its_component_reloads_it() {
    let hash = |name: &str, key: &str, value: &str| {
        let contents = Contents::of(&[secret(name, key, value)], Vec::<&ConfigMap>::new());
        contents.hash(&pods(&plan())[1].needs())
    };
    let signing_key = |value| hash(names::SERVICE_ACCOUNT_KEY, names::SERVICE_ACCOUNT_PRIVATE_KEY, value);
    assert_ne!(signing_key("a"), signing_key("b"));
    assert_eq!(signing_key("a"), signing_key("a"));
    assert_eq!(hash(names::API_SERVER, "tls.crt", "a"), hash(names::API_SERVER, "tls.crt", "b"));
    assert_eq!(hash("unrelated", "key", "a"), hash("unrelated", "key", "b"));
}

fn static_pods() -> StaticPods {
    StaticPods {
        cluster_name: "management".to_owned(),
        node_address: "10.200.0.10".parse().unwrap(),
        api_server_names: Vec::new(),
        pod_network: "10.201.0.0/16".parse().unwrap(),
        host_prefix: 24,
        service_network: "10.202.0.0/16".parse().unwrap(),
        kubernetes_service_ip: "10.202.0.1".parse().unwrap(),
        images: StaticPodImages {
            etcd: "etcd".to_owned(),
            kube_apiserver: "kube-apiserver".to_owned(),
            kube_controller_manager: "kube-controller-manager".to_owned(),
            kube_scheduler: "kube-scheduler".to_owned(),
        },
        files_directory: "/var/lib/hoist/control-plane/files".to_owned(),
        etcd_directory: "/var/lib/hoist/control-plane/etcd".to_owned(),
    }
}

#[test]
fn static_pod_manifests() {
    for pod in static_pods().pods() {
        insta::with_settings!({ snapshot_suffix => pod.metadata.name.clone().unwrap() }, {
            insta::assert_yaml_snapshot!(pod);
        });
    }
}

fn flags(container: &Container) -> BTreeMap<String, String> {
    let split = |argument: &String| argument.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    container.args.as_ref().unwrap().iter().filter_map(split).collect()
}

/// Flags that may differ between a hosted component and a static pod, each for a reason.
const DIFFERENT: [&str; 23] = [
    // A management cluster writes what its users do; a hosted one what its HostedCluster says.
    "--audit-log-path",
    "--audit-policy-file",
    // One member on loopback instead of members with names of their own.
    "--name",
    "--listen-client-urls",
    "--advertise-client-urls",
    "--listen-peer-urls",
    "--initial-advertise-peer-urls",
    "--listen-metrics-urls",
    "--initial-cluster",
    "--initial-cluster-token",
    "--etcd-servers",
    // Nodes of a hosted cluster reach their API at an address of their own, those of a management cluster at the node's.
    "--advertise-address",
    "--endpoint-reconciler-type",
    // No Service leads to a management cluster's API server, which would have to forget it first.
    "--shutdown-delay-duration",
    // A management node is reached directly.
    "--egress-selector-config-file",
    // A management cluster's Secrets lie on the disk that would hold the key as well.
    "--encryption-provider-config",
    // Addresses of this cluster.
    "--service-cluster-ip-range",
    "--cluster-cidr",
    "--node-cidr-mask-size",
    "--cluster-name",
    // Chosen by the user in a hosted cluster.
    "--service-account-issuer",
    "--goaway-chance",
    // There is one node; see the static pods.
    "--node-monitor-grace-period",
];

#[test]
fn static_pods_run_with_the_arguments_of_hosted_components_but_for_a_listed_set() {
    let ours = static_pods();
    let statics = [
        etcd::pod::pod(&ours.etcd()),
        kube_apiserver::pod::pod(&ours.kube_apiserver()),
        kube_controller_manager::pod(&ours.kube_controller_manager()),
        kube_scheduler::pod(&ours.kube_scheduler()),
    ];
    let listed: BTreeSet<_> = DIFFERENT.iter().map(|name| (*name).to_owned()).collect();
    for (hosted, own) in pods(&plan()).iter().zip(&statics) {
        let (hosted, own) = (flags(&hosted.parts[0].container), flags(&own.parts[0].container));
        assert!(hosted.len() > 5);
        let differing: BTreeSet<_> =
            hosted.keys().chain(own.keys()).filter(|name| hosted.get(*name) != own.get(*name)).cloned().collect();
        assert!(differing.is_subset(&listed), "{:?}", differing.difference(&listed));
    }
}

#[test]
fn every_file_that_a_component_reads_is_made_for_it() {
    let plan = plan();
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let made = pki(&plan, Some(&known()), &[], &Given::default(), now, &SystemKeys).unwrap();
    let made_bundles = made.clone();
    let mut secrets = made.secrets;
    secrets.push(encryption::secret(&plan, &Keys::encrypting(vec![Key::new([1; 32])])));
    let mut config_maps = made.config_maps;
    config_maps.push(revocation::signers(&plan, &made_bundles));
    config_maps.push(kube_apiserver::egress_selector(&plan));
    let mut present = BTreeSet::new();
    for secret in &secrets {
        for key in secret.data.as_ref().unwrap().keys() {
            present.insert(crate::files::relative(Kind::Secret, secret.metadata.name.as_ref().unwrap(), key));
        }
    }
    for config_map in &config_maps {
        for key in config_map.data.as_ref().unwrap().keys() {
            present.insert(crate::files::relative(Kind::ConfigMap, config_map.metadata.name.as_ref().unwrap(), key));
        }
    }
    let static_files = static_pods().files(&BTreeMap::new(), now, &SystemKeys).unwrap().files;
    let static_present: BTreeSet<_> = static_files.into_iter().map(|file| file.path).collect();
    for Need { kind, name, keys, .. } in pods(&plan).iter().flat_map(Pod::needs) {
        for key in keys {
            let path = crate::files::relative(kind, &name, key);
            assert!(present.contains(&path), "{path}");
            let is_hosted_only =
                [encryption::SECRET, "kas-egress-selector-config", revocation::SIGNERS].contains(&name.as_ref());
            assert!(is_hosted_only || static_present.contains(&path), "{path}");
        }
    }
}

#[test]
fn a_container_reads_only_files_that_it_mounts() {
    for pod in pods(&plan()) {
        for part in &pod.parts {
            for (flag, value) in flags(&part.container) {
                let Some(path) = value.strip_prefix("/etc/kubernetes/files/") else { continue };
                let is_mounted = part
                    .needs
                    .iter()
                    .any(|need| need.keys.iter().any(|key| crate::files::relative(need.kind, &need.name, key) == path));
                assert!(is_mounted, "{flag} of {}", part.container.name);
            }
        }
    }
}

#[test]
fn the_published_address_is_in_certificates_before_its_port_is_known() {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let before = pki(&plan(), None, &[], &Given::default(), now, &SystemKeys).unwrap();
    assert_eq!(before.text(names::ADMIN_KUBECONFIG, names::KUBECONFIG_KEY), None);
    let after = pki(&plan(), Some(&known()), &before.secrets, &Given::default(), now, &SystemKeys).unwrap();
    assert_eq!(after.changes.iter().map(|change| change.name).collect::<Vec<_>>(), [names::ADMIN_KUBECONFIG]);
    let kubeconfig = after.text(names::ADMIN_KUBECONFIG, names::KUBECONFIG_KEY).unwrap();
    assert!(kubeconfig.contains("https://10.200.0.10:30443"), "{kubeconfig}");
    let certificate = after.text(names::API_SERVER, "tls.crt").unwrap();
    let facts = hoist_pki::CertificateFacts::from_pem(certificate).unwrap();
    for name in ["10.200.0.10", "172.20.0.1", "172.31.0.1", "kube-apiserver.clusters-demo.svc"] {
        assert!(facts.names.contains(&AlternativeName::of(name)), "{name}");
    }
}

#[test]
fn kubeconfig_secrets_are_labelled() {
    let now = "2026-11-21T12:00:00Z".parse().unwrap();
    let made = pki(&plan(), Some(&known()), &[], &Given::default(), now, &SystemKeys).unwrap();
    for secret in made.secrets {
        let name = secret.metadata.name.unwrap();
        let is_labelled = secret.metadata.labels.unwrap().contains_key("hypershift.openshift.io/kubeconfig");
        assert_eq!(is_labelled, name.ends_with("-kubeconfig"), "{name}");
    }
}

#[test]
fn the_names_of_services_are_those_in_the_certificates() {
    let names: Vec<_> = services(&plan()).into_iter().map(|service| service.metadata.name.unwrap()).collect();
    let inputs = control_plane::Inputs {
        namespace: "n".to_owned(),
        host_cluster_domain: "d".to_owned(),
        api_server_names: Vec::new(),
        etcd_names: Vec::new(),
        konnectivity_names: Vec::new(),
        published_api_server: None,
        custom_api_server: None,
        internal_api_server: String::new(),
        operator_api_server: String::new(),
        service_account_key: None,
        guest_operator_user: String::new(),
        guest_operator_admin_user: String::new(),
        break_glass: None,
        client_authorities: String::new(),
        custom_api_server_authorities: String::new(),
    };
    let table = format!("{:?}", control_plane::rows(&inputs));
    for name in names {
        assert!(table.contains(&format!("{name}.n.svc")), "{name}");
    }
}

#[test]
fn encryption_names_each_key_by_its_contents() {
    let plan = plan();
    let text = |keys: [u8; 2]| {
        let keys = Keys::encrypting(keys.map(|byte| Key::new([byte; 32])).to_vec());
        let secret = encryption::secret(&plan, &keys);
        assert_eq!(encryption::read(&secret), Some(keys));
        String::from_utf8(secret.data.unwrap().remove(encryption::KEY).unwrap().0).unwrap()
    };
    insta::assert_snapshot!(text([1, 2]));
    let names = |text: String| {
        let value: Value = serde_json::from_str(&text).unwrap();
        let keys = value["resources"][0]["providers"][0]["aescbc"]["keys"].clone();
        keys.as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (before, after) = (names(text([1, 2])), names(text([2, 1])));
    assert_eq!(before[0], after[1]);
    assert_ne!(before[0], before[1]);
}

#[test]
fn a_first_key_is_read_before_it_is_written_with() {
    let keys = Keys { keys: vec![Key::new([1; 32])], writes_plain: true };
    let secret = encryption::secret(&plan(), &keys);
    assert_eq!(encryption::read(&secret), Some(keys));
    let text = String::from_utf8(secret.data.unwrap()[encryption::KEY].0.clone()).unwrap();
    assert!(text.find("identity").unwrap() < text.find("aescbc").unwrap(), "{text}");
}

fn with_node_port(name: &str, number: Option<i32>) -> Service {
    let mut service =
        services(&plan()).into_iter().find(|service| service.metadata.name.as_deref() == Some(name)).unwrap();
    service.spec.as_mut().unwrap().ports.as_mut().unwrap()[0].node_port = number;
    service
}

fn front() -> FrontServices {
    let named = |name: &str, port| {
        let mut service = with_node_port("kube-apiserver", Some(port));
        service.metadata.name = Some(name.to_owned());
        Some(service)
    };
    FrontServices { bootstrap: named("bootstrap", 30943), router: named("router", 30843) }
}

#[test]
fn endpoints_are_read_from_services() {
    let services = [with_node_port("kube-apiserver", Some(30443)), with_node_port("konnectivity-server", Some(30891))];
    assert_eq!(endpoints(&plan(), &services, &front()).unwrap(), known());
}

#[test]
fn endpoints_wait_for_services_and_their_ports() {
    let error = endpoints(&plan(), &[], &front()).unwrap_err();
    assert_eq!(error, EndpointsPending::Missing { name: "kube-apiserver".to_owned() });
    let services = [with_node_port("kube-apiserver", None), with_node_port("konnectivity-server", Some(30891))];
    let error = endpoints(&plan(), &services, &front()).unwrap_err();
    assert_eq!(error, EndpointsPending::NoNodePort { name: "kube-apiserver".to_owned() });
}

#[test]
fn a_load_balancer_is_waited_for_and_its_name_preferred_to_its_address() {
    let mut case = case();
    let strategy = &mut case.spec.services[0].service_publishing_strategy;
    strategy.type_ = PublishingStrategyType::LoadBalancer;
    strategy.node_port = None;
    let plan = case.plan();
    let mut services =
        [with_node_port("kube-apiserver", Some(30443)), with_node_port("konnectivity-server", Some(30891))];
    let error = endpoints(&plan, &services, &front()).unwrap_err();
    assert!(error.to_string().contains("load balancer implementation"), "{error}");
    let ingress = LoadBalancerIngress { ip: Some("192.0.2.7".to_owned()), ..LoadBalancerIngress::default() };
    services[0].status = Some(ServiceStatus {
        load_balancer: Some(LoadBalancerStatus { ingress: Some(vec![ingress]) }),
        ..ServiceStatus::default()
    });
    let found = endpoints(&plan, &services, &front()).unwrap();
    assert_eq!(found.api_server.https_url(), "https://192.0.2.7:6443");
}

#[test]
fn behind_the_router_a_service_has_the_routers_port() {
    let mut case = case();
    case.observed.management.router = Some(Router { domain: Some("apps.example.com".to_owned()), ..Router::default() });
    for mapping in &mut case.spec.services {
        mapping.service_publishing_strategy =
            ServicePublishingStrategy { type_: PublishingStrategyType::Route, ..ServicePublishingStrategy::default() };
    }
    let plan = case.plan();
    let services = services(&plan);
    let api_server =
        services.iter().find(|service| service.metadata.name.as_deref() == Some("kube-apiserver")).unwrap();
    assert_eq!(api_server.spec.as_ref().unwrap().type_.as_deref(), Some("ClusterIP"));
    let mut front = front();
    let found = endpoints(&plan, &services, &front).unwrap();
    let expected = [
        "https://kube-apiserver-clusters-demo.apps.example.com:30843",
        "https://konnectivity-server-clusters-demo.apps.example.com:30843",
        "https://ignition-server-clusters-demo.apps.example.com:30843",
    ];
    assert_eq!([&found.api_server, &found.konnectivity, &found.bootstrap].map(HostPort::https_url), expected);

    let router = front.router.as_mut().unwrap().spec.as_mut().unwrap();
    router.type_ = Some("LoadBalancer".to_owned());
    router.ports.as_mut().unwrap()[0].port = 443;
    assert_eq!(endpoints(&plan, &services, &front).unwrap().konnectivity.port, 443);
    front.router = None;
    assert_eq!(endpoints(&plan, &services, &front), Err(EndpointsPending::NoRouter));
}

#[test]
fn annotations_tune_kube_apiserver() {
    use hoist_api::annotations as keys;
    let mut case = case();
    for (key, value) in [
        (keys::API_SERVER_GOGC, "75"),
        (keys::API_SERVER_GOMEMLIMIT, "2GiB"),
        (keys::API_SERVER_REQUESTS, "400"),
        (keys::API_SERVER_MUTATING_REQUESTS, "200"),
        (keys::API_SERVER_VERBOSITY, "4"),
        (keys::API_SERVER_GOAWAY_CHANCE, "0.01"),
        (keys::API_SERVER_TOKEN_EXPIRATION, "24h"),
    ] {
        case.annotations.insert(key.to_owned(), value.to_owned());
    }
    let deployment = workload(&case.plan(), ComponentName::KubeApiServer);
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let arguments: Vec<&str> = container["args"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for flag in [
        "--max-requests-inflight=400",
        "--max-mutating-requests-inflight=200",
        "--v=4",
        "--goaway-chance=0.01",
        "--service-account-max-token-expiration=24h",
    ] {
        assert!(arguments.contains(&flag), "{flag} is not in {arguments:?}");
    }
    assert_eq!(
        container["env"],
        serde_json::json!([{"name": "GOGC", "value": "75"}, {"name": "GOMEMLIMIT", "value": "2GiB"}])
    );
}

#[test]
fn on_nodes_of_its_own_only_kube_apiserver_is_bound_to_them() {
    use hoist_api::annotations as keys;
    let mut case = highly_available();
    case.annotations.insert(keys::TOPOLOGY.to_owned(), keys::DEDICATED_REQUEST_SERVING.to_owned());
    case.annotations.insert(keys::REQUEST_SERVING_NODE_SELECTOR.to_owned(), "size=large".to_owned());
    let plan = case.plan();
    let required = |name: ComponentName| {
        let workload = workload(&plan, name);
        let spec = &workload["spec"]["template"]["spec"];
        let key = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = spec["affinity"]["nodeAffinity"][key]["nodeSelectorTerms"][0]["matchExpressions"].clone();
        let tolerates = spec["tolerations"].to_string().contains("request-serving-component");
        (terms, tolerates, workload["spec"]["replicas"].clone())
    };
    let (terms, tolerates, replicas) = required(ComponentName::KubeApiServer);
    assert_eq!(terms[0]["key"], "hypershift.openshift.io/request-serving-component");
    assert_eq!((&terms[1]["key"], &terms[1]["values"][0]), (&"size".into(), &"large".into()));
    assert!(tolerates);
    assert_eq!(replicas, 2);
    assert_eq!(required(ComponentName::Etcd), (Value::Null, false, 3.into()));
}

#[rstest]
#[case("r.example.com:5000/etcd:3.6", "IfNotPresent")]
#[case("r.example.com:5000/etcd:latest", "Always")]
#[case("r.example.com:5000/etcd", "Always")]
fn a_tag_that_moves_is_pulled_anew(#[case] image: &str, #[case] policy: &str) {
    let mut case = case();
    let overrides = format!("etcd={image}");
    case.annotations.insert(hoist_api::annotations::IMAGE_OVERRIDES.to_owned(), overrides);
    let pod = workload(&case.plan(), ComponentName::Etcd);
    let container = &pod["spec"]["template"]["spec"]["containers"][0];
    assert_eq!((&container["image"], &container["imagePullPolicy"]), (&image.into(), &policy.into()));
}

#[test]
fn frozen_certificates_stay_and_missing_ones_are_made() {
    let mut made = pki(&plan(), None, &[], &Given::default(), jiff::Timestamp::UNIX_EPOCH, &SystemKeys).unwrap();
    let mut kept = made.secrets[0].clone();
    kept.data.as_mut().unwrap().insert("tls.crt".to_owned(), ByteString(b"the user's".to_vec()));
    made.freeze(std::slice::from_ref(&kept));
    assert_eq!(made.secrets[0].data, kept.data);
    assert_eq!(made.next_renewal, None);
    assert!(made.changes.iter().all(|change| Some(change.name) != kept.metadata.name.as_deref()));
    assert!(made.changes.len() > 5);
}
