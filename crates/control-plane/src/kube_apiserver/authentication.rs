//! Whose tokens kube-apiserver takes besides those of service accounts: its structured authentication configuration.
//!
//! Source of the form: `apiserver.config.k8s.io/v1`, which Kubernetes serves since 1.34.

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::configuration::oidc::{
    OidcProvider, PrefixedClaimMapping, TokenClaimOrExpressionMapping, TokenClaimValidationRule, UsernameClaimMapping,
    UsernamePrefixPolicy,
};
use hoist_plan::{Authentication, Plan};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Map, Value, json};

/// Name of the ConfigMap. HyperShift's.
pub const CONFIG_MAP: &str = "auth-config";
/// Key in it.
pub const KEY: &str = "auth.json";

/// The ConfigMap; absent when only service accounts have tokens.
pub fn authentication(plan: &Plan) -> Option<ConfigMap> {
    let authentication = plan.api_server_configuration.authentication.as_ref()?;
    Some(ConfigMap {
        metadata: plan.identity.metadata(CONFIG_MAP),
        data: Some(BTreeMap::from([(KEY.to_owned(), document(authentication).to_string())])),
        ..ConfigMap::default()
    })
}

fn document(authentication: &Authentication) -> Value {
    let provider = &authentication.provider;
    let mut issuer = json!({"url": provider.issuer.issuer_url, "audiences": provider.issuer.audiences});
    if provider.issuer.audiences.len() > 1 {
        // One of several is enough; of one, kube-apiserver takes no such word.
        issuer["audienceMatchPolicy"] = json!("MatchAny");
    }
    if let Some(url) = provider.issuer.discovery_url.as_ref().filter(|url| !url.is_empty()) {
        issuer["discoveryURL"] = json!(url);
    }
    if let Some(pem) = &authentication.certificate_authority {
        issuer["certificateAuthority"] = json!(pem);
    }
    let mappings = &provider.claim_mappings;
    let mut claims = Map::new();
    claims.insert("username".to_owned(), username(&mappings.username, &provider.issuer.issuer_url));
    claims.extend(mappings.groups.as_ref().and_then(groups).map(|groups| ("groups".to_owned(), groups)));
    claims.insert("uid".to_owned(), mappings.uid.as_ref().map_or_else(|| json!({"claim": "sub"}), uid));
    let extra: Vec<Value> = mappings
        .extra
        .iter()
        .flatten()
        .map(|extra| json!({"key": extra.key, "valueExpression": extra.value_expression}))
        .collect();
    if !extra.is_empty() {
        claims.insert("extra".to_owned(), json!(extra));
    }
    let mut authenticator = json!({"issuer": issuer, "claimMappings": claims});
    rules(provider, &mut authenticator);
    json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "jwt": [authenticator],
    })
}

/// A name from a claim needs a prefix, be it empty; one from an expression must not have any.
fn username(mapping: &UsernameClaimMapping, issuer: &str) -> Value {
    if let Some(expression) = set(mapping.expression.as_ref()) {
        return json!({"expression": expression});
    }
    let claim = mapping.claim.as_deref().unwrap_or_default();
    let prefix = match (mapping.prefix_policy, &mapping.prefix) {
        (Some(UsernamePrefixPolicy::Prefix), Some(prefix)) => prefix.prefix_string.clone(),
        (Some(UsernamePrefixPolicy::NoPrefix | UsernamePrefixPolicy::Prefix), _) => String::new(),
        // Two issuers may know the same name; an e-mail address is one person's wherever it is said.
        (Some(UsernamePrefixPolicy::NoOpinion) | None, _) if claim == "email" => String::new(),
        (Some(UsernamePrefixPolicy::NoOpinion) | None, _) => format!("{issuer}#"),
    };
    json!({"claim": claim, "prefix": prefix})
}

fn groups(mapping: &PrefixedClaimMapping) -> Option<Value> {
    if let Some(expression) = set(mapping.expression.as_ref()) {
        return Some(json!({"expression": expression}));
    }
    let claim = set(mapping.claim.as_ref())?;
    Some(json!({"claim": claim, "prefix": mapping.prefix.as_deref().unwrap_or_default()}))
}

fn uid(mapping: &TokenClaimOrExpressionMapping) -> Value {
    match set(mapping.expression.as_ref()) {
        Some(expression) => json!({"expression": expression}),
        None => json!({"claim": mapping.claim.as_deref().unwrap_or("sub")}),
    }
}

fn rules(provider: &OidcProvider, authenticator: &mut Value) {
    let of_claims: Vec<Value> = provider.claim_validation_rules.iter().flatten().filter_map(claim_rule).collect();
    if !of_claims.is_empty() {
        authenticator["claimValidationRules"] = json!(of_claims);
    }
    let of_users: Vec<Value> = provider
        .user_validation_rules
        .iter()
        .flatten()
        .map(|rule| json!({"expression": rule.expression, "message": rule.message}))
        .collect();
    if !of_users.is_empty() {
        authenticator["userValidationRules"] = json!(of_users);
    }
}

fn claim_rule(rule: &TokenClaimValidationRule) -> Option<Value> {
    let required = rule
        .required_claim
        .as_ref()
        .map(|required| json!({"claim": required.claim, "requiredValue": required.required_value}));
    required.or_else(|| rule.cel.as_ref().map(|cel| json!({"expression": cel.expression, "message": cel.message})))
}

fn set(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(provider: &Value) -> Value {
        let provider: OidcProvider = serde_json::from_value(provider.clone()).unwrap();
        document(&Authentication { provider, certificate_authority: Some("PEM".to_owned()) })
    }

    #[test]
    fn a_provider_as_kube_apiserver_reads_it() {
        insta::assert_json_snapshot!(written(&json!({
            "name": "idp",
            "issuer": {
                "issuerURL": "https://idp.example.com", "discoveryURL": "https://idp.internal/.well-known",
                "audiences": ["a", "b"]
            },
            "claimMappings": {
                "username": {"claim": "preferred_username", "prefixPolicy": "Prefix", "prefix": {"prefixString": "idp:"}},
                "groups": {"claim": "groups", "prefix": "idp:"},
                "extra": [{"key": "example.com/team", "valueExpression": "claims.team"}]
            },
            "claimValidationRules": [
                {"type": "RequiredClaim", "requiredClaim": {"claim": "hd", "requiredValue": "example.com"}},
                {"type": "CEL", "cel": {"expression": "claims.exp - claims.nbf <= 86400", "message": "a day at most"}}
            ],
            "userValidationRules": [
                {"expression": "!user.username.startsWith('system:')", "message": "reserved"}
            ]
        })));
    }

    #[test]
    fn who_has_no_opinion_of_prefixes_gets_the_issuers_but_for_mail() {
        let prefix = |username: Value| {
            let issuer = json!({"issuerURL": "https://idp.example.com", "audiences": ["a"]});
            let provider = json!({"name": "idp", "issuer": issuer, "claimMappings": {"username": username}});
            let document = written(&provider);
            assert_eq!(document["jwt"][0]["issuer"].get("audienceMatchPolicy"), None);
            document["jwt"][0]["claimMappings"]["username"].clone()
        };
        assert_eq!(prefix(json!({"claim": "sub"}))["prefix"], "https://idp.example.com#");
        assert_eq!(prefix(json!({"claim": "sub", "prefixPolicy": ""}))["prefix"], "https://idp.example.com#");
        assert_eq!(prefix(json!({"claim": "email"}))["prefix"], "");
        assert_eq!(prefix(json!({"claim": "sub", "prefixPolicy": "NoPrefix"}))["prefix"], "");
        assert_eq!(prefix(json!({"expression": "claims.sub"})), json!({"expression": "claims.sub"}));
    }
}
