//! What is taken as a provider, and every refusal.

use hoist_api::hosted_cluster::configuration::ClusterConfiguration;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::fixtures::{Case, case};

fn provider() -> Value {
    json!({
        "name": "idp",
        "issuer": {"issuerURL": "https://idp.example.com", "audiences": ["cluster"]},
        "claimMappings": {"username": {"claim": "email"}},
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Case {
    let mut authentication = json!({"type": "OIDC", "oidcProviders": [provider()]});
    change(&mut authentication);
    let mut case = case();
    let configuration = json!({"authentication": authentication});
    let configuration: ClusterConfiguration = serde_json::from_value(configuration).unwrap();
    case.spec.configuration = Some(configuration);
    case
}

fn refusal(case: &Case) -> String {
    let findings = case.check().unwrap_err();
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings[0].message.clone()
}

#[test]
fn a_provider_is_taken_over_with_its_authority() {
    let plan = with(|_| {}).plan();
    let found = plan.api_server_configuration.authentication.unwrap();
    assert_eq!((found.provider.name.as_str(), found.certificate_authority), ("idp", None));
    let mut case = with(|authentication| {
        authentication["oidcProviders"][0]["issuer"]["issuerCertificateAuthority"] = json!({"name": "idp-ca"});
    });
    assert!(refusal(&case).contains("issuerCertificateAuthority names ConfigMap \"idp-ca\", which does not exist"));
    let authority = hoist_pki::Authority::generate("idp", crate::fixtures::now(), &hoist_pki::SystemKeys).unwrap();
    let bundle = [("ca-bundle.crt".to_owned(), authority.certificate_pem().to_owned())];
    case.observed.config_maps.insert("idp-ca".to_owned(), bundle.into());
    let found = case.plan().api_server_configuration.authentication.unwrap();
    assert_eq!(found.certificate_authority.as_deref(), Some(authority.certificate_pem()));
}

#[test]
fn without_oidc_nothing_is_set() {
    for type_ in ["", "None"] {
        let case = with(|authentication| *authentication = json!({"type": type_}));
        assert_eq!(case.plan().api_server_configuration.authentication, None);
    }
}

#[rstest]
#[case::type_("/type", json!("None"), "type is not OIDC")]
#[case::no_provider("/oidcProviders", json!([]), "has 0 entries")]
#[case::own_issuer("/oidcProviders/0/issuer/issuerURL", json!("https://kubernetes.default.svc"), "issuer.issuerURL")]
#[case::no_name("/oidcProviders/0/claimMappings/username", json!({}), "claimMappings.username")]
#[case::brackets("/oidcProviders/0/claimMappings/username", json!({"expression": "claims.sub + ("}), "lacks a ')'")]
#[case::quote("/oidcProviders/0/claimMappings/username", json!({"expression": "'x + claims.sub"}), "nothing closes")]
#[case::mail("/oidcProviders/0/claimMappings/username", json!({"expression": "claims.email"}), "claims.email_verified")]
fn a_wrong_field_is_refused_by_name(#[case] place: &str, #[case] value: Value, #[case] expected: &str) {
    let case = with(|authentication| *authentication.pointer_mut(place).unwrap() = value);
    let message = refusal(&case);
    assert!(message.starts_with(FIELD) && message.contains(expected), "{message}");
}

#[test]
fn rules_fit_their_type_and_each_claim_stands_once() {
    let rules = |rules: Value| {
        refusal(&with(|authentication| authentication["oidcProviders"][0]["claimValidationRules"] = rules))
    };
    let required = json!({"type": "RequiredClaim", "requiredClaim": {"claim": "hd", "requiredValue": "example.com"}});
    assert!(
        rules(json!([required, required]))
            .contains("claimValidationRules[1].requiredClaim.claim \"hd\" is there twice")
    );
    let mixed = json!({"type": "CEL", "requiredClaim": {"claim": "hd", "requiredValue": "example.com"}});
    assert!(rules(json!([mixed])).contains("claimValidationRules[0]: expected `cel`"));
}

#[test]
fn a_bracket_in_a_quote_is_none() {
    assert_eq!(check_brackets(r#"claims.groups.exists(g, g == "a(\"") && [1].size() == 1"#), Ok(()));
    assert!(check_brackets("claims.x)").is_err());
}
