//! What is taken as a certificate of the user's own, and every refusal.

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::configuration::ClusterConfiguration;
use hoist_api::hosted_cluster::configuration::api_server::ApiServerServingCerts;
use hoist_api::hosted_cluster::references::NameReference;
use hoist_pki::{Authority, Leaf, Subject, SystemKeys, Usage};
use rstest::rstest;

use super::*;
use crate::fixtures::{Case, case, now};

/// A certificate for `names` that lives for `hours`, with its key.
fn certificate(names: &[&str], hours: i64) -> BTreeMap<String, Vec<u8>> {
    let authority = Authority::generate("theirs", now(), &SystemKeys).unwrap();
    let leaf = Leaf {
        subject: Subject::user("api"),
        names: AlternativeName::all(names),
        usage: Usage::Server,
        lifetime: SignedDuration::from_hours(hours),
    };
    let issued = authority.issue(&leaf, now(), &SystemKeys).unwrap();
    [("tls.crt", issued.certificate_pem), ("tls.key", issued.key_pem)]
        .map(|(key, text)| (key.to_owned(), text.into_bytes()))
        .into()
}

fn naming(names: Option<&[&str]>, secret: &str) -> ApiServerNamedServingCert {
    ApiServerNamedServingCert {
        names: names.map(|names| names.iter().map(|name| (*name).to_owned()).collect()),
        serving_certificate: Some(NameReference { name: secret.to_owned() }),
    }
}

fn with(certificates: Vec<ApiServerNamedServingCert>) -> Case {
    let mut case = case();
    let api_server = ApiServerSpec {
        serving_certs: Some(ApiServerServingCerts { named_certificates: Some(certificates) }),
        ..ApiServerSpec::default()
    };
    case.spec.configuration =
        Some(ClusterConfiguration { api_server: Some(api_server), ..ClusterConfiguration::default() });
    case.observed.secrets.insert("mine".to_owned(), certificate(&["api.example.com", "*.apps.example.com"], 8760));
    case
}

fn refusal(case: &Case) -> String {
    let findings = case.check().unwrap_err();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings[0].message.clone()
}

fn told(case: &Case) -> Finding {
    let notices = case.check().unwrap().notices;
    notices.into_iter().find(|notice| notice.condition == ConditionType::ServingCertificatesValid).unwrap()
}

#[test]
fn a_certificate_is_shown_for_its_own_names_or_for_those_that_are_listed() {
    let plan = with(vec![naming(None, "mine")]).plan();
    let own = &plan.api_server_configuration.named_certificates[0];
    assert!(own.covers("api.example.com") && own.covers("x.apps.example.com") && !own.covers("example.com"));
    assert!(!own.are_listed);
    let plan = with(vec![naming(Some(&["x.apps.example.com"]), "mine")]).plan();
    let listed = &plan.api_server_configuration.named_certificates[0];
    assert!(listed.covers("x.apps.example.com") && !listed.covers("api.example.com") && listed.are_listed);
}

#[test]
fn its_end_is_told_and_refuses_nothing() {
    let mut case = with(vec![naming(None, "mine")]);
    assert_eq!((told(&case).status, told(&case).reason), (true, Reason::AsExpected));
    case.observed.secrets.insert("mine".to_owned(), certificate(&["api.example.com"], 24));
    assert_eq!((told(&case).status, told(&case).reason), (false, Reason::CertificateExpiring));
    case.observed.now = now() + SignedDuration::from_hours(25);
    assert_eq!(told(&case).reason, Reason::CertificateExpired);
    assert!(told(&case).message.contains("Secret \"mine\""));
}

#[rstest]
#[case::service("kubernetes.default.svc")]
#[case::inside("kube-apiserver")]
#[case::published("10.200.0.10")]
#[case::of_nodes("172.20.0.1")]
#[case::wildcard("*.default.svc")]
fn a_certificate_that_would_hide_the_api_servers_own_is_refused(#[case] name: &str) {
    let mut case = with(vec![naming(None, "mine")]);
    case.observed.secrets.insert("mine".to_owned(), certificate(&[name], 8760));
    let message = refusal(&case);
    assert!(message.starts_with(FIELD) && message.contains(name), "{message}");
    case = with(vec![naming(Some(&[name]), "mine")]);
    assert!(refusal(&case).contains(name));
}

#[test]
fn what_is_wrong_is_named() {
    let mut case = with(vec![naming(None, "absent")]);
    assert!(
        refusal(&case)
            .contains("namedCertificates[0].servingCertificate names Secret \"absent\", which does not exist")
    );
    case = with(vec![naming(None, "")]);
    assert!(refusal(&case).contains("servingCertificate.name is empty"));
    case = with(vec![naming(Some(&["other.example.com"]), "mine")]);
    assert!(refusal(&case).contains("none that the certificate in Secret \"mine\" speaks for"));
    case = with(vec![naming(Some(&["api.example.com:443"]), "mine")]);
    assert!(refusal(&case).contains("no DNS name"));
    case = with(vec![naming(None, "mine"), naming(Some(&["api.example.com"]), "mine")]);
    assert!(refusal(&case).contains("list each name once"));
    case = with(vec![naming(None, "mine")]);
    let mixed = case.observed.secrets.get_mut("mine").unwrap();
    mixed.insert("tls.key".to_owned(), certificate(&["a.example.com"], 1)["tls.key"].clone());
    assert!(refusal(&case).contains("do not belong together"));
    case.observed.secrets.get_mut("mine").unwrap().remove("tls.key");
    assert!(refusal(&case).contains("no key `tls.key`"));
    case.observed.secrets.get_mut("mine").unwrap().insert("tls.crt".to_owned(), b"nonsense".to_vec());
    assert!(refusal(&case).contains("key `tls.key`"));
}

#[test]
fn authorities_of_clients_must_be_authorities() {
    let mut case = with(Vec::new());
    let api_server = case.spec.configuration.as_mut().unwrap().api_server.as_mut().unwrap();
    api_server.client_ca = Some(NameReference { name: "clients".to_owned() });
    assert!(refusal(&case).contains("clientCA names ConfigMap \"clients\", which does not exist"));
    let mut bundle = |text: String| {
        case.observed.config_maps.insert("clients".to_owned(), BTreeMap::from([("ca-bundle.crt".to_owned(), text)]));
        case.check()
    };
    let leaf = String::from_utf8(certificate(&["a.example.com"], 1)["tls.crt"].clone()).unwrap();
    assert!(bundle(leaf).unwrap_err()[0].message.contains("not that of an authority"));
    let authority = Authority::generate("theirs", now(), &SystemKeys).unwrap();
    let plan = bundle(authority.certificate_pem().to_owned()).unwrap().plan;
    assert_eq!(plan.api_server_configuration.client_authorities.as_deref(), Some("clients"));
}
