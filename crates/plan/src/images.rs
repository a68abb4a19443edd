//! The images of a release that run somewhere, resolved, so that no builder has to ask whether a component exists.

use hoist_release::{Release, ReleaseError, component};

/// Pull specifications by digest, in the release image's own repository.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the component of its name")]
pub struct Images {
    pub etcd: String,
    pub kube_apiserver: String,
    pub kube_controller_manager: String,
    pub kube_scheduler: String,
    pub konnectivity_server: String,
    pub konnectivity_agent: String,
    pub kube_proxy: String,
    pub coredns: String,
    pub flannel: String,
    pub hoist: String,
}

impl Images {
    /// Components that have a place here.
    pub const COMPONENTS: [&str; 10] = [
        component::ETCD,
        component::KUBE_APISERVER,
        component::KUBE_CONTROLLER_MANAGER,
        component::KUBE_SCHEDULER,
        component::KONNECTIVITY_SERVER,
        component::KONNECTIVITY_AGENT,
        component::KUBE_PROXY,
        component::COREDNS,
        component::FLANNEL,
        component::HOIST,
    ];

    /// The place of a component's image, by the component's name.
    pub fn of_mut(&mut self, component: &str) -> Option<&mut String> {
        Some(match component {
            component::ETCD => &mut self.etcd,
            component::KUBE_APISERVER => &mut self.kube_apiserver,
            component::KUBE_CONTROLLER_MANAGER => &mut self.kube_controller_manager,
            component::KUBE_SCHEDULER => &mut self.kube_scheduler,
            component::KONNECTIVITY_SERVER => &mut self.konnectivity_server,
            component::KONNECTIVITY_AGENT => &mut self.konnectivity_agent,
            component::KUBE_PROXY => &mut self.kube_proxy,
            component::COREDNS => &mut self.coredns,
            component::FLANNEL => &mut self.flannel,
            component::HOIST => &mut self.hoist,
            _ => return None,
        })
    }

    /// Resolves them; fails naming the first that the release lacks.
    pub fn of(release: &Release) -> Result<Self, ReleaseError> {
        let image = |name| release.component(name).map(|reference| reference.to_string());
        Ok(Self {
            etcd: image(component::ETCD)?,
            kube_apiserver: image(component::KUBE_APISERVER)?,
            kube_controller_manager: image(component::KUBE_CONTROLLER_MANAGER)?,
            kube_scheduler: image(component::KUBE_SCHEDULER)?,
            konnectivity_server: image(component::KONNECTIVITY_SERVER)?,
            konnectivity_agent: image(component::KONNECTIVITY_AGENT)?,
            kube_proxy: image(component::KUBE_PROXY)?,
            coredns: image(component::COREDNS)?,
            flannel: image(component::FLANNEL)?,
            hoist: image(component::HOIST)?,
        })
    }
}
