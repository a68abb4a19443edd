//! PriorityClasses of a control plane's pods.

use hoist_api::priority_classes;

/// Names of PriorityClasses; those that `hypershift install` makes, unless annotations name others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriorityClasses {
    /// Of etcd.
    pub etcd: String,
    /// Of kube-apiserver.
    pub api_critical: String,
    /// Of the rest.
    pub control_plane: String,
}

impl Default for PriorityClasses {
    fn default() -> Self {
        Self {
            etcd: priority_classes::ETCD.to_owned(),
            api_critical: priority_classes::API_CRITICAL.to_owned(),
            control_plane: priority_classes::CONTROL_PLANE.to_owned(),
        }
    }
}
