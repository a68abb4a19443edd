//! What the hosts of a cluster are told.

use hoist_api::hosted_cluster::configuration::image::{ImageSpec, RegistrySources};
use hoist_api::hosted_cluster::configuration::proxy::ProxySpec;
use hoist_api::hosted_cluster::images::ImageContentSource;
use hoist_api::hosted_cluster::references::NameReference;

use super::*;

fn with_proxy(spec: ProxySpec) -> Case {
    let mut case = case();
    case.spec.configuration.get_or_insert_default().proxy = Some(spec);
    case
}

fn with_image(spec: ImageSpec) -> Case {
    let mut case = case();
    case.spec.configuration.get_or_insert_default().image = Some(spec);
    case
}

fn with_registries(change: impl FnOnce(&mut RegistrySources)) -> Case {
    let mut sources = RegistrySources::default();
    change(&mut sources);
    with_image(ImageSpec { registry_sources: Some(sources), ..ImageSpec::default() })
}

fn with_sources(pairs: &[(&str, &str)]) -> Case {
    let mut case = case();
    let source = |(source, mirror): &(&str, &str)| ImageContentSource {
        source: (*source).to_owned(),
        mirrors: Some(vec![(*mirror).to_owned()]),
    };
    case.spec.image_content_sources = Some(pairs.iter().map(source).collect());
    case
}

#[test]
fn a_proxy_is_never_asked_for_what_is_part_of_the_cluster() {
    let mut case = with_proxy(ProxySpec {
        https_proxy: Some("http://user:secret@proxy.test:3128".to_owned()),
        no_proxy: Some("example.com, 192.0.2.0/24".replace(' ', "")),
        ..ProxySpec::default()
    });
    case.spec.networking.machine_network = Some(vec![MachineNetworkEntry { cidr: "10.0.0.0/16".to_owned() }]);
    let proxy = case.plan().hosts.proxy.unwrap();
    assert_eq!((proxy.http.as_str(), proxy.https.as_str()), ("", "http://user:secret@proxy.test:3128"));
    assert_eq!(
        proxy.except,
        ".cluster.local,.svc,10.0.0.0/16,10.132.0.0/14,127.0.0.1,172.20.0.1,172.31.0.0/16,192.0.2.0/24,example.com,localhost"
    );
    assert_eq!(with_proxy(ProxySpec::default()).plan().hosts.proxy, None);
}

#[rstest]
#[case::no_scheme("proxy.test:3128")]
#[case::other_scheme("socks5://proxy.test:3128")]
#[case::port("http://proxy.test:many")]
#[case::path("http://proxy.test/x")]
#[case::quote("http://proxy.test\"")]
fn an_address_that_is_no_proxy_is_refused_without_quoting_it(#[case] url: &str) {
    let case = with_proxy(ProxySpec { https_proxy: Some(url.to_owned()), ..ProxySpec::default() });
    assert_invalid(&case, &["spec.configuration.proxy.httpsProxy", "http or https"]);
    assert!(!refusal(&case).message.contains(url));
}

#[test]
fn exceptions_with_spaces_are_refused() {
    let case = with_proxy(ProxySpec { no_proxy: Some("a b".to_owned()), ..ProxySpec::default() });
    assert_invalid(&case, &["noProxy", "without spaces"]);
}

#[test]
fn the_authority_of_a_proxy_must_exist_and_be_one() {
    let mut case =
        with_proxy(ProxySpec { trusted_ca: Some(NameReference { name: "trust".to_owned() }), ..ProxySpec::default() });
    assert_invalid(&case, &["spec.configuration.proxy.trustedCA", "does not exist"]);
    let data = BTreeMap::from([("ca-bundle.crt".to_owned(), "hello".to_owned())]);
    case.observed.config_maps.insert("trust".to_owned(), data);
    assert_invalid(&case, &["trustedCA", "ca-bundle.crt"]);
    let authority = authority();
    case.observed.config_maps.insert("trust".to_owned(), BTreeMap::from([("ca-bundle.crt".to_owned(), authority)]));
    assert_eq!(case.plan().hosts.proxy_trust_bundle.as_deref(), Some("trust"));
}

#[test]
fn authorities_of_registries_go_by_their_host_and_port() {
    let mut case = with_image(ImageSpec {
        additional_trusted_ca: Some(NameReference { name: "registries".to_owned() }),
        ..ImageSpec::default()
    });
    assert_invalid(&case, &["additionalTrustedCA", "does not exist"]);
    let authority = authority();
    let data = BTreeMap::from([("registry.test..5000".to_owned(), authority.clone())]);
    case.observed.config_maps.insert("registries".to_owned(), data);
    assert_eq!(case.plan().hosts.registry_authorities, [("registry.test:5000".to_owned(), authority.clone())]);
    case.observed.config_maps.insert("registries".to_owned(), BTreeMap::from([("nonsense".to_owned(), authority)]));
    assert_invalid(&case, &["\"nonsense\"", "HOST..PORT"]);
}

#[test]
fn whole_registries_are_blocked_and_parts_of_them_refused() {
    let some = |text: &str| Some(vec![text.to_owned()]);
    assert_eq!(
        with_registries(|sources| sources.blocked_registries = some("bad.test:5000")).plan().hosts.blocked_registries,
        ["bad.test:5000"]
    );
    assert_eq!(
        with_registries(|sources| sources.allowed_registries = some("good.test")).plan().hosts.allowed_registries,
        ["good.test"]
    );
    assert_eq!(
        with_registries(|sources| sources.insecure_registries = some("old.test")).plan().hosts.insecure_registries,
        ["old.test"]
    );
    assert_invalid(
        &with_registries(|sources| sources.blocked_registries = some("bad.test/team")),
        &["blockedRegistries", "whole registries"],
    );
    assert_invalid(
        &with_registries(|sources| sources.allowed_registries = some("*.test")),
        &["allowedRegistries", "pattern"],
    );
}

#[test]
fn mirrors_that_keep_paths_are_taken_and_others_are_told() {
    let case = with_sources(&[("quay.io/team", "mirror.test/a/team"), ("quay.io/other", "mirror.test/renamed")]);
    let mirrors = case.plan().hosts.mirrors;
    assert_eq!(mirrors.len(), 1);
    assert_eq!((mirrors[0].source_host.as_str(), mirrors[0].prefix.as_str()), ("quay.io", "a"));
    let told = notice(&case, ConditionType::FieldsHonoured).unwrap();
    assert!(told.message.contains("spec.imageContentSources[1]") && told.message.contains("other names"), "{told:?}");
    assert_eq!(notice(&with_sources(&[("quay.io", "mirror.test")]), ConditionType::FieldsHonoured), None);
}
