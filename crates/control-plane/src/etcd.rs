//! etcd: a StatefulSet of one or three members, each on its own volume, TLS on every connection.

pub mod pod;
mod service;
mod stateful_set;

use hoist_api::dynamic::dynamic;
use hoist_plan::Plan;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::files::{Contents, Source};
use crate::workload;

pub use service::{CLIENT_SERVICE, DISCOVERY_SERVICE, services};

/// Port for clients.
pub const CLIENT_PORT: u16 = 2379;
/// Port for other members.
pub const PEER_PORT: u16 = 2380;
/// Port for metrics and health, without TLS because probes cannot present a certificate; it tells nothing secret.
pub const METRICS_PORT: u16 = 2381;

/// The members' claims, which need no more than the plan and may be made first.
pub fn claims(plan: &Plan) -> Vec<PersistentVolumeClaim> {
    stateful_set::claims(plan, ComponentName::Etcd)
}

/// Objects besides the Services.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    let pod = pod::pod(&pod::hosted(plan));
    let mut objects: Vec<_> = workload::disruption_budget(plan, ComponentName::Etcd).iter().map(dynamic).collect();
    objects.push(dynamic(&stateful_set::stateful_set(plan, &pod, &Source::Objects, contents)));
    objects
}
