//! The way out through an HTTP proxy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;

/// The way out through an HTTP proxy.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProxySpec {
    /// For `http://`.
    pub http_proxy: Option<String>,
    /// For `https://`.
    pub https_proxy: Option<String>,
    /// Hosts, domains and networks that are reached without it, comma-separated.
    pub no_proxy: Option<String>,
    /// Addresses that must answer before it is used.
    pub readiness_endpoints: Option<Vec<String>>,
    /// ConfigMap with `ca-bundle.crt`: the proxy's authority.
    #[serde(rename = "trustedCA")]
    pub trusted_ca: Option<NameReference>,
}
