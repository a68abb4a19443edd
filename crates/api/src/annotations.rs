//! Annotation keys that users or controllers set; names are HyperShift's unless they start with `hoist.internal/`.

/// On children: `<namespace>/<name>` of the HostedCluster they belong to.
pub const HOSTED_CLUSTER: &str = "hypershift.openshift.io/cluster";
/// On copies of what a HostedCluster's spec names: the name that the user gave it.
pub const COPY_OF: &str = "hoist.internal/copy-of";
/// Any change restarts all pods of the control plane.
pub const RESTART_DATE: &str = "hypershift.openshift.io/restart-date";
/// Prefix of `<prefix>/<workload>.<container>: cpu=…,memory=…`.
pub const RESOURCE_REQUEST_OVERRIDE_PREFIX: &str = "resource-request-override.hypershift.openshift.io";
/// On pod templates: hash of all configuration that the pod reads.
pub const CONFIG_HASH: &str = "component.hypershift.openshift.io/config-hash";
/// On a HostedCluster: skip the checks of its release image against the supported versions.
pub const SKIP_RELEASE_IMAGE_VALIDATION: &str = "hypershift.openshift.io/skip-release-image-validation";
/// On a HostedCluster: delete the resources that a cloud holds for it. Accepted, without effect on platform None.
pub const CLEANUP_CLOUD_RESOURCES: &str = "hypershift.openshift.io/cleanup-cloud-resources";
/// On a Host: a person asked for its removal (`hcp remove host`); value is the time, RFC 3339.
pub const REMOVE_HOST: &str = "hoist.internal/remove";
/// On everything that an operator of ours applies: a hash of what it asked for, so that it writes nothing after a restart.
pub const APPLIED: &str = "hoist.internal/applied";
/// On a HostedCluster: certificates that exist stay as they are, due or not.
pub const DISABLE_PKI_RECONCILIATION: &str = "hypershift.openshift.io/disable-pki-reconciliation";
/// On a HostedCluster: the release image to which an upgrade goes although the cluster says that it is not upgradeable.
pub const FORCE_UPGRADE_TO: &str = "hypershift.openshift.io/force-upgrade-to";
/// On a HostedCluster: how long it stays readable after everything else of it is gone, such as `10m`.
pub const DESTROY_GRACE_PERIOD: &str = "hypershift.openshift.io/destroy-grace-period";
/// On a HostedCluster: the control plane namespace outlives it.
pub const SKIP_DELETE_NAMESPACE: &str = "hypershift.openshift.io/skip-delete-hosted-controlplane-namespace";
/// On a HostedCluster: the pod security level of the control plane namespace.
pub const POD_SECURITY_LEVEL: &str = "hypershift.openshift.io/pod-security-admission-label-override";
/// On a HostedCluster: how its pods are spread.
pub const TOPOLOGY: &str = "hypershift.openshift.io/topology";
/// Value of [`TOPOLOGY`]: kube-apiserver runs only on nodes that are labelled for it.
pub const DEDICATED_REQUEST_SERVING: &str = "dedicated-request-serving-components";
/// On a HostedCluster with [`DEDICATED_REQUEST_SERVING`]: further labels of those nodes, `key=value,…`.
pub const REQUEST_SERVING_NODE_SELECTOR: &str = "hypershift.openshift.io/request-serving-node-additional-selector";
/// On a HostedCluster: other images for components of the release, `component=image,…`.
pub const IMAGE_OVERRIDES: &str = "hypershift.openshift.io/image-overrides";
/// On a HostedCluster: another image of the konnectivity server.
pub const KONNECTIVITY_SERVER_IMAGE: &str = "hypershift.openshift.io/konnectivity-server-image";
/// On a HostedCluster: another image of the konnectivity agent.
pub const KONNECTIVITY_AGENT_IMAGE: &str = "hypershift.openshift.io/konnectivity-agent-image";
/// On a HostedCluster: `GOGC` of kube-apiserver.
pub const API_SERVER_GOGC: &str = "hypershift.openshift.io/kube-apiserver-gogc";
/// On a HostedCluster: `GOMEMLIMIT` of kube-apiserver.
pub const API_SERVER_GOMEMLIMIT: &str = "hypershift.openshift.io/kube-apiserver-gomemlimit";
/// On a HostedCluster: `--max-requests-inflight`.
pub const API_SERVER_REQUESTS: &str = "hypershift.openshift.io/kube-apiserver-max-requests-inflight";
/// On a HostedCluster: `--max-mutating-requests-inflight`.
pub const API_SERVER_MUTATING_REQUESTS: &str = "hypershift.openshift.io/kube-apiserver-max-mutating-requests-inflight";
/// On a HostedCluster: `--v` of kube-apiserver.
pub const API_SERVER_VERBOSITY: &str = "hypershift.openshift.io/kube-apiserver-verbosity-level";
/// On a HostedCluster: `--goaway-chance`.
pub const API_SERVER_GOAWAY_CHANCE: &str = "hypershift.openshift.io/kube-apiserver-goaway-chance";
/// On a HostedCluster: `--service-account-max-token-expiration`.
pub const API_SERVER_TOKEN_EXPIRATION: &str =
    "hypershift.openshift.io/kube-apiserver-service-account-token-max-expiration";
/// On a NodePool: hash of the configuration, its release apart, that all of its hosts run.
pub const NODE_POOL_CURRENT_CONFIG: &str = "hypershift.openshift.io/nodePoolCurrentConfig";
/// On a NodePool: hash of configuration and release that all of its hosts run.
pub const NODE_POOL_CURRENT_CONFIG_VERSION: &str = "hypershift.openshift.io/nodePoolCurrentConfigVersion";
/// On a NodePool or its HostedCluster: how long a Node may not be Ready until its host is repaired, such as `8m`.
pub const MACHINE_HEALTH_CHECK_TIMEOUT: &str = "hypershift.openshift.io/machine-health-check-timeout";
/// The same: how long a host that has joined may be without a Node.
pub const MACHINE_HEALTH_CHECK_NODE_STARTUP: &str = "hypershift.openshift.io/machine-health-check-node-startup-timeout";
/// The same: with more ill hosts than this, a number or a share such as `40%`, none is repaired.
pub const MACHINE_HEALTH_CHECK_MAX_UNHEALTHY: &str = "hypershift.openshift.io/machine-health-check-max-unhealthy";
/// On a Node: labels and taints that its NodePool gave it, as JSON, so that they go when the pool takes them back.
pub const OF_NODE_POOL: &str = "hoist.internal/of-node-pool";
