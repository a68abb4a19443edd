//! What users configure on the hosts of a pool, by NodePool and HostedCluster, as far as it is no secret.

use serde::{Deserialize, Serialize};

/// What users configure on the hosts of a pool. Fields of kubelet are in [`crate::KubeletSettings::overrides`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolSettings {
    /// Least importance of what containerd logs; `None` is its default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container_runtime_log_level: Option<String>,
    /// Mirrors of registries, those of one source best first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mirrors: Vec<RegistryMirror>,
    /// Which registries may be pulled from, and how.
    #[serde(skip_serializing_if = "RegistryPolicy::is_default")]
    pub registry_policy: RegistryPolicy,
    /// Authorities that every registry's certificate may be signed by, besides the system's; PEM.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trust_bundle_pem: String,
    /// The way out of containerd and kubelet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<ClusterProxy>,
    /// SHA-256, hexadecimal, of the [`crate::HostConfiguration`] that goes with this, as the Secret of the pool holds it. Absent
    /// when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_configuration: Option<String>,
}

/// A host where the images of another one are found, too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryMirror {
    /// `host[:port]` that image references name.
    pub source: String,
    /// `host[:port]` that is asked first.
    pub host: String,
    /// What stands there before each repository's own path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Whether it is asked what a tag means; otherwise only for content by digest.
    #[serde(default)]
    pub resolves_tags: bool,
    /// Whether the source itself is never asked.
    #[serde(default)]
    pub replaces_source: bool,
}

/// Which registries may be pulled from, and how; each a `host[:port]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegistryPolicy {
    /// Their certificates are not checked, and plain HTTP will do.
    pub insecure: Vec<String>,
    /// Never pulled from.
    pub blocked: Vec<String>,
    /// When not empty: nothing else is pulled from.
    pub allowed: Vec<String>,
}

impl RegistryPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The way out of all hosts of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClusterProxy {
    /// `HTTP_PROXY`; may be empty.
    pub http_proxy: String,
    /// `HTTPS_PROXY`; may be empty.
    pub https_proxy: String,
    /// `NO_PROXY`, complete, comma-separated.
    pub no_proxy: String,
}
