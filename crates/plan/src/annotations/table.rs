//! The table.

use hoist_api::{annotations as keys, priority_classes};

use super::Effect::{AlwaysSo, Honoured, NotHonoured};
use super::{Annotation, Effect, On};

const NO_CLUSTER_API: &str = "Hoist has no Cluster API providers: hosts join by themselves";
const NO_OAUTH: &str = "no OAuth server is run";
const NOT_SERVED_KUBEVIRT: &str = "platform KubeVirt is not served by this version of Hoist";
const NO_SIZING: &str =
    "control planes are not sized by ClusterSizingConfiguration; use resource-request-override annotations";

const fn cluster(key: &'static str, effect: Effect) -> Annotation {
    Annotation { key, on: On::HostedCluster, effect }
}

const fn pool(key: &'static str, effect: Effect) -> Annotation {
    Annotation { key, on: On::NodePool, effect }
}

const fn both(key: &'static str, effect: Effect) -> Annotation {
    Annotation { key, on: On::Both, effect }
}

/// Every annotation of HyperShift's contract that is not a cloud's.
pub const TABLE: &[Annotation] = &[
    // Operations
    cluster(keys::RESTART_DATE, Honoured("any change restarts all pods of the control plane")),
    cluster(keys::DISABLE_PKI_RECONCILIATION, Honoured("certificates that exist are neither renewed nor replaced")),
    cluster(keys::SKIP_RELEASE_IMAGE_VALIDATION, Honoured("the release's version is not checked")),
    cluster(keys::DESTROY_GRACE_PERIOD, Honoured("the HostedCluster stays readable so long after all else is gone")),
    cluster(keys::FORCE_UPGRADE_TO, Honoured("this release image is applied although the cluster is not upgradeable")),
    cluster(keys::SKIP_DELETE_NAMESPACE, Honoured("the control plane namespace stays, emptied of the control plane")),
    cluster(keys::POD_SECURITY_LEVEL, Honoured("the pod security level of the control plane namespace")),
    cluster(keys::CLEANUP_CLOUD_RESOURCES, AlwaysSo("nothing of the cluster is kept outside of it")),
    cluster(
        "hypershift.openshift.io/disable-profiling",
        AlwaysSo("profiling is off in every component of the control plane"),
    ),
    cluster("hypershift.openshift.io/disable-machine-management", AlwaysSo("there are no machines to manage")),
    cluster("hypershift.openshift.io/disable-monitoring-services", AlwaysSo("no monitoring Services are made")),
    cluster(
        "hypershift.openshift.io/disable-ignition-server",
        NotHonoured("one bootstrap server serves all clusters; without a join token no host can join"),
    ),
    cluster(
        "hypershift.openshift.io/enable-metrics-forwarding",
        NotHonoured("metrics of control planes are not forwarded into hosted clusters"),
    ),
    cluster(
        "hypershift.openshift.io/restored-from-backup",
        NotHonoured("restoring a cluster from a backup is not served by this version of Hoist"),
    ),
    cluster(
        "hypershift.openshift.io/skip-kas-conflict-san-validation",
        NotHonoured("a certificate that would hide the API server's own names is never served"),
    ),
    cluster("hypershift.openshift.io/release-image", NotHonoured("set spec.release.image")),
    // Images
    cluster(keys::IMAGE_OVERRIDES, Honoured("images of components of the release")),
    cluster(keys::KONNECTIVITY_SERVER_IMAGE, Honoured("image of the konnectivity server")),
    cluster(keys::KONNECTIVITY_AGENT_IMAGE, Honoured("image of the konnectivity agents")),
    cluster(
        "hypershift.openshift.io/control-plane-operator-image",
        NotHonoured("one operator serves all clusters; its image is chosen by `hypershift install`"),
    ),
    cluster(
        "hypershift.openshift.io/control-plane-operator-image-labels",
        NotHonoured("one operator serves all clusters; its image is chosen by `hypershift install`"),
    ),
    cluster("hypershift.openshift.io/capi-manager-image", NotHonoured(NO_CLUSTER_API)),
    cluster("hypershift.openshift.io/cluster-autoscaler-image", NotHonoured(NO_CLUSTER_API)),
    cluster(
        "hypershift.openshift.io/machine-approver-image",
        NotHonoured("the operator approves the certificates of nodes itself"),
    ),
    cluster("hypershift.openshift.io/capi-provider-agent-image", NotHonoured(NO_CLUSTER_API)),
    cluster("hypershift.openshift.io/capi-provider-kubevirt-image", NotHonoured(NO_CLUSTER_API)),
    pool("hypershift.openshift.io/haproxy-image", NotHonoured("hoist-node itself is the proxy on each host")),
    // Scheduling and priority
    cluster(
        keys::TOPOLOGY,
        Honoured("dedicated-request-serving-components: kube-apiserver runs on nodes labelled for it"),
    ),
    cluster(
        keys::REQUEST_SERVING_NODE_SELECTOR,
        Honoured("further labels of the nodes that kube-apiserver may run on"),
    ),
    cluster(priority_classes::CONTROL_PLANE_ANNOTATION, Honoured("PriorityClass of the other components")),
    cluster(priority_classes::API_CRITICAL_ANNOTATION, Honoured("PriorityClass of kube-apiserver")),
    cluster(priority_classes::ETCD_ANNOTATION, Honoured("PriorityClass of etcd")),
    cluster(
        "hypershift.openshift.io/cluster-scheduled",
        NotHonoured("no node is reserved for a cluster by the operator; label and taint nodes yourself"),
    ),
    cluster("hypershift.openshift.io/cluster-size-override", NotHonoured(NO_SIZING)),
    cluster("hypershift.openshift.io/resource-based-cp-auto-scaling", NotHonoured(NO_SIZING)),
    cluster("hypershift.openshift.io/recommended-cluster-size", NotHonoured(NO_SIZING)),
    // Resources
    cluster("resource-request-override.hypershift.openshift.io/", Honoured("requests of one container of a workload")),
    // kube-apiserver
    cluster(keys::API_SERVER_GOGC, Honoured("environment variable GOGC")),
    cluster(keys::API_SERVER_GOMEMLIMIT, Honoured("environment variable GOMEMLIMIT")),
    cluster(keys::API_SERVER_REQUESTS, Honoured("flag --max-requests-inflight")),
    cluster(keys::API_SERVER_MUTATING_REQUESTS, Honoured("flag --max-mutating-requests-inflight")),
    cluster(keys::API_SERVER_VERBOSITY, Honoured("flag --v")),
    cluster(keys::API_SERVER_GOAWAY_CHANCE, Honoured("flag --goaway-chance")),
    cluster(keys::API_SERVER_TOKEN_EXPIRATION, Honoured("flag --service-account-max-token-expiration")),
    // Machines
    both(keys::MACHINE_HEALTH_CHECK_TIMEOUT, Honoured("how long a Node may not be Ready until its host is repaired")),
    both(keys::MACHINE_HEALTH_CHECK_NODE_STARTUP, Honoured("how long a host that has joined may be without a Node")),
    both(keys::MACHINE_HEALTH_CHECK_MAX_UNHEALTHY, Honoured("with more ill hosts than this none is repaired")),
    // KubeVirt
    both("hypershift.openshift.io/kubevirt-vm-jsonpatch", NotHonoured(NOT_SERVED_KUBEVIRT)),
    both("hypershift.openshift.io/allow-unsupported-kubevirt-rhcos-variants", NotHonoured(NOT_SERVED_KUBEVIRT)),
    both(
        "hypershift.openshift.io/nodepool-supports-kubevirt-topology-spread-constraints",
        NotHonoured(NOT_SERVED_KUBEVIRT),
    ),
    cluster("hypershift.openshift.io/management-platform", NotHonoured(NOT_SERVED_KUBEVIRT)),
    // Logging in
    cluster("idpoverrides.hypershift.openshift.io/", NotHonoured(NO_OAUTH)),
    cluster("oauth.hypershift.openshift.io/login-url-override", NotHonoured(NO_OAUTH)),
];
