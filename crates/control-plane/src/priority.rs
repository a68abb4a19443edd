//! Priority classes of control plane pods. They are cluster-wide: `hypershift install` applies them once.

use k8s_openapi::api::scheduling::v1::PriorityClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Of etcd.
pub const ETCD: &str = "hypershift-etcd";
/// Of kube-apiserver.
pub const API_CRITICAL: &str = "hypershift-api-critical";
/// Of the rest.
pub const CONTROL_PLANE: &str = "hypershift-control-plane";
/// Of the operator.
pub const OPERATOR: &str = "hypershift-operator";

/// The classes. Source: HyperShift `cmd/install/assets`: names and values.
pub fn classes() -> Vec<PriorityClass> {
    let class = |name: &str, value: i32, description: &str| PriorityClass {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        value: Some(value),
        global_default: Some(false),
        description: Some(description.to_owned()),
        preemption_policy: None,
    };
    vec![
        class(OPERATOR, 100_003_000, "Operator of hosted clusters: without it nothing is repaired."),
        class(ETCD, 100_002_000, "etcd of hosted clusters: lost quorum is the hardest to repair."),
        class(API_CRITICAL, 100_001_000, "API servers of hosted clusters."),
        class(CONTROL_PLANE, 100_000_000, "Other components of hosted control planes."),
    ]
}
