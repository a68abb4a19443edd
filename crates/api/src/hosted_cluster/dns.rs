//! Names of a hosted cluster.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::rules::{domain_or_empty, immutable, immutable_once_filled};

/// Names of the cluster.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsSpec {
    /// Domain under which the cluster's names lie; may be empty.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = domain_or_empty("baseDomain must be a valid domain name (e.g., example, example.com, sub.example.com)"),
        validation = immutable_once_filled("baseDomain is immutable")
    )]
    pub base_domain: String,
    /// Replaces the cluster's name in its domain; empty for no prefix at all.
    #[schemars(length(max = 253))]
    #[x_kube(
        validation = domain_or_empty("baseDomainPrefix must be a valid domain name (e.g., example, example.com, sub.example.com)"),
        validation = immutable("baseDomainPrefix is immutable")
    )]
    pub base_domain_prefix: Option<String>,
    /// Kept as written: zones belong to clouds.
    #[serde(rename = "publicZoneID")]
    #[schemars(length(min = 1, max = 258))]
    #[x_kube(validation = immutable_once_filled("publicZoneID is immutable"))]
    pub public_zone_id: Option<String>,
    /// Kept as written: zones belong to clouds.
    #[serde(rename = "privateZoneID")]
    #[schemars(length(min = 1, max = 265))]
    #[x_kube(validation = immutable_once_filled("privateZoneID is immutable"))]
    pub private_zone_id: Option<String>,
}
