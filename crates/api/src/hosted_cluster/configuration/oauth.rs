//! OpenShift's own login.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::identity_provider::IdentityProvider;
use crate::hosted_cluster::references::NameReference;

/// OpenShift's own login; Hoist runs no OAuth server and says so by a condition.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.tokenConfig) || !has(self.tokenConfig.accessTokenInactivityTimeout) || duration(self.tokenConfig.accessTokenInactivityTimeout) >= duration('300s')").message("spec.configuration.oauth.tokenConfig.accessTokenInactivityTimeout minimum acceptable token timeout value is 300 seconds"))]
pub struct OAuthSpec {
    /// Who knows the users.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub identity_providers: Option<Vec<IdentityProvider>>,
    /// How long tokens live.
    pub token_config: Option<TokenConfig>,
    /// Pages of one's own.
    pub templates: Option<OAuthTemplates>,
}

/// How long tokens live.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenConfig {
    /// In seconds.
    pub access_token_max_age_seconds: Option<i32>,
    /// Kept as written; the field without `Seconds` decides.
    pub access_token_inactivity_timeout_seconds: Option<i32>,
    /// After the last use, as a duration such as `10m`.
    pub access_token_inactivity_timeout: Option<String>,
}

/// Secrets with pages of one's own.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthTemplates {
    /// The login.
    pub login: Option<NameReference>,
    /// The choice of a provider.
    pub provider_selection: Option<NameReference>,
    /// An error.
    pub error: Option<NameReference>,
}
