//! Where the pods of a control plane run.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;

use crate::PriorityClasses;

/// What the user says about the control plane's pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scheduling {
    /// Nodes they may run on.
    pub node_selector: BTreeMap<String, String>,
    /// Taints they bear, besides HyperShift's two.
    pub tolerations: Vec<Toleration>,
    /// Labels they carry besides ours.
    pub labels: BTreeMap<String, String>,
    /// Labels of the only nodes that kube-apiserver may run on, besides the one for what serves requests; anywhere when absent.
    pub request_serving_nodes: Option<BTreeMap<String, String>>,
    /// Value of the restart annotation; any change restarts them.
    pub restart_date: Option<String>,
    /// Which of them go first, and stay when a node is short of memory.
    pub priority_classes: PriorityClasses,
}
