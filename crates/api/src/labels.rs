//! Label keys: HyperShift's where it has one, ours under `hoist.internal/` elsewhere.

/// On a control plane namespace; value `true`.
pub const HOSTED_CONTROL_PLANE_NAMESPACE: &str = "hypershift.openshift.io/hosted-control-plane";
/// On every pod of a control plane; value is the component's name.
pub const CONTROL_PLANE_COMPONENT: &str = "hypershift.openshift.io/control-plane-component";
/// On kubeconfig Secrets; value `local`.
pub const KUBECONFIG: &str = "hypershift.openshift.io/kubeconfig";
/// On objects of the command line that go with their cluster; value is the infra ID.
pub const AUTO_CREATED_FOR_INFRA: &str = "hypershift.openshift.io/auto-created-for-infra";
/// On Secrets that may be deleted with their cluster; value `true`.
pub const SAFE_TO_DELETE_WITH_CLUSTER: &str = "hypershift.openshift.io/safe-to-delete-with-cluster";
/// On Nodes: the NodePool they belong to.
pub const NODE_POOL: &str = "hypershift.openshift.io/nodePool";
/// On the `supported-versions` ConfigMap; value `true`.
pub const SUPPORTED_VERSIONS: &str = "hypershift.openshift.io/supported-versions";
/// On everything that an operator of ours applies: which controller.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY`].
pub const MANAGED_BY_HOIST: &str = "hoist";
/// On everything applied for one hosted cluster: `<namespace>.<name>` of its HostedCluster.
pub const CLUSTER: &str = "hoist.internal/cluster";
/// On objects that a controller sweeps when they leave its set: the controller's name.
pub const APPLY_SET: &str = "hoist.internal/apply-set";
/// On pods that serve requests of the hosted cluster's users, and label and taint of nodes for them; value `true`.
pub const REQUEST_SERVING: &str = "hypershift.openshift.io/request-serving-component";
