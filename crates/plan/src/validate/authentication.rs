//! `spec.configuration.authentication`: an OpenID Connect provider, checked as far as can be before kube-apiserver reads it.

use std::collections::BTreeSet;

use hoist_api::hosted_cluster::configuration::authentication::AuthenticationType;
use hoist_api::hosted_cluster::configuration::oidc::{OidcProvider, TokenValidationRuleType};

use super::secrets::authorities;
use super::{Findings, Inputs};
use crate::authentication::Authentication;

const FIELD: &str = "spec.configuration.authentication";
const PROVIDER: &str = "spec.configuration.authentication.oidcProviders[0]";

pub(super) fn authentication(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Authentication> {
    let authentication = inputs.spec.configuration.as_ref()?.authentication.as_ref()?;
    let providers = authentication.oidc_providers.as_deref().unwrap_or_default();
    let is_oidc = authentication.type_ == Some(AuthenticationType::OIDC);
    let provider = match (is_oidc, providers) {
        (false, []) => return None,
        (false, _) => {
            return findings.invalid(format!(
                "{FIELD}.oidcProviders is set, and {FIELD}.type is not OIDC: set it to OIDC, or remove the providers"
            ));
        }
        (true, [provider]) => provider,
        (true, all) => {
            return findings.invalid(format!(
                "{FIELD}.type is OIDC and {FIELD}.oidcProviders has {} entries: expected one",
                all.len()
            ));
        }
    };
    let before = findings.refusals.len();
    let certificate_authority = issuer(inputs, provider, findings);
    mappings(provider, findings);
    rules(provider, findings);
    let is_valid = findings.refusals.len() == before;
    is_valid.then(|| Authentication { provider: provider.clone(), certificate_authority })
}

/// The PEM of the issuer's authority, if one is named.
fn issuer(inputs: &Inputs<'_>, provider: &OidcProvider, findings: &mut Findings) -> Option<String> {
    let issuer = &provider.issuer;
    if issuer.issuer_url == inputs.spec.issuer_url {
        findings.invalid::<()>(format!(
            "{PROVIDER}.issuer.issuerURL is {:?}, the issuer of service-account tokens (spec.issuerURL): expected that of the provider",
            issuer.issuer_url
        ));
    }
    let name = issuer.issuer_certificate_authority.as_ref().map(|reference| reference.name.as_str())?;
    if name.is_empty() {
        return None;
    }
    authorities(inputs, &format!("{PROVIDER}.issuer.issuerCertificateAuthority"), name, findings).map(str::to_owned)
}

fn mappings(provider: &OidcProvider, findings: &mut Findings) {
    let mappings = &provider.claim_mappings;
    let field = |name: &str| format!("{PROVIDER}.claimMappings.{name}");
    let username = &mappings.username;
    if is_set(username.claim.as_ref()) == is_set(username.expression.as_ref()) {
        findings.invalid::<()>(format!("{}: expected either `claim` or `expression`", field("username")));
    }
    if let Some(groups) = &mappings.groups
        && is_set(groups.claim.as_ref())
        && is_set(groups.expression.as_ref())
    {
        findings.invalid::<()>(format!("{}: expected either `claim` or `expression`", field("groups")));
    }
    if let Some(uid) = &mappings.uid
        && is_set(uid.claim.as_ref()) == is_set(uid.expression.as_ref())
    {
        findings.invalid::<()>(format!("{}: expected either `claim` or `expression`", field("uid")));
    }
    let mut keys = BTreeSet::new();
    for (index, extra) in mappings.extra.iter().flatten().enumerate() {
        let place = field(&format!("extra[{index}]"));
        if extra.key != extra.key.to_lowercase() {
            findings.invalid::<()>(format!("{place}.key {:?} has capital letters: expected lower case", extra.key));
        }
        if !keys.insert(&extra.key) {
            findings.invalid::<()>(format!("{place}.key {:?} is there twice", extra.key));
        }
        expression(&format!("{place}.valueExpression"), Some(&extra.value_expression), findings);
    }
    expression(&field("username.expression"), username.expression.as_ref(), findings);
    let groups = mappings.groups.as_ref();
    expression(&field("groups.expression"), groups.and_then(|groups| groups.expression.as_ref()), findings);
    expression(&field("uid.expression"), mappings.uid.as_ref().and_then(|uid| uid.expression.as_ref()), findings);
    verified_mail(provider, findings);
}

/// kube-apiserver does not start when a name is made of an e-mail address of which nobody says that it is verified.
fn verified_mail(provider: &OidcProvider, findings: &mut Findings) {
    const MAIL: &str = "claims.email";
    const VERIFIED: &str = "email_verified";
    let mappings = &provider.claim_mappings;
    let Some(username) = &mappings.username.expression else { return };
    let uses_mail = username.replace("claims.email_verified", "").contains(MAIL);
    let rules =
        provider.claim_validation_rules.iter().flatten().filter_map(|rule| Some(&rule.cel.as_ref()?.expression));
    let extra = mappings.extra.iter().flatten().map(|extra| &extra.value_expression);
    if uses_mail && ![username].into_iter().chain(rules).chain(extra).any(|text| text.contains(VERIFIED)) {
        findings.invalid::<()>(format!(
            "{PROVIDER}.claimMappings.username.expression uses {MAIL}, and nothing uses claims.email_verified: add a claimValidationRule such as `claims.?email_verified.orValue(true) == true`"
        ));
    }
}

fn rules(provider: &OidcProvider, findings: &mut Findings) {
    let mut claims = BTreeSet::new();
    for (index, rule) in provider.claim_validation_rules.iter().flatten().enumerate() {
        let field = format!("{PROVIDER}.claimValidationRules[{index}]");
        match (rule.type_, &rule.required_claim, &rule.cel) {
            (TokenValidationRuleType::RequiredClaim, Some(required), None) => {
                if !claims.insert(&required.claim) {
                    findings.invalid::<()>(format!("{field}.requiredClaim.claim {:?} is there twice", required.claim));
                }
            }
            (TokenValidationRuleType::CEL, None, Some(cel)) => {
                expression(&format!("{field}.cel.expression"), Some(&cel.expression), findings);
            }
            (TokenValidationRuleType::RequiredClaim, ..) => {
                findings.invalid::<()>(format!("{field}: expected `requiredClaim` and nothing else, as its type says"));
            }
            (TokenValidationRuleType::CEL, ..) => {
                findings.invalid::<()>(format!("{field}: expected `cel` and nothing else, as its type says"));
            }
        }
    }
    for (index, rule) in provider.user_validation_rules.iter().flatten().enumerate() {
        expression(&format!("{PROVIDER}.userValidationRules[{index}].expression"), Some(&rule.expression), findings);
    }
}

/// What can be said of an expression without compiling it: that its quotes and brackets are closed.
fn expression(field: &str, text: Option<&String>, findings: &mut Findings) {
    let Some(text) = text else { return };
    if text.trim().is_empty() {
        findings.invalid::<()>(format!("{field} is empty: expected a CEL expression, such as `claims.sub`"));
    } else if let Err(cause) = check_brackets(text) {
        findings.invalid::<()>(format!("{field}: `{text}` {cause}: expected a CEL expression"));
    }
}

fn check_brackets(text: &str) -> Result<(), String> {
    let (mut open, mut quote, mut is_escaped) = (Vec::new(), None, false);
    for character in text.chars() {
        match (quote, character) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), '\\') => is_escaped = true,
            (Some(closing), _) if character == closing => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ')' | ']' | '}') if open.pop() != Some(character) => {
                return Err(format!("has a {character:?} that closes nothing"));
            }
            _ => {}
        }
    }
    match (quote, open.last()) {
        (Some(quote), _) => Err(format!("has a {quote:?} that nothing closes")),
        (None, Some(missing)) => Err(format!("lacks a {missing:?}")),
        (None, None) => Ok(()),
    }
}

fn is_set(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
