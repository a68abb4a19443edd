//! Images of what runs inside a hosted cluster.

use hoist_release::{Release, ReleaseError};

/// Pull specifications by digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// CoreDNS.
    pub coredns: String,
    /// kube-proxy.
    pub kube_proxy: String,
    /// flanneld.
    pub flannel: String,
    /// The konnectivity agent.
    pub konnectivity_agent: String,
}

impl Images {
    /// The images of `release`; an error names the component that it lacks.
    pub fn of(release: &Release) -> Result<Self, ReleaseError> {
        let image = |name: &str| release.component(name).map(|reference| reference.to_string());
        Ok(Self {
            coredns: image("coredns")?,
            kube_proxy: image("kube-proxy")?,
            flannel: image("flannel")?,
            konnectivity_agent: image("konnectivity-agent")?,
        })
    }
}
