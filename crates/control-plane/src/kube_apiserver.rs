//! kube-apiserver with the konnectivity server beside it, joined by a unix socket.

pub mod audit;
pub mod authentication;
mod egress;
pub mod encryption;
pub mod konnectivity;
pub mod pod;
mod service;

use hoist_api::dynamic::dynamic;
use hoist_plan::Plan;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::files::{Contents, Source};
use crate::workload::{self, deployment};

pub use egress::egress_selector;
pub use service::{API_SERVER_SERVICE, KONNECTIVITY_SERVICE, services};

/// Port of kube-apiserver in its pod and of its Service.
pub const PORT: u16 = 6443;

/// Objects besides the Services and the encryption Secret.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    let pod = pod::pod(&pod::hosted(plan));
    let mut objects = vec![dynamic(&egress_selector(plan))];
    objects.extend(workload::disruption_budget(plan, ComponentName::KubeApiServer).iter().map(dynamic));
    objects.push(dynamic(&deployment::deployment(plan, &pod, &Source::Objects, contents)));
    objects
}
