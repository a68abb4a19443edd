//! Who knows the users of OpenShift's own login.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;

/// One provider, by its type.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentityProvider {
    /// Its name.
    pub name: Option<String>,
    /// `claim`, `lookup`, `generate` or `add`.
    pub mapping_method: Option<String>,
    /// Which of the following.
    #[serde(rename = "type")]
    pub type_: Option<String>,
    /// A server that checks passwords.
    pub basic_auth: Option<BasicAuthIdentityProvider>,
    /// GitHub.
    pub github: Option<GitHubIdentityProvider>,
    /// GitLab.
    pub gitlab: Option<GitLabIdentityProvider>,
    /// Google.
    pub google: Option<GoogleIdentityProvider>,
    /// A file of names and hashes.
    pub htpasswd: Option<HtpasswdIdentityProvider>,
    /// OpenStack's Keystone.
    pub keystone: Option<KeystoneIdentityProvider>,
    /// A directory.
    pub ldap: Option<LdapIdentityProvider>,
    /// OpenID Connect.
    #[serde(rename = "openID")]
    pub open_id: Option<OpenIdIdentityProvider>,
    /// A proxy that says it in headers.
    pub request_header: Option<RequestHeaderIdentityProvider>,
}

/// A server that checks passwords.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BasicAuthIdentityProvider {
    /// Address.
    pub url: Option<String>,
    /// ConfigMap with the authority that signed its certificate.
    pub ca: Option<NameReference>,
    /// Secret with a client certificate.
    pub tls_client_cert: Option<NameReference>,
    /// Secret with its key.
    pub tls_client_key: Option<NameReference>,
}

/// GitHub.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitHubIdentityProvider {
    /// Client.
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    /// Secret of the client.
    pub client_secret: Option<NameReference>,
    /// Organizations whose members may log in.
    pub organizations: Option<Vec<String>>,
    /// Teams whose members may log in.
    pub teams: Option<Vec<String>>,
    /// Host of an instance of one's own.
    pub hostname: Option<String>,
    /// ConfigMap with the authority that signed its certificate.
    pub ca: Option<NameReference>,
}

/// GitLab.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitLabIdentityProvider {
    /// Client.
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    /// Secret of the client.
    pub client_secret: Option<NameReference>,
    /// Address.
    pub url: Option<String>,
    /// ConfigMap with the authority that signed its certificate.
    pub ca: Option<NameReference>,
}

/// Google.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoogleIdentityProvider {
    /// Client.
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    /// Secret of the client.
    pub client_secret: Option<NameReference>,
    /// Domain whose users may log in.
    pub hosted_domain: Option<String>,
}

/// A file of names and hashes.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HtpasswdIdentityProvider {
    /// Secret with key `htpasswd`.
    pub file_data: Option<NameReference>,
}

/// OpenStack's Keystone.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeystoneIdentityProvider {
    /// Address.
    pub url: Option<String>,
    /// ConfigMap with the authority that signed its certificate.
    pub ca: Option<NameReference>,
    /// Secret with a client certificate.
    pub tls_client_cert: Option<NameReference>,
    /// Secret with its key.
    pub tls_client_key: Option<NameReference>,
    /// Domain.
    pub domain_name: Option<String>,
}

/// A directory.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LdapIdentityProvider {
    /// Address and query (RFC 2255).
    pub url: Option<String>,
    /// Who asks.
    #[serde(rename = "bindDN")]
    pub bind_dn: Option<String>,
    /// Secret with key `bindPassword`.
    pub bind_password: Option<NameReference>,
    /// Without TLS.
    pub insecure: Option<bool>,
    /// ConfigMap with the authority that signed its certificate.
    pub ca: Option<NameReference>,
    /// Which attributes say who a user is.
    pub attributes: Option<LdapAttributeMapping>,
}

/// Which attributes say who a user is; the first that is there counts.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LdapAttributeMapping {
    /// Identity.
    pub id: Option<Vec<String>>,
    /// User name.
    pub preferred_username: Option<Vec<String>>,
    /// Name for people.
    pub name: Option<Vec<String>>,
    /// Address.
    pub email: Option<Vec<String>>,
}

/// OpenID Connect.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenIdIdentityProvider {
    /// Client.
    #[serde(rename = "clientID")]
    pub client_id: Option<String>,
    /// Secret of the client.
    pub client_secret: Option<NameReference>,
    /// ConfigMap with the authority that signed the issuer's certificate.
    pub ca: Option<NameReference>,
    /// Asked for besides `openid`.
    pub extra_scopes: Option<Vec<String>>,
    /// Said besides.
    pub extra_authorize_parameters: Option<BTreeMap<String, String>>,
    /// Address of the issuer.
    pub issuer: Option<String>,
    /// Which claims say who a user is.
    pub claims: Option<OpenIdClaims>,
}

/// Which claims say who a user is; the first that is there counts.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenIdClaims {
    /// User name.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub preferred_username: Option<Vec<String>>,
    /// Name for people.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub name: Option<Vec<String>>,
    /// Address.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub email: Option<Vec<String>>,
    /// Groups.
    #[schemars(inner(length(min = 1)), extend("x-kubernetes-list-type" = "atomic"))]
    pub groups: Option<Vec<String>>,
}

/// A proxy that says it in headers.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestHeaderIdentityProvider {
    /// Where browsers log in.
    #[serde(rename = "loginURL")]
    pub login_url: Option<String>,
    /// Where programs log in.
    #[serde(rename = "challengeURL")]
    pub challenge_url: Option<String>,
    /// ConfigMap with the authority that signed the proxy's certificate.
    pub ca: Option<NameReference>,
    /// Names that its certificate may have.
    pub client_common_names: Option<Vec<String>>,
    /// Headers of the identity.
    pub headers: Option<Vec<String>>,
    /// Headers of the user name.
    pub preferred_username_headers: Option<Vec<String>>,
    /// Headers of the name for people.
    pub name_headers: Option<Vec<String>>,
    /// Headers of the address.
    pub email_headers: Option<Vec<String>>,
}
