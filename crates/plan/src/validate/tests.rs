mod hosts;
mod routes;

use std::collections::BTreeMap;

use hoist_api::annotations::{RESOURCE_REQUEST_OVERRIDE_PREFIX, SKIP_RELEASE_IMAGE_VALIDATION};
use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::etcd::{EtcdManagementType, PersistentVolumeEtcdStorageSpec};
use hoist_api::hosted_cluster::networking::{
    AllocateNodeCidrs, ApiServerNetworking, ClusterNetworkEntry, MachineNetworkEntry, NetworkType, ServiceNetworkEntry,
};
use hoist_api::hosted_cluster::platform::{AgentPlatformSpec, PlatformType};
use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_api::hosted_cluster::services::{HostnamePublishingStrategy, PublishingStrategyType, ServiceType};
use hoist_api::hosted_cluster::{AvailabilityPolicy, SecretEncryptionType};
use hoist_pki::KeySource;
use rstest::rstest;

use crate::fixtures::{Case, case, highly_available, node_port, release, release_of, secret};
use crate::observed::ReleaseProblem;
use crate::{Finding, NetworkProvider, PublishedVia};

/// PEM of an authority.
fn authority() -> String {
    let now = "2026-01-01T00:00:00Z".parse().unwrap();
    let authority = hoist_pki::Authority::generate("test", now, &hoist_pki::SystemKeys).unwrap();
    authority.certificate_pem().to_owned()
}

/// The only finding of a case that must be refused.
fn refusal(case: &Case) -> Finding {
    let findings = case.check().expect_err("the case must be refused");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.into_iter().next().unwrap()
}

/// Asserts `ValidConfiguration=False` with a message that holds each of `words`.
fn assert_invalid(case: &Case, words: &[&str]) {
    let finding = refusal(case);
    assert_eq!((finding.condition, finding.status), (ConditionType::ValidConfiguration, false));
    for word in words {
        assert!(finding.message.contains(word), "{word:?} is not in {:?}", finding.message);
    }
}

fn notice(case: &Case, condition: ConditionType) -> Option<Finding> {
    case.check().unwrap().notices.into_iter().find(|finding| finding.condition == condition)
}

fn cluster_network(cidr: &str, host_prefix: Option<i32>) -> Vec<ClusterNetworkEntry> {
    vec![ClusterNetworkEntry { cidr: cidr.to_owned(), host_prefix }]
}

fn service_network(cidr: &str) -> Vec<ServiceNetworkEntry> {
    vec![ServiceNetworkEntry { cidr: cidr.to_owned() }]
}

fn advertise(address: &str, port: Option<i32>) -> ApiServerNetworking {
    ApiServerNetworking { advertise_address: Some(address.to_owned()), port, allowed_cidr_blocks: None }
}

#[test]
fn a_valid_spec_becomes_a_plan_with_hypershifts_defaults() {
    let plan = case().plan();
    assert_eq!(plan.network.cluster_network.to_string(), "10.132.0.0/14");
    assert_eq!(plan.network.host_prefix, 23);
    assert_eq!(plan.network.kubernetes_service_ip.to_string(), "172.31.0.1");
    assert_eq!(plan.network.dns_service_ip.to_string(), "172.31.0.10");
    assert_eq!(plan.network.node_api.to_string(), "172.20.0.1:6443");
    assert!(plan.network.allocate_node_cidrs);
    assert_eq!((plan.etcd.replicas, plan.etcd.size.as_str(), plan.etcd.storage_class), (1, "8Gi", None));
    assert_eq!(plan.encryption.unwrap().active_key, "etcd-encryption-key");
    assert_eq!(plan.publishing.api_server, PublishedVia::NodePort { address: "10.200.0.10".to_owned(), port: None });
    assert!(plan.images.kube_apiserver.starts_with("10.200.0.10:5000/hoist/release@sha256:"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let mut case = case();
    case.spec.platform.type_ = PlatformType::AWS;
    case.spec.pull_secret = LocalObjectReference::default();
    case.spec.networking.service_network = service_network("nonsense");
    assert_eq!(case.check().unwrap_err().len(), 3);
}

#[test]
fn a_platform_that_is_not_served_is_refused_with_those_that_are() {
    let mut case = case();
    case.spec.platform.type_ = PlatformType::KubeVirt;
    let finding = refusal(&case);
    assert_eq!(
        (finding.condition, finding.reason),
        (ConditionType::SupportedHostedCluster, Reason::UnsupportedHostedCluster)
    );
    assert!(
        finding.message.contains("KubeVirt") && finding.message.contains("serves None, Agent"),
        "{}",
        finding.message
    );
}

#[test]
fn a_control_plane_of_platform_agent_is_that_of_none() {
    let mut case = case();
    let of_none = case.plan();
    case.spec.platform.type_ = PlatformType::Agent;
    case.spec.platform.agent = Some(AgentPlatformSpec { agent_namespace: "agents".to_owned() });
    let finding = notice(&case, ConditionType::FieldsHonoured).expect("nobody binds Agents");
    assert!(finding.message.contains("spec.platform.agent") && finding.message.contains("join-command"), "{finding:?}");
    assert_eq!(case.plan(), of_none);
}

#[test]
fn annotations_choose_priority_classes() {
    use hoist_api::priority_classes::{API_CRITICAL_ANNOTATION, ETCD_ANNOTATION};
    let mut case = case();
    case.annotations.insert(ETCD_ANNOTATION.to_owned(), "ours-etcd".to_owned());
    let classes = case.plan().scheduling.priority_classes;
    assert_eq!(
        [classes.etcd, classes.api_critical, classes.control_plane],
        ["ours-etcd", "hypershift-api-critical", "hypershift-control-plane"]
    );
    case.annotations.insert(API_CRITICAL_ANNOTATION.to_owned(), "Ours!".to_owned());
    assert_invalid(&case, &[API_CRITICAL_ANNOTATION, "Ours!", "kubectl get priorityclasses"]);
}

#[rstest]
#[case::no_label("Demo_1", "Demo_1")]
#[case::dash_at_the_end("demo-", "demo-")]
#[case::empty("", "\"\"")]
fn a_name_that_is_no_dns_label_is_refused(#[case] name: &str, #[case] word: &str) {
    let mut case = case();
    case.identity.hosted_cluster_name = name.to_owned();
    assert_invalid(&case, &["metadata.name", word]);
}

#[test]
fn a_name_whose_namespace_would_be_too_long_is_refused() {
    let mut case = case();
    case.identity.hosted_cluster_name = "a".repeat(60);
    case.identity.namespace = format!("clusters-{}", "a".repeat(60));
    assert_invalid(&case, &["69 characters", "shorter"]);
}

#[rstest]
#[case("http://issuer")]
#[case("https://")]
#[case("https://issuer?query")]
#[case("https://iss%zz")]
#[case("https://issuer:port")]
#[case("https://:6443")]
fn an_issuer_that_no_client_accepts_is_refused(#[case] issuer: &str) {
    let mut case = case();
    case.spec.issuer_url = issuer.to_owned();
    assert_invalid(&case, &["issuerURL", issuer]);
}

#[test]
fn a_release_that_cannot_be_read_is_reported_in_the_readers_words() {
    let mut case = case();
    case.observed.release = Err(ReleaseProblem { message: "registry is away".to_owned() });
    let finding = refusal(&case);
    assert_eq!((finding.condition, finding.reason), (ConditionType::ValidReleaseImage, Reason::InvalidImage));
    assert_eq!(finding.message, "registry is away");
}

#[test]
fn a_release_without_a_component_is_refused() {
    let mut case = case();
    case.observed.release = Ok(release_of("1.36.3", &["etcd", "kube-apiserver"]));
    let finding = refusal(&case);
    assert_eq!(finding.condition, ConditionType::ValidReleaseImage);
    assert!(finding.message.contains("kube-scheduler"), "{}", finding.message);
}

#[test]
fn a_version_that_hoist_does_not_know_is_refused_unless_the_check_is_skipped() {
    let mut case = case();
    case.observed.release = Ok(release("1.20.0"));
    let finding = refusal(&case);
    assert_eq!(finding.condition, ConditionType::ValidReleaseImage);
    assert!(finding.message.contains("1.20.0"), "{}", finding.message);
    case.annotations.insert(SKIP_RELEASE_IMAGE_VALIDATION.to_owned(), "true".to_owned());
    assert!(case.check().is_ok());
}

#[test]
fn a_control_plane_cannot_go_back_to_an_older_minor() {
    let mut case = case();
    case.observed.running_version = Some("1.36.3".parse().unwrap());
    case.observed.release = Ok(release("1.35.4"));
    let finding = refusal(&case);
    assert_eq!(finding.condition, ConditionType::ValidReleaseImage);
    assert!(finding.message.contains("1.36.3") && finding.message.contains("1.35.4"), "{}", finding.message);
}

#[rstest]
#[case::no_network("10.132.0.0", "no network")]
#[case::bits_behind_the_prefix("10.132.1.0/14", "10.132.0.0/14")]
#[case::ipv6("fd00::/48", "IPv6")]
#[case::overlaps_services("172.16.0.0/12", "overlaps spec.networking.serviceNetwork")]
#[case::overlaps_management_pods("10.201.0.0/17", "management cluster's pod network")]
#[case::overlaps_management_services("10.202.0.0/16", "management cluster's service network")]
fn a_pod_network_that_cannot_work_is_refused(#[case] cidr: &str, #[case] word: &str) {
    let mut case = case();
    case.spec.networking.cluster_network = cluster_network(cidr, None);
    let findings = case.check().unwrap_err();
    assert!(findings.iter().any(|finding| finding.message.contains(word)), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.message.contains("clusterNetwork")), "{findings:#?}");
}

#[test]
fn a_pod_network_that_holds_a_management_node_and_the_published_address_is_refused() {
    let mut case = case();
    case.spec.networking.cluster_network = cluster_network("10.200.0.0/16", None);
    let messages: Vec<_> = case.check().unwrap_err().into_iter().map(|finding| finding.message).collect();
    assert!(
        messages.iter().any(|message| message.contains("address 10.200.0.10 of a management node")),
        "{messages:#?}"
    );
    assert!(messages.iter().any(|message| message.contains("published address of APIServer")), "{messages:#?}");
}

#[rstest]
#[case::shorter_than_the_network(13)]
#[case::longer_than_a_node_needs(29)]
#[case::negative(-1)]
fn a_host_prefix_that_does_not_fit_is_refused(#[case] prefix: i32) {
    let mut case = case();
    case.spec.networking.cluster_network = cluster_network("10.132.0.0/14", Some(prefix));
    assert_invalid(&case, &["hostPrefix", &prefix.to_string(), "14 to 28"]);
}

#[test]
fn a_host_prefix_with_more_nodes_than_kube_controller_manager_counts_is_refused() {
    let mut case = case();
    case.spec.networking.cluster_network = cluster_network("11.0.0.0/8", Some(25));
    assert_invalid(&case, &["hostPrefix 25", "8 to 24"]);
}

#[test]
fn two_stacks_are_refused() {
    let mut case = case();
    case.spec.networking.cluster_network.push(ClusterNetworkEntry { cidr: "fd00::/48".to_owned(), host_prefix: None });
    assert_invalid(&case, &["clusterNetwork has 2 entries"]);
    let mut case = self::case();
    case.spec.networking.service_network.push(ServiceNetworkEntry { cidr: "fd01::/112".to_owned() });
    assert_invalid(&case, &["serviceNetwork has 2 entries"]);
}

#[rstest]
#[case::larger_than_kube_apiserver_takes("160.0.0.0/11")]
#[case::without_room_for_dns("192.168.0.0/29")]
fn a_service_network_of_a_wrong_size_is_refused(#[case] cidr: &str) {
    let mut case = case();
    case.spec.networking.service_network = service_network(cidr);
    assert_invalid(&case, &["serviceNetwork", cidr, "12", "28"]);
}

#[test]
fn machine_networks_may_hold_management_nodes_and_no_other_network() {
    let mut case = case();
    case.spec.networking.machine_network = Some(vec![MachineNetworkEntry { cidr: "10.200.0.0/24".to_owned() }]);
    assert_eq!(case.plan().network.machine_networks.len(), 1);
    case.spec.networking.machine_network = Some(vec![MachineNetworkEntry { cidr: "10.133.0.0/16".to_owned() }]);
    assert_invalid(&case, &["clusterNetwork 10.132.0.0/14 overlaps spec.networking.machineNetwork 10.133.0.0/16"]);
}

#[test]
fn a_network_that_holds_the_address_at_which_nodes_reach_their_api_is_refused() {
    let mut case = case();
    case.spec.networking.cluster_network = cluster_network("172.20.0.0/16", None);
    assert_invalid(&case, &["clusterNetwork 172.20.0.0/16 contains 172.20.0.1", "advertiseAddress"]);
    case.spec.networking.api_server = Some(advertise("172.19.0.1", None));
    assert_eq!(case.plan().network.node_api.to_string(), "172.19.0.1:6443");
}

#[rstest]
#[case::loopback("127.0.0.1")]
#[case::link_local("169.254.1.1")]
#[case::unspecified("0.0.0.0")]
#[case::a_name("api.example.com")]
fn an_advertise_address_that_cannot_work_is_refused(#[case] address: &str) {
    let mut case = case();
    case.spec.networking.api_server = Some(advertise(address, None));
    assert_invalid(&case, &["advertiseAddress", address]);
}

#[test]
fn an_advertise_address_that_a_machine_has_is_refused() {
    let mut case = case();
    case.spec.networking.api_server = Some(advertise("10.200.0.10", None));
    assert_invalid(&case, &["advertiseAddress 10.200.0.10 is the address of a machine"]);
}

#[test]
fn an_advertise_port_that_is_none_is_refused() {
    let mut case = case();
    case.spec.networking.api_server = Some(advertise("172.20.0.1", Some(70_000)));
    assert_invalid(&case, &["70000", "6443"]);
}

#[test]
fn allowed_networks_need_a_load_balancer_that_enforces_them() {
    let mut case = case();
    case.spec.networking.api_server =
        Some(ApiServerNetworking { allowed_cidr_blocks: Some(vec!["192.0.2.0/24".to_owned()]), ..Default::default() });
    assert_invalid(&case, &["allowedCIDRBlocks", "LoadBalancer"]);
    let strategy = &mut case.spec.services[0].service_publishing_strategy;
    strategy.type_ = PublishingStrategyType::LoadBalancer;
    strategy.node_port = None;
    assert_eq!(case.plan().network.allowed_cidr_blocks.len(), 1);
}

#[test]
fn the_true_network_is_named_and_only_a_foreign_one_decides_about_node_ranges() {
    let mut case = case();
    case.spec.networking.allocate_node_cidrs = Some(AllocateNodeCidrs::Disabled);
    let hoist = notice(&case, ConditionType::NetworkProvider).unwrap();
    assert_eq!((hoist.status, hoist.reason), (true, Reason::HoistNetwork));
    assert!(hoist.message.contains("OVNKubernetes") && hoist.message.contains("flannel"));
    assert!(case.plan().network.allocate_node_cidrs);

    case.spec.networking.network_type = NetworkType::Other;
    assert_eq!(notice(&case, ConditionType::NetworkProvider).unwrap().reason, Reason::BringYourOwnNetwork);
    let plan = case.plan();
    assert_eq!((plan.network.provider, plan.network.allocate_node_cidrs), (NetworkProvider::Other, false));
    case.spec.networking.allocate_node_cidrs = Some(AllocateNodeCidrs::Enabled);
    assert!(case.plan().network.allocate_node_cidrs);
}

#[rstest]
#[case::api_server(ServiceType::APIServer)]
#[case::konnectivity(ServiceType::Konnectivity)]
#[case::ignition(ServiceType::Ignition)]
fn a_service_that_is_served_must_be_published_exactly_once(#[case] service: ServiceType) {
    let mut missing = case();
    missing.spec.services.retain(|mapping| mapping.service != service);
    assert_invalid(&missing, &["does not say how", service.as_ref()]);
    let mut twice = case();
    twice.spec.services.push(node_port(service, "10.200.0.10", None));
    assert_invalid(&twice, &["more than one entry", service.as_ref()]);
}

#[rstest]
#[case::none(PublishingStrategyType::None)]
#[case::s3(PublishingStrategyType::S3)]
fn a_way_out_that_is_not_served_is_refused_with_those_that_are(#[case] way: PublishingStrategyType) {
    let mut case = case();
    case.spec.services[0].service_publishing_strategy.type_ = way;
    assert_invalid(&case, &["APIServer", way.as_ref(), "NodePort, LoadBalancer and Route"]);
}

#[test]
fn a_load_balancer_may_have_a_name_of_its_own() {
    let mut case = case();
    let strategy = &mut case.spec.services[0].service_publishing_strategy;
    strategy.type_ = PublishingStrategyType::LoadBalancer;
    strategy.node_port = None;
    strategy.load_balancer = Some(HostnamePublishingStrategy { hostname: Some("api.example.com".to_owned()) });
    let plan = case.plan();
    assert_eq!(plan.publishing.api_server.host(), Some("api.example.com"));
    assert_eq!(plan.publishing.api_server.service_type(), "LoadBalancer");
}

#[rstest]
#[case::of_no_node("10.200.0.77", "no address of a management node (10.200.0.10)")]
#[case::mistyped("10.200.0", "neither an IP address nor a host name")]
#[case::empty("", "neither an IP address nor a host name")]
#[case::no_name("api_1.example.com", "neither an IP address nor a host name")]
fn a_node_port_address_that_cannot_work_is_refused(#[case] address: &str, #[case] word: &str) {
    let mut case = case();
    case.spec.services[0] = node_port(ServiceType::APIServer, address, None);
    assert_invalid(&case, &["APIServer", word]);
}

#[test]
fn a_node_port_address_may_be_a_name() {
    let mut case = case();
    case.spec.services[0] = node_port(ServiceType::APIServer, "api.example.com", Some(30443));
    assert_eq!(
        case.plan().publishing.api_server,
        PublishedVia::NodePort { address: "api.example.com".to_owned(), port: Some(30443) }
    );
}

#[test]
fn a_node_port_without_its_settings_is_refused() {
    let mut case = case();
    case.spec.services[0].service_publishing_strategy.node_port = None;
    assert_invalid(&case, &["APIServer", "no nodePort.address"]);
}

#[test]
fn a_node_port_outside_of_the_range_is_refused() {
    let mut case = case();
    case.spec.services[0] = node_port(ServiceType::APIServer, "10.200.0.10", Some(6443));
    assert_invalid(&case, &["port 6443", "30000 to 32767"]);
    case.observed.management.node_port_range = Some((6000, 7000));
    assert_eq!(case.plan().publishing.api_server.node_port(), Some(6443));
}

#[test]
fn two_services_cannot_have_one_node_port() {
    let mut case = case();
    case.spec.services[0] = node_port(ServiceType::APIServer, "10.200.0.10", Some(30443));
    case.spec.services[2] = node_port(ServiceType::Konnectivity, "10.200.0.10", Some(30443));
    assert_invalid(&case, &["same node port 30443"]);
}

#[test]
fn services_that_are_not_served_are_accepted_and_said() {
    let served = notice(&case(), ConditionType::ServicesServed).unwrap();
    assert_eq!((served.status, served.reason), (false, Reason::NotServed));
    assert!(served.message.contains("OAuthServer"), "{}", served.message);
    let mut case = case();
    case.spec.services.retain(|mapping| mapping.service != ServiceType::OAuthServer);
    assert!(notice(&case, ConditionType::ServicesServed).unwrap().status);
}

#[test]
fn a_port_for_ignition_is_not_applied_and_that_is_said() {
    let mut case = case();
    case.spec.services.retain(|mapping| mapping.service != ServiceType::Ignition);
    case.spec.services.push(node_port(ServiceType::Ignition, "10.200.0.10", Some(31_000)));
    let served = notice(&case, ConditionType::ServicesServed).unwrap();
    assert_eq!((served.status, served.reason), (false, Reason::NotServed));
    assert!(served.message.contains("port 31000 of Ignition is not applied"), "{}", served.message);
    assert!(served.message.contains("OAuthServer"), "{}", served.message);
}

#[test]
fn an_etcd_that_the_user_runs_is_refused() {
    let mut case = case();
    case.spec.etcd.management_type = EtcdManagementType::Unmanaged;
    assert_invalid(&case, &["Unmanaged", "serves Managed"]);
}

#[test]
fn a_snapshot_to_start_from_is_refused() {
    let mut case = case();
    case.spec.etcd.managed.as_mut().unwrap().storage.restore_snapshot_url = Some(vec!["https://snapshot".to_owned()]);
    assert_invalid(&case, &["restoreSnapshotURL"]);
}

#[test]
fn a_size_that_is_none_is_refused() {
    let mut case = case();
    case.spec.etcd.managed.as_mut().unwrap().storage.persistent_volume =
        Some(PersistentVolumeEtcdStorageSpec { storage_class_name: None, size: "much".into() });
    assert_invalid(&case, &["size \"much\"", "8Gi"]);
}

#[test]
fn no_default_storage_class_is_said_with_what_there_is() {
    let mut case = case();
    case.observed.management.storage_classes[0].is_default = false;
    let finding = refusal(&case);
    assert_eq!(finding.reason, Reason::StorageClassMissing);
    assert!(finding.message.contains("it has local"), "{}", finding.message);
    case.observed.management.storage_classes.clear();
    assert!(refusal(&case).message.contains("it has none"));
}

#[test]
fn a_cluster_that_runs_does_not_depend_on_the_class_of_its_volumes_any_more() {
    let mut case = case();
    case.observed.management.storage_classes.clear();
    case.observed.running_version = Some(semver::Version::new(1, 36, 3));
    assert_eq!(case.plan().etcd.storage_class, None);
}

#[test]
fn a_storage_class_that_does_not_exist_is_refused() {
    let mut case = case();
    let mut volume = PersistentVolumeEtcdStorageSpec {
        storage_class_name: Some("fast".to_owned()),
        ..PersistentVolumeEtcdStorageSpec::default()
    };
    case.spec.etcd.managed.as_mut().unwrap().storage.persistent_volume = Some(volume.clone());
    let finding = refusal(&case);
    assert_eq!(finding.reason, Reason::StorageClassMissing);
    assert!(finding.message.contains("\"fast\" does not exist"), "{}", finding.message);
    volume.storage_class_name = Some("local".to_owned());
    case.spec.etcd.managed.as_mut().unwrap().storage.persistent_volume = Some(volume);
    assert_eq!(case.plan().etcd.storage_class.as_deref(), Some("local"));
}

#[rstest]
#[case::no_json(b"nonsense", "is no JSON")]
#[case::no_auths(b"{}", "has no object `auths`")]
#[case::entry_is_no_object(br#"{"auths":{"r":"x"}}"#, "entry that is no object")]
#[case::auth_is_no_base64(br#"{"auths":{"r":{"auth":"???"}}}"#, "base64")]
#[case::auth_without_colon(br#"{"auths":{"r":{"auth":"dXNlcg=="}}}"#, "base64 of `user:password`")]
fn a_malformed_pull_secret_is_refused_without_its_contents(#[case] contents: &[u8], #[case] word: &str) {
    let mut case = case();
    case.observed.secrets.insert("pull-secret".to_owned(), secret(".dockerconfigjson", contents));
    assert_invalid(&case, &["spec.pullSecret", "\"pull-secret\"", word]);
    assert!(!refusal(&case).message.contains("dXNlcg"));
}

#[test]
fn a_missing_pull_secret_is_refused_with_the_command_that_makes_it() {
    let mut case = case();
    case.observed.secrets.remove("pull-secret");
    assert_invalid(&case, &["spec.pullSecret", "does not exist", "kubectl create secret generic"]);
    case.observed.secrets.insert("pull-secret".to_owned(), secret("other", b""));
    assert_invalid(&case, &["no key `.dockerconfigjson`"]);
    case.spec.pull_secret.name.clear();
    assert_invalid(&case, &["spec.pullSecret.name is empty"]);
}

#[test]
fn an_ssh_key_is_optional_and_must_be_one() {
    let mut case = case();
    case.spec.ssh_key = LocalObjectReference::new("ssh");
    assert_invalid(&case, &["spec.sshKey", "does not exist"]);
    case.observed.secrets.insert("ssh".to_owned(), secret("id_rsa.pub", b"-----BEGIN OPENSSH PRIVATE KEY-----"));
    assert_invalid(&case, &["spec.sshKey", "no public key"]);
    let key = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPk2s3t0m1kqkkq0q3d8Q1B7m6Jq3n9c0ZlY2F1c2Uh someone";
    case.observed.secrets.insert("ssh".to_owned(), secret("id_rsa.pub", key));
    assert!(case.check().is_ok());
}

#[test]
fn encryption_is_optional_and_its_keys_have_32_bytes() {
    let mut case = case();
    case.observed.secrets.insert("etcd-encryption-key".to_owned(), secret("key", b"short"));
    assert_invalid(&case, &["activeKey", "has 5 bytes: expected 32"]);
    case.observed.secrets.remove("etcd-encryption-key");
    assert_invalid(&case, &["activeKey", "does not exist"]);
    case.spec.secret_encryption = None;
    assert_eq!(case.plan().encryption, None);
}

#[test]
fn a_backup_key_is_checked_like_the_active_one() {
    let mut case = case();
    let aescbc = case.spec.secret_encryption.as_mut().unwrap().aescbc.as_mut().unwrap();
    aescbc.backup_key = Some(LocalObjectReference::new("old-key"));
    assert_invalid(&case, &["backupKey", "\"old-key\""]);
    case.observed.secrets.insert("old-key".to_owned(), secret("key", &[7; 32]));
    assert_eq!(case.plan().encryption.unwrap().backup_key.as_deref(), Some("old-key"));
}

#[test]
fn encryption_that_needs_a_cloud_or_names_no_key_is_refused() {
    let mut case = case();
    case.spec.secret_encryption.as_mut().unwrap().type_ = SecretEncryptionType::Kms;
    assert_invalid(&case, &["kms", "aescbc"]);
    let mut case = self::case();
    case.spec.secret_encryption.as_mut().unwrap().aescbc = None;
    assert_invalid(&case, &["aescbc is missing"]);
}

#[test]
fn a_trust_bundle_must_exist_and_hold_a_certificate() {
    let mut case = case();
    case.spec.additional_trust_bundle = Some(LocalObjectReference::new("trust"));
    assert_invalid(&case, &["additionalTrustBundle", "does not exist"]);
    case.observed.config_maps.insert("trust".to_owned(), BTreeMap::new());
    assert_invalid(&case, &["no key `ca-bundle.crt`"]);
    let bundle = |text: &str| BTreeMap::from([("ca-bundle.crt".to_owned(), text.to_owned())]);
    case.observed.config_maps.insert("trust".to_owned(), bundle("nonsense"));
    assert_invalid(&case, &["additionalTrustBundle", "X.509"]);
    case.observed.config_maps.insert("trust".to_owned(), bundle(&authority()));
    assert_eq!(case.plan().trust_bundle.as_deref(), Some("trust"));
}

#[test]
fn a_signing_key_of_the_user_must_be_a_private_key() {
    let mut case = case();
    case.spec.service_account_signing_key = Some(LocalObjectReference::new("signing"));
    case.observed.secrets.insert("signing".to_owned(), secret("key", b"nonsense"));
    assert_invalid(&case, &["serviceAccountSigningKey", "no private key"]);
    let key = hoist_pki::SystemKeys.rsa().unwrap().serialize_pem();
    case.observed.secrets.insert("signing".to_owned(), secret("key", key.as_bytes()));
    assert_eq!(case.plan().service_account_signing_key.as_deref(), Some("signing"));
}

#[test]
fn a_highly_available_control_plane_on_too_few_nodes_is_accepted_and_the_missing_ones_counted() {
    let mut case = highly_available();
    assert_eq!(case.plan().etcd.replicas, 3);
    assert_eq!(notice(&case, ConditionType::Degraded), None);
    case.observed.management.schedulable_nodes.truncate(1);
    let finding = notice(&case, ConditionType::Degraded).unwrap();
    assert_eq!((finding.status, finding.reason), (true, Reason::InsufficientNodes));
    assert!(finding.message.contains("has 1 (management-0): 2 missing"), "{}", finding.message);
    case.spec.controller_availability_policy = AvailabilityPolicy::SingleReplica;
    assert_eq!(notice(&case, ConditionType::Degraded), None);
}

#[test]
fn requests_are_overridden_by_annotations_and_wrong_ones_refused() {
    let mut case = case();
    let key = format!("{RESOURCE_REQUEST_OVERRIDE_PREFIX}/kube-apiserver.kube-apiserver");
    case.annotations.insert(key.clone(), "cpu=1,memory=2Gi".to_owned());
    let plan = case.plan();
    assert_eq!(plan.resource_overrides.of("kube-apiserver", "kube-apiserver").unwrap().memory.as_deref(), Some("2Gi"));
    case.annotations.insert(key, "much".to_owned());
    assert_invalid(&case, &["kube-apiserver.kube-apiserver=much", "cpu=100m"]);
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
    assert_eq!(
        case.plan().api_server_tuning,
        crate::ApiServerTuning {
            gogc: Some("75".to_owned()),
            gomemlimit: Some("2GiB".to_owned()),
            max_requests_inflight: Some(400),
            max_mutating_requests_inflight: Some(200),
            verbosity: Some(4),
            goaway_chance: Some("0.01".to_owned()),
            max_token_expiration: Some("24h".to_owned()),
        }
    );
}

/// A component would not start with any of them.
#[rstest]
#[case(hoist_api::annotations::API_SERVER_GOGC, "0")]
#[case(hoist_api::annotations::API_SERVER_GOMEMLIMIT, "2Gi")]
#[case(hoist_api::annotations::API_SERVER_REQUESTS, "many")]
#[case(hoist_api::annotations::API_SERVER_VERBOSITY, "11")]
#[case(hoist_api::annotations::API_SERVER_GOAWAY_CHANCE, "0.5")]
#[case(hoist_api::annotations::API_SERVER_TOKEN_EXPIRATION, "30m")]
#[case(hoist_api::annotations::DESTROY_GRACE_PERIOD, "soon")]
#[case(hoist_api::annotations::POD_SECURITY_LEVEL, "strict")]
#[case(hoist_api::annotations::TOPOLOGY, "flat")]
#[case(hoist_api::annotations::REQUEST_SERVING_NODE_SELECTOR, "zone")]
#[case(hoist_api::annotations::IMAGE_OVERRIDES, "etcd")]
fn a_wrong_value_of_an_annotation_is_refused_by_name(#[case] key: &str, #[case] value: &str) {
    let mut case = case();
    case.annotations.insert(key.to_owned(), value.to_owned());
    let findings = case.check().unwrap_err();
    assert!(
        findings[0].message.starts_with(&format!("annotation {key}={value}: expected ")),
        "{}",
        findings[0].message
    );
}

#[test]
fn annotations_choose_images_and_those_of_unknown_components_are_told() {
    use hoist_api::annotations as keys;
    let mut case = case();
    let overrides = "etcd=r.example.com/etcd:1,cluster-version-operator=r.example.com/cvo:1";
    case.annotations.insert(keys::IMAGE_OVERRIDES.to_owned(), overrides.to_owned());
    case.annotations.insert(keys::KONNECTIVITY_AGENT_IMAGE.to_owned(), "r.example.com/agent:1".to_owned());
    let checked = case.check().unwrap();
    assert_eq!(checked.plan.images.etcd, "r.example.com/etcd:1");
    assert_eq!(checked.plan.images.konnectivity_agent, "r.example.com/agent:1");
    let told = checked.notices.iter().find(|notice| notice.condition == ConditionType::AnnotationsHonoured).unwrap();
    assert!(!told.status && told.message.contains("cluster-version-operator"), "{}", told.message);
}
