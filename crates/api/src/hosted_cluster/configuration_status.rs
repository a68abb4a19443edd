//! What became of `spec.configuration`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::references::NameReference;

/// What became of `spec.configuration`.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigurationStatus {
    /// Of authentication.
    pub authentication: Option<AuthenticationStatus>,
}

/// What became of authentication.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationStatus {
    /// ConfigMap with the metadata of OpenShift's own login.
    #[serde(rename = "integratedOAuthMetadata")]
    pub integrated_oauth_metadata: Option<NameReference>,
    /// Components that are clients of an OpenID Connect provider.
    #[serde(rename = "oidcClients")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["componentNamespace", "componentName"]))]
    pub oidc_clients: Option<Vec<OidcClientStatus>>,
}

/// A component that is a client.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcClientStatus {
    /// The component.
    #[schemars(length(min = 1, max = 256))]
    pub component_name: String,
    /// Its namespace.
    #[schemars(length(min = 1, max = 63))]
    pub component_namespace: String,
    /// Its clients.
    #[serde(rename = "currentOIDCClients")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["issuerURL", "clientID"]))]
    pub current_oidc_clients: Option<Vec<OidcClientReference>>,
    /// Service accounts that read its client's secret.
    #[schemars(
        length(max = 5),
        inner(
            length(min = 1, max = 512),
            regex(
                pattern = r"^system:serviceaccount:[a-z0-9]([-a-z0-9]*[a-z0-9])?:[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
            )
        ),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub consuming_users: Option<Vec<String>>,
    /// How it fares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::any_number_of_conditions")]
    pub conditions: Vec<Condition>,
}

/// A client at a provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OidcClientReference {
    /// The provider's name here.
    #[serde(rename = "oidcProviderName")]
    #[schemars(length(min = 1))]
    pub oidc_provider_name: String,
    /// Its address.
    #[serde(rename = "issuerURL")]
    #[schemars(regex(pattern = r"^https:\/\/[^\s]"))]
    pub issuer_url: String,
    /// The client.
    #[serde(rename = "clientID")]
    #[schemars(length(min = 1))]
    pub client_id: String,
}
