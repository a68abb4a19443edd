//! An OpenID Connect provider whose tokens the API server takes.

use kube::KubeSchema;
use kube::core::Rule as CelRule;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;
use crate::schema::rules::exactly_when;

/// A provider.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcProvider {
    /// Name of the provider here.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Who signs tokens, and for whom.
    pub issuer: TokenIssuer,
    /// Clients of components.
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentNamespace", "componentName"]))]
    pub oidc_clients: Option<Vec<OidcClientConfig>>,
    /// Which claims say who a user is.
    pub claim_mappings: TokenClaimMappings,
    /// What claims must say.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub claim_validation_rules: Option<Vec<TokenClaimValidationRule>>,
    /// What must hold for a user.
    #[schemars(length(min = 1, max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["expression"]))]
    pub user_validation_rules: Option<Vec<TokenUserValidationRule>>,
}

/// Who signs tokens, and for whom.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.discoveryURL) || self.discoveryURL.size() == 0 || self.issuerURL.size() == 0 || self.discoveryURL.find('^.+[^/]') != self.issuerURL.find('^.+[^/]')").message("discoveryURL must be different from issuerURL"))]
pub struct TokenIssuer {
    /// `https` address of the issuer.
    #[serde(rename = "issuerURL")]
    #[schemars(length(min = 1, max = 512))]
    #[x_kube(
        validation = Rule::new("isURL(self)").message("must be a valid URL"),
        validation = Rule::new("isURL(self) && url(self).getScheme() == 'https'").message("must use the 'https' scheme"),
        validation = Rule::new("isURL(self) && url(self).getQuery() == {}").message("must not have a query"),
        validation = Rule::new("self.find('#(.+)$') == ''").message("must not have a fragment"),
        validation = Rule::new("!self.contains('@')").message("must not have user info")
    )]
    pub issuer_url: String,
    /// Where its metadata is, when not at the issuer's own address.
    #[serde(rename = "discoveryURL")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(
        validation = Rule::new("isURL(self)").message("discoveryURL must be a valid URL"),
        validation = Rule::new("url(self).getScheme() == 'https'").message("discoveryURL must be a valid https URL"),
        validation = Rule::new("url(self).getQuery().size() == 0").message("discoveryURL must not contain query parameters"),
        validation = Rule::new("!self.contains('#')").message("discoveryURL must not contain fragments"),
        validation = Rule::new("!self.matches('^https://.+:.+@.+/.*$')").message("discoveryURL must not contain user info")
    )]
    pub discovery_url: Option<String>,
    /// For whom a token must be; one of these.
    #[schemars(length(min = 1, max = 10), inner(length(min = 1)), extend("x-kubernetes-list-type" = "set"))]
    pub audiences: Vec<String>,
    /// ConfigMap with `ca-bundle.crt`: who signed the issuer's own certificate.
    pub issuer_certificate_authority: Option<NameReference>,
}

/// The client of one component.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcClientConfig {
    /// The component.
    #[schemars(length(min = 1, max = 256))]
    pub component_name: String,
    /// Its namespace.
    #[schemars(length(min = 1, max = 63))]
    pub component_namespace: String,
    /// Its client at the provider.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// Secret with key `clientSecret`.
    pub client_secret: Option<NameReference>,
    /// Asked for besides `openid`.
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub extra_scopes: Option<Vec<String>>,
}

/// Which claims say who a user is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenClaimMappings {
    /// The user's name.
    pub username: UsernameClaimMapping,
    /// The user's groups.
    pub groups: Option<PrefixedClaimMapping>,
    /// The user's UID; claim `sub` when absent.
    pub uid: Option<TokenClaimOrExpressionMapping>,
    /// Further facts.
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["key"]))]
    pub extra: Option<Vec<ExtraMapping>>,
}

/// The user's name.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.claim) != has(self.expression)").message("precisely one of claim or expression must be set"),
    validation = Rule::new("!has(self.expression) || self.expression.size() == 0 || !has(self.prefixPolicy) || self.prefixPolicy != 'Prefix'").message("prefixPolicy must not be set to 'Prefix' when expression is set"),
    validation = Rule::new("has(self.prefixPolicy) && self.prefixPolicy == 'Prefix' ? has(self.prefix) && self.prefix.prefixString.size() > 0 : !has(self.prefix)").message("prefix must be set if prefixPolicy is 'Prefix', but must remain unset otherwise")
)]
pub struct UsernameClaimMapping {
    /// A claim.
    #[schemars(length(min = 1, max = 256))]
    pub claim: Option<String>,
    /// Or a CEL expression over claims.
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
    /// Whether something is put before the name.
    pub prefix_policy: Option<UsernamePrefixPolicy>,
    /// For `Prefix`.
    pub prefix: Option<UsernamePrefix>,
}

/// Whether something is put before the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum UsernamePrefixPolicy {
    /// The issuer's address and `#`, unless the claim is `email`.
    #[serde(rename = "")]
    NoOpinion,
    /// Nothing.
    NoPrefix,
    /// As `prefix` says.
    Prefix,
}

/// What is put before the name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UsernamePrefix {
    /// The text.
    #[schemars(length(min = 1))]
    pub prefix_string: String,
}

/// The user's groups.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.expression) || self.expression.size() == 0 || !has(self.prefix) || self.prefix.size() == 0").message("prefix must not be set to a non-empty value when expression is set"),
    validation = Rule::new("!has(self.claim) || self.claim.size() == 0 || !has(self.expression)").message("expression must not be set if claim is specified and is not an empty string")
)]
pub struct PrefixedClaimMapping {
    /// A claim.
    #[schemars(length(max = 256))]
    pub claim: Option<String>,
    /// Or a CEL expression over claims.
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
    /// Put before each group.
    pub prefix: Option<String>,
}

/// A claim or an expression over claims.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.claim) != has(self.expression)").message("precisely one of claim or expression must be set"))]
pub struct TokenClaimOrExpressionMapping {
    /// A claim.
    #[schemars(length(min = 1, max = 256))]
    pub claim: Option<String>,
    /// Or a CEL expression over claims.
    #[schemars(length(min = 1, max = 1024))]
    pub expression: Option<String>,
}

/// A further fact of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtraMapping {
    /// Its name, `domain/path`.
    #[schemars(length(min = 1, max = 510))]
    #[x_kube(
        validation = Rule::new("self.contains('/')").message("key must contain the '/' character"),
        validation = Rule::new(r"self.split('/', 2)[0].matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message("the domain of the key must consist of only lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"),
        validation = Rule::new("self.split('/', 2)[0].size() <= 253").message("the domain of the key must not exceed 253 characters in length"),
        validation = not_domain("kubernetes.io", "Kubernetes"),
        validation = not_subdomain("kubernetes.io", "Kubernetes"),
        validation = not_domain("k8s.io", "Kubernetes"),
        validation = not_subdomain("k8s.io", "Kubernetes"),
        validation = not_domain("openshift.io", "OpenShift"),
        validation = not_subdomain("openshift.io", "OpenShift"),
        validation = Rule::new(r"self.split('/', 2)[1].matches('[A-Za-z0-9/\\-._~%!$&\'()*+;=:]+')").message("the path of the key must not be empty and must consist of at least one alphanumeric character, percent-encoded octets, apostrophe, '-', '.', '_', '~', '!', '$', '&', '(', ')', '*', '+', ',', ';', '=', and ':'"),
        validation = Rule::new("self.split('/', 2)[1].size() <= 256").message("the path of the key must not exceed 256 characters in length")
    )]
    pub key: String,
    /// CEL expression over claims.
    #[schemars(length(min = 1, max = 1024))]
    pub value_expression: String,
}

fn not_domain(domain: &str, owner: &str) -> CelRule {
    CelRule::new(format!("self.split('/', 2)[0] != '{domain}'"))
        .message(format!("the domain '{domain}' is reserved for {owner} use").as_str())
}

fn not_subdomain(domain: &str, owner: &str) -> CelRule {
    CelRule::new(format!("!self.split('/', 2)[0].endsWith('.{domain}')"))
        .message(format!("the subdomains '*.{domain}' are reserved for {owner} use").as_str())
}

/// What a claim must say.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = exactly_when("has(self.type) && self.type == 'RequiredClaim'", "requiredClaim", "requiredClaim must be set when type is 'RequiredClaim', and forbidden otherwise"),
    validation = exactly_when("has(self.type) && self.type == 'CEL'", "cel", "cel must be set when type is 'CEL', and forbidden otherwise")
)]
pub struct TokenClaimValidationRule {
    /// What kind of rule.
    #[serde(rename = "type")]
    pub type_: TokenValidationRuleType,
    /// For `RequiredClaim`.
    pub required_claim: Option<TokenRequiredClaim>,
    /// For `CEL`.
    pub cel: Option<TokenClaimValidationCelRule>,
}

/// Kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TokenValidationRuleType {
    /// A claim must have a value.
    RequiredClaim,
    /// An expression must be true.
    CEL,
}

/// A claim that must have a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRequiredClaim {
    /// The claim.
    #[schemars(length(min = 1))]
    pub claim: String,
    /// Its value.
    #[schemars(length(min = 1))]
    pub required_value: String,
}

/// An expression over claims that must be true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenClaimValidationCelRule {
    /// CEL.
    #[schemars(length(min = 1, max = 1024))]
    pub expression: String,
    /// Said when it is false.
    #[schemars(length(min = 1, max = 256))]
    pub message: String,
}

/// An expression over a user that must be true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenUserValidationRule {
    /// CEL.
    #[schemars(length(min = 1, max = 1024))]
    pub expression: String,
    /// Said when it is false.
    #[schemars(length(min = 1, max = 256))]
    pub message: String,
}
