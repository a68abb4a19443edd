//! Who users are.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::oidc::OidcProvider;
use crate::hosted_cluster::references::NameReference;

/// Who users are.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationSpec {
    /// Who says it.
    #[serde(rename = "type")]
    pub type_: Option<AuthenticationType>,
    /// ConfigMap with the metadata of an OAuth server of one's own.
    pub oauth_metadata: Option<NameReference>,
    /// Kept as written; webhooks are named in `webhookTokenAuthenticator`.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub webhook_token_authenticators: Option<Vec<DeprecatedWebhookTokenAuthenticator>>,
    /// A server that checks tokens.
    pub webhook_token_authenticator: Option<WebhookTokenAuthenticator>,
    /// Issuer of service-account tokens, in OpenShift's place; `spec.issuerURL` decides.
    pub service_account_issuer: Option<String>,
    /// For `OIDC`: who issues the tokens of users.
    #[serde(rename = "oidcProviders")]
    #[schemars(length(max = 1), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub oidc_providers: Option<Vec<OidcProvider>>,
}

/// Who says who users are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuthenticationType {
    /// The default.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Nobody beside certificates and service accounts.
    None,
    /// OpenShift's own OAuth server.
    IntegratedOAuth,
    /// An OpenID Connect provider.
    OIDC,
}

/// A server that checks tokens, in its former form.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeprecatedWebhookTokenAuthenticator {
    /// Secret with key `kubeConfig`.
    pub kube_config: Option<NameReference>,
}

/// A server that checks tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookTokenAuthenticator {
    /// Secret with key `kubeConfig`.
    pub kube_config: NameReference,
}
