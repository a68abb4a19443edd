//! The table of certificate requests: what is approved, and every refusal.

use std::net::IpAddr;

use hoist_api::host::HostStatus;
use hoist_testkit::fixtures;
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::CertificateSigningRequestSpec;
use k8s_openapi::api::core::v1::NodeAddress;
use rcgen::{CertificateParams, DnType, KeyPair, SanType};
use rstest::rstest;

use super::*;

const HOST: &str = "hoist:host:worker-0";
const NODE: &str = "system:node:worker-0";
const DNS: &str = "worker-0";
const ADDRESS: &str = "10.200.0.100";

/// A request that is right in every respect; tests spoil one.
struct Request {
    signer: &'static str,
    user: &'static str,
    group: &'static str,
    common_name: &'static str,
    organization: &'static str,
    usages: Vec<&'static str>,
    names: Vec<SanType>,
}

fn client() -> Request {
    Request {
        signer: CLIENT_SIGNER,
        user: HOST,
        group: HOST_GROUP,
        common_name: NODE,
        organization: NODE_GROUP,
        usages: vec!["digital signature", "client auth"],
        names: Vec::new(),
    }
}

fn serving() -> Request {
    Request {
        signer: SERVING_SIGNER,
        user: NODE,
        group: NODE_GROUP,
        usages: vec!["digital signature", "server auth"],
        names: vec![dns(DNS), ip(ADDRESS)],
        ..client()
    }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn ip(address: &str) -> SanType {
    SanType::IpAddress(address.parse::<IpAddr>().unwrap())
}

impl Request {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn build(&self) -> CertificateSigningRequest {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters.distinguished_name.push(DnType::OrganizationName, self.organization);
        parameters.distinguished_name.push(DnType::CommonName, self.common_name);
        parameters.subject_alt_names.clone_from(&self.names);
        let pem = parameters.serialize_request(&key).unwrap().pem().unwrap();
        CertificateSigningRequest {
            spec: CertificateSigningRequestSpec {
                request: ByteString(pem.into_bytes()),
                signer_name: self.signer.to_owned(),
                usages: Some(self.usages.iter().map(|usage| (*usage).to_owned()).collect()),
                username: Some(self.user.to_owned()),
                groups: Some(vec![self.group.to_owned(), "system:authenticated".to_owned()]),
                ..CertificateSigningRequestSpec::default()
            },
            ..CertificateSigningRequest::default()
        }
    }

    fn judged(self, host: Option<&Host>, node_exists: bool) -> Verdict {
        let around = Surroundings { node_exists, ..Surroundings::default() };
        judge(&Asked::of(&self.build()).expect("one of our signers"), host, &around)
    }
}

/// A Host whose kubelet got its client certificate.
fn admitted() -> Host {
    let mut host = fixtures::host("worker-0");
    host.status = Some(HostStatus { approved_requests: vec!["csr-1".to_owned()], ..HostStatus::default() });
    host
}

#[test]
fn a_joining_host_and_its_kubelet_are_approved() {
    assert_eq!(client().judged(Some(&fixtures::host("worker-0")), false), Verdict::Approve);
    assert_eq!(serving().judged(Some(&admitted()), true), Verdict::Approve);
    assert_eq!(serving().judged(Some(&admitted()), false), Verdict::Approve);
}

#[test]
fn a_host_gains_nothing_from_the_requests_of_somebody_elses_node() {
    let renewal = || client().with(|request| (request.user, request.group) = (NODE, NODE_GROUP));
    for request in [serving(), renewal()] {
        for node_exists in [true, false] {
            let stranger = fixtures::host("worker-0");
            let around = Surroundings { node_exists, ..Surroundings::default() };
            let Verdict::Refuse(message) = judge(&Asked::of(&request.build()).unwrap(), Some(&stranger), &around)
            else {
                panic!("approved")
            };
            assert!(message.contains("does not belong to Host worker-0"), "{message}");
        }
    }
}

#[test]
fn a_person_who_approves_a_hosts_request_lets_that_host_in() {
    use k8s_openapi::api::certificates::v1::{CertificateSigningRequestCondition, CertificateSigningRequestStatus};
    let approved = |request: Request, type_: &str| {
        let mut request = request.build();
        let condition = CertificateSigningRequestCondition {
            type_: type_.to_owned(),
            status: "True".to_owned(),
            ..CertificateSigningRequestCondition::default()
        };
        request.status = Some(CertificateSigningRequestStatus { conditions: Some(vec![condition]), certificate: None });
        request
    };
    assert_eq!(admitted_host(&approved(client(), "Approved")).as_deref(), Some("worker-0"));
    assert_eq!(admitted_host(&client().build()), None, "pending");
    assert_eq!(admitted_host(&approved(client(), "Denied")), None);
    assert_eq!(admitted_host(&approved(serving(), "Approved")), None);
    let other = client().with(|request| request.common_name = "system:node:worker-1");
    assert_eq!(admitted_host(&approved(other, "Approved")), None);
}

#[test]
fn a_node_renews_its_own_certificate_long_after_its_credential_ended() {
    let renewal = client().with(|request| (request.user, request.group) = (NODE, NODE_GROUP));
    assert_eq!(renewal.judged(Some(&admitted()), true), Verdict::Approve);
}

#[test]
fn a_host_that_lost_its_certificate_may_ask_again_for_the_node_it_owns() {
    let mut host = fixtures::host("worker-0");
    host.status = Some(HostStatus { node: Some("worker-0".to_owned()), ..HostStatus::default() });
    assert_eq!(client().judged(Some(&host), true), Verdict::Approve);
}

#[test]
fn rsa_keys_need_one_usage_more() {
    let request = client().with(|request| request.usages.push("key encipherment"));
    assert_eq!(request.judged(Some(&fixtures::host("worker-0")), false), Verdict::Approve);
}

#[rstest]
#[case::stranger(client().with(|r| r.user = "somebody"), "neither a joining host nor a node")]
#[case::name_without_group(client().with(|r| r.group = "system:authenticated"), "may not ask")]
#[case::group_of_nodes_only(client().with(|r| r.group = NODE_GROUP), "may not ask")]
#[case::host_asks_for_serving(serving().with(|r| (r.user, r.group) = (HOST, HOST_GROUP)), "may not ask")]
#[case::other_node_name(client().with(|r| r.common_name = "system:node:worker-1"), "system:node:worker-1")]
#[case::administrator(client().with(|r| r.common_name = "system:admin"), "system:admin")]
#[case::other_group(client().with(|r| r.organization = "system:masters"), "system:masters")]
#[case::too_many_usages(client().with(|r| r.usages.push("server auth")), "usages")]
#[case::too_few_usages(client().with(|r| r.usages = vec!["client auth"]), "usages")]
#[case::client_with_names(client().with(|r| r.names = vec![dns("worker-0")]), "further names")]
#[case::serving_as_client(serving().with(|r| r.usages = vec!["digital signature", "client auth"]), "usages")]
#[case::extra_address(serving().with(|r| r.names.push(ip("10.200.0.10"))), "10.200.0.10")]
#[case::extra_dns_name(serving().with(|r| r.names.push(dns("kubernetes.default"))), "kubernetes.default")]
#[case::no_names(serving().with(|r| r.names.clear()), "without any name")]
#[case::a_mail_address(serving().with(|r| r.names.push(SanType::Rfc822Name("a@example.com".try_into().unwrap()))), "neither DNS names nor addresses")]
fn a_request_that_is_wrong_in_one_respect_stays_pending(#[case] request: Request, #[case] word: &str) {
    match request.judged(Some(&admitted()), false) {
        Verdict::Refuse(message) => assert!(message.contains(word), "{message}"),
        Verdict::Approve => panic!("approved"),
    }
}

#[test]
fn a_host_that_nobody_knows_is_refused() {
    let Verdict::Refuse(message) = client().judged(None, false) else { panic!("approved") };
    assert!(message.contains("no Host worker-0") && message.contains("join-command"), "{message}");
}

#[test]
fn a_host_that_is_leaving_is_refused() {
    let mut left = fixtures::host("worker-0");
    left.status = Some(HostStatus { stage: Some(Stage::Left), ..HostStatus::default() });
    let mut ending = fixtures::host("worker-0");
    ending.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(fixtures::now()));
    for host in [left, ending] {
        let Verdict::Refuse(message) = client().judged(Some(&host), false) else { panic!("approved") };
        assert!(message.contains("leaving"), "{message}");
    }
}

#[test]
fn a_node_name_that_is_taken_is_refused() {
    let Verdict::Refuse(message) = client().judged(Some(&fixtures::host("worker-0")), true) else { panic!("approved") };
    assert!(message.contains("does not belong to Host worker-0"), "{message}");
}

#[test]
fn nonsense_is_refused_with_its_cause() {
    let mut request = client().build();
    request.spec.request = ByteString(b"not a request".to_vec());
    let Verdict::Refuse(message) =
        judge(&Asked::of(&request).unwrap(), Some(&fixtures::host("worker-0")), &Surroundings::default())
    else {
        panic!("approved")
    };
    assert!(message.contains("cannot be read"), "{message}");
}

#[test]
fn requests_for_other_signers_are_none_of_our_business() {
    let request = client().with(|request| request.signer = "kubernetes.io/kube-apiserver-client").build();
    assert!(Asked::of(&request).is_none());
}

#[test]
fn an_address_that_another_has_is_not_given_away() {
    let (own, mut other) = (admitted(), fixtures::host("worker-1"));
    let judged = |others: &[Host], nodes: &[Node]| {
        let around = Surroundings::of("worker-0", others, nodes);
        judge(&Asked::of(&serving().build()).unwrap(), Some(&own), &around)
    };
    assert_eq!(
        judged(&[own.clone(), other.clone()], &[]),
        Verdict::Approve,
        "a host that was never let in has nothing"
    );
    other.status = Some(HostStatus { node: Some("worker-1".to_owned()), ..HostStatus::default() });
    let Verdict::Refuse(message) = judged(&[own.clone(), other], &[]) else { panic!("approved") };
    assert!(message.contains(ADDRESS) && message.contains("Host worker-1"), "{message}");

    let mut node = fixtures::node("foreign");
    let address = NodeAddress { type_: "InternalIP".to_owned(), address: ADDRESS.to_owned() };
    node.status.as_mut().unwrap().addresses = Some(vec![address.clone()]);
    let Verdict::Refuse(message) = judged(std::slice::from_ref(&own), &[node]) else { panic!("approved") };
    assert!(message.contains("Node foreign"), "{message}");
    let mut same = fixtures::node("worker-0");
    same.status.as_mut().unwrap().addresses = Some(vec![address]);
    assert_eq!(judged(std::slice::from_ref(&own), &[same]), Verdict::Approve, "it is its own");
}
