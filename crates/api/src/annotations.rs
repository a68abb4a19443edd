//! Annotation keys that users or controllers set; names are HyperShift's unless they start with `hoist.internal/`.

/// On children: `<namespace>/<name>` of the HostedCluster they belong to.
pub const HOSTED_CLUSTER: &str = "hypershift.openshift.io/cluster";
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
