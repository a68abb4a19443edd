//! What the control plane tells a host about being a node of one NodePool.
//!
//! It travels as JSON in the hosted cluster's ConfigMap `kube-system/hoist-node-<nodepool>`, key `config.json`, so it
//! holds no secret. Unknown fields are ignored and new ones have defaults: hosts of an older agent read it too.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::PoolSettings;

/// A host name or address with a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Whether a router answers there that has to be told [`Self::host`] by CONNECT: what pods of a node send through the node's
    /// own API address does not name the cluster.
    #[serde(default, skip_serializing_if = "is_false")]
    pub via_router: bool,
}

impl Endpoint {
    /// A pair of both, without a router.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, via_router: false }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(value: &bool) -> bool {
    !value
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// The authority that a registry's certificate is checked against, beside the system's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegistryTrust {
    /// `host[:port]` as it stands in image references.
    pub host: String,
    /// PEM bundle.
    pub certificate_authority_pem: String,
}

/// A taint the node registers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taint {
    /// Key.
    pub key: String,
    /// Value, may be empty.
    #[serde(default)]
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// Certificate files kubelet serves its own API with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServingFiles {
    /// Path of the certificate on the host.
    pub certificate: String,
    /// Path of the key on the host.
    pub key: String,
}

/// What a NodePool says about kubelet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubeletSettings {
    /// Most pods on the node; `None` is kubelet's default.
    pub max_pods: Option<u32>,
    /// Resources kept for the system, as Kubernetes quantities.
    pub system_reserved: BTreeMap<String, String>,
    /// Folder of static pods on the host; only control plane nodes have one.
    pub static_pod_path: Option<String>,
    /// Serving certificate; `None` asks the API for one (`serverTLSBootstrap`).
    pub serving: Option<ServingFiles>,
    /// `true` where kubelet is given its kubeconfig ready-made instead of bootstrapping and renewing one.
    pub has_fixed_kubeconfig: bool,
    /// Control group below which pods live; `None` is the host's (or its namespace's) root.
    pub cgroup_root: Option<String>,
    /// Fields of KubeletConfiguration that the user wrote; they win over ours, key by key.
    pub overrides: Map<String, Value>,
}

/// Who makes the pod network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkProvider {
    /// Hoist's own network: flannel's subnet file becomes a CNI configuration on the host.
    #[default]
    Hoist,
    /// The user brings a network; nothing is written on the host.
    Other,
}

/// The pod network as a host must know it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodNetwork {
    /// Who makes it.
    pub provider: NetworkProvider,
    /// Largest packet of pod interfaces; `None` takes flannel's, which knows the overlay's cost.
    pub mtu: Option<u32>,
}

/// An HTTP proxy a host has to go through; this host's own affair, never sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxySettings {
    /// `HTTPS_PROXY`.
    pub https_proxy: String,
    /// `NO_PROXY`, comma-separated.
    pub no_proxy: String,
}

/// What a host of a NodePool needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConfig {
    /// What [`NodeConfig::computed_revision`] says of it, written down by the operator: an agent of another version may know
    /// other fields.
    #[serde(default)]
    pub revision: String,
    /// Name of the HostedCluster, for people.
    pub cluster: String,
    /// Name of the NodePool.
    pub node_pool: String,
    /// Kubernetes version of the node, without `v`.
    pub kubernetes_version: String,
    /// Release image by digest, `<registry>/<repository>@sha256:…`; its components are what is installed.
    pub release_image: String,
    /// Addresses of the cluster's DNS service.
    pub cluster_dns: Vec<IpAddr>,
    /// DNS domain of the cluster.
    #[serde(default = "default_domain")]
    pub cluster_domain: String,
    /// Published addresses of the API that the local proxy forwards to, best first.
    pub api_endpoints: Vec<Endpoint>,
    /// Address on loopback where the node finds its API.
    #[serde(default = "default_api_address")]
    pub api_address: IpAddr,
    /// Port of the API there.
    #[serde(default = "default_api_port")]
    pub api_port: u16,
    /// Published addresses of the konnectivity server that the local proxy forwards to, best first.
    #[serde(default)]
    pub konnectivity_endpoints: Vec<Endpoint>,
    /// Port of it at [`Self::api_address`].
    #[serde(default = "default_konnectivity_port")]
    pub konnectivity_port: u16,
    /// PEM bundle of the authorities of the API's certificate.
    pub api_certificate_authority_pem: String,
    /// PEM bundle of the authorities that sign clients of kubelet's API.
    pub kubelet_client_certificate_authority_pem: String,
    /// Registries whose certificates need more trust than the system's.
    #[serde(default)]
    pub registries: Vec<RegistryTrust>,
    /// Labels of the node. Those that only the API may set are left to the operator.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of the node.
    #[serde(default)]
    pub taints: Vec<Taint>,
    /// kubelet.
    #[serde(default)]
    pub kubelet: KubeletSettings,
    /// The pod network.
    #[serde(default)]
    pub pod_network: PodNetwork,
    /// What users configure on the pool's hosts.
    #[serde(default)]
    pub settings: PoolSettings,
}

/// What one host is called and how it is reached; decided on the host, not by the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ThisHost {
    /// Name of the Node object.
    pub node_name: String,
    /// Node addresses, at most one per family.
    pub node_addresses: Vec<IpAddr>,
    /// Proxy to the outside.
    #[serde(default)]
    pub proxy: Option<ProxySettings>,
}

impl NodeConfig {
    /// URL of the API as processes on the node see it.
    pub fn api_url(&self) -> String {
        let host = match self.api_address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        format!("https://{host}:{}", self.api_port)
    }
}

fn default_domain() -> String {
    "cluster.local".to_owned()
}

/// Source: HyperShift's node-side API address, kept so that its documents hold here too.
fn default_api_address() -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(172, 20, 0, 1))
}

fn default_konnectivity_port() -> u16 {
    8132
}

fn default_api_port() -> u16 {
    6443
}
