//! Tokens of an OpenID Connect provider.

use hoist_api::hosted_cluster::configuration::oidc::OidcProvider;

/// A provider whose tokens the API server takes, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authentication {
    /// As the user describes it.
    pub provider: OidcProvider,
    /// PEM of who signed the issuer's own certificate; the system's authorities when absent.
    pub certificate_authority: Option<String>,
}
