//! What a HostedCluster says about its hosts: the way out, and where images come from.

use hoist_release::Mirror;

/// What a HostedCluster says about its hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The way out of containerd and kubelet.
    pub proxy: Option<Proxy>,
    /// Mirrors of images by digest, best first.
    pub mirrors: Vec<Mirror>,
    /// Registries, `host[:port]`, that are taken without a check.
    pub insecure_registries: Vec<String>,
    /// Registries that are never pulled from.
    pub blocked_registries: Vec<String>,
    /// When not empty: the only registries that are pulled from.
    pub allowed_registries: Vec<String>,
    /// Authorities of single registries: `host[:port]` and PEM.
    pub registry_authorities: Vec<(String, String)>,
    /// ConfigMap in the control plane namespace with key `ca-bundle.crt`: the proxy's authority.
    pub proxy_trust_bundle: Option<String>,
}

/// A proxy; at least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// For `http://`; may be empty.
    pub http: String,
    /// For `https://`; may be empty.
    pub https: String,
    /// What is reached without it, complete: the user's own and all of the cluster itself, comma-separated.
    pub except: String,
}
