//! The components of a control plane, what each waits for, and all their objects.

use hoist_plan::Plan;
use k8s_openapi::api::core::v1::Service;
use kube::core::DynamicObject;
use strum::{AsRefStr, Display, EnumIter, IntoStaticStr};

use crate::files::Contents;
use crate::{etcd, kube_apiserver, kube_controller_manager, kube_scheduler};

/// Names as users see them: of workloads, of ControlPlaneComponents and as label values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, AsRefStr, Display, IntoStaticStr, EnumIter)]
#[strum(serialize_all = "kebab-case")]
pub enum ComponentName {
    /// etcd.
    Etcd,
    /// kube-apiserver with the konnectivity server beside it.
    #[strum(serialize = "kube-apiserver")]
    KubeApiServer,
    /// kube-controller-manager.
    KubeControllerManager,
    /// kube-scheduler.
    KubeScheduler,
}

impl ComponentName {
    /// What must be available before its workload is made.
    ///
    /// kube-apiserver does not depend on etcd: its pod waits by itself, so both start at once. kube-controller-manager and
    /// kube-scheduler exit when they come before the API server has made its bootstrap roles.
    pub fn depends_on(self) -> &'static [ComponentName] {
        match self {
            Self::Etcd | Self::KubeApiServer => &[],
            Self::KubeControllerManager | Self::KubeScheduler => &[Self::KubeApiServer],
        }
    }

    /// Whether users of the hosted cluster talk to it.
    pub fn serves_requests(self) -> bool {
        self == Self::KubeApiServer
    }

    /// The kind of its workload, which has the component's name.
    pub fn workload(self) -> WorkloadKind {
        match self {
            Self::Etcd => WorkloadKind::StatefulSet,
            Self::KubeApiServer | Self::KubeControllerManager | Self::KubeScheduler => WorkloadKind::Deployment,
        }
    }
}

/// What wraps a component's pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr, Display)]
#[allow(missing_docs, reason = "Kubernetes' kinds")]
pub enum WorkloadKind {
    StatefulSet,
    Deployment,
}

/// One component with all its objects.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Name.
    pub name: ComponentName,
    /// Objects in the order in which they are applied; the workload is the last.
    pub objects: Vec<DynamicObject>,
}

/// All components, in the order in which they are applied.
///
/// `contents` is what the Secrets and ConfigMaps of the control plane hold: a change that a component cannot take up by
/// itself changes its pods.
pub fn components(plan: &Plan, contents: &Contents) -> Vec<Component> {
    vec![
        Component { name: ComponentName::Etcd, objects: etcd::objects(plan, contents) },
        Component { name: ComponentName::KubeApiServer, objects: kube_apiserver::objects(plan, contents) },
        Component {
            name: ComponentName::KubeControllerManager,
            objects: kube_controller_manager::objects(plan, contents),
        },
        Component { name: ComponentName::KubeScheduler, objects: kube_scheduler::objects(plan, contents) },
    ]
}

/// Every Service of the control plane. Applied first, since certificates and kubeconfigs carry their addresses.
pub fn services(plan: &Plan) -> Vec<Service> {
    [etcd::services(plan), kube_apiserver::services(plan)].concat()
}
