//! PriorityClasses of what Hoist runs: HyperShift's names and values, and the annotations that choose others.

/// Of the operator: without it nothing is repaired.
pub const OPERATOR: &str = "hypershift-operator";
/// Of etcd: lost quorum is the hardest to repair.
pub const ETCD: &str = "hypershift-etcd";
/// Of kube-apiserver.
pub const API_CRITICAL: &str = "hypershift-api-critical";
/// Of the rest of a control plane.
pub const CONTROL_PLANE: &str = "hypershift-control-plane";

/// Name, value and description of each class, the most important first.
pub const CLASSES: [(&str, i32, &str); 4] = [
    (OPERATOR, 100_003_000, "The operator of hosted clusters"),
    (ETCD, 100_002_000, "etcd of hosted clusters"),
    (API_CRITICAL, 100_001_000, "API servers of hosted clusters"),
    (CONTROL_PLANE, 100_000_000, "Control planes of hosted clusters"),
];

/// On a HostedCluster: the class of its pods besides etcd and kube-apiserver.
pub const CONTROL_PLANE_ANNOTATION: &str = "hypershift.openshift.io/control-plane-priority-class";
/// On a HostedCluster: the class of its kube-apiserver.
pub const API_CRITICAL_ANNOTATION: &str = "hypershift.openshift.io/api-critical-priority-class";
/// On a HostedCluster: the class of its etcd.
pub const ETCD_ANNOTATION: &str = "hypershift.openshift.io/etcd-priority-class";

#[cfg(test)]
mod tests {
    #[test]
    fn the_more_important_has_the_higher_value() {
        assert!(super::CLASSES.is_sorted_by(|left, right| left.1 > right.1));
    }
}
