//! kube-scheduler.

use hoist_pki::table::names;
use hoist_plan::Plan;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::control_loop::{self, ControlLoop};
use crate::files::Contents;
use crate::pod::Pod;

const CONTROL_LOOP: ControlLoop = ControlLoop {
    component: ComponentName::KubeScheduler,
    kubeconfig: names::SCHEDULER_KUBECONFIG,
    server: names::SCHEDULER_SERVER,
    port: 10259,
    ready: "/readyz",
    live: "/livez",
};

/// What differs from one place where it runs to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Image.
    pub image: String,
    /// Whether replicas have to agree on one that works.
    pub elects_leader: bool,
}

/// Settings of a hosted cluster.
pub fn hosted(plan: &Plan) -> Settings {
    Settings { image: plan.images.kube_scheduler.clone(), elects_leader: plan.is_highly_available() }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let arguments = CONTROL_LOOP.arguments(settings.elects_leader).flag("profiling", false);
    CONTROL_LOOP.pod(&settings.image, arguments, Vec::new())
}

/// Its objects.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    control_loop::objects(plan, &pod(&hosted(plan)), contents)
}
