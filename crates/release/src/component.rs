//! Names of the components that Hoist itself asks a release for.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Name of a component in a release image, such as `kube-apiserver`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ComponentName(String);

/// etcd.
pub const ETCD: &str = "etcd";
/// kube-apiserver.
pub const KUBE_APISERVER: &str = "kube-apiserver";
/// kube-controller-manager.
pub const KUBE_CONTROLLER_MANAGER: &str = "kube-controller-manager";
/// kube-scheduler.
pub const KUBE_SCHEDULER: &str = "kube-scheduler";
/// kubelet, run on hosts.
pub const KUBELET: &str = "kubelet";
/// kube-proxy, with `nft` beside it.
pub const KUBE_PROXY: &str = "kube-proxy";
/// kubectl.
pub const KUBECTL: &str = "kubectl";
/// containerd, its shim and `ctr`, run on hosts.
pub const CONTAINERD: &str = "containerd";
/// runc, run on hosts.
pub const RUNC: &str = "runc";
/// CNI plugins bridge, host-local, loopback and portmap, run on hosts.
pub const CNI_PLUGINS: &str = "cni-plugins";
/// konnectivity server.
pub const KONNECTIVITY_SERVER: &str = "konnectivity-server";
/// konnectivity agent.
pub const KONNECTIVITY_AGENT: &str = "konnectivity-agent";
/// CoreDNS.
pub const COREDNS: &str = "coredns";
/// flannel, with `nft` beside it.
pub const FLANNEL: &str = "flannel";
/// The distribution registry.
pub const REGISTRY: &str = "registry";
/// The pod sandbox.
pub const PAUSE: &str = "pause";
/// A small web server and network client for demos and tests.
pub const AGNHOST: &str = "agnhost";
/// Hoist's own operator, bootstrap server and node agent.
pub const HOIST: &str = "hoist";

/// What the control plane and data plane of a hosted cluster cannot do without.
pub const REQUIRED: [&str; 15] = [
    ETCD,
    KUBE_APISERVER,
    KUBE_CONTROLLER_MANAGER,
    KUBE_SCHEDULER,
    KUBELET,
    KUBE_PROXY,
    CONTAINERD,
    RUNC,
    CNI_PLUGINS,
    KONNECTIVITY_SERVER,
    KONNECTIVITY_AGENT,
    COREDNS,
    FLANNEL,
    PAUSE,
    HOIST,
];

impl ComponentName {
    /// Whether `text` can name a component: a DNS label, because it becomes part of container and file names.
    pub fn is_valid(text: &str) -> bool {
        (1..=63).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ComponentName {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl Borrow<str> for ComponentName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
