//! Names of what is installed; the operator and the command line use them too.

pub use hoist_api::names::{BOOTSTRAP, OPERATOR, OPERATOR_NAMESPACE, ROUTER, SUPPORTED_VERSIONS};

/// ConfigMap with the authorities of registries, key [`TRUST_BUNDLE_KEY`].
pub const REGISTRY_TRUST_BUNDLE: &str = "registry-trust-bundle";
/// Key of a trust bundle in a ConfigMap.
pub const TRUST_BUNDLE_KEY: &str = "ca-bundle.crt";
/// Secret with which the operator's own image is pulled.
pub const PULL_SECRET: &str = "hoist-pull-secret";
/// Secret with the bootstrap server's certificate, made by the operator.
pub const BOOTSTRAP_SERVER_SECRET: &str = "bootstrap-server";
/// Secret with the authority of that certificate, made by the operator.
pub const BOOTSTRAP_CA_SECRET: &str = "bootstrap-ca";
/// ConfigMap with what a join line pins, made by the operator.
pub const BOOTSTRAP_INFO: &str = "bootstrap-info";
/// Key in [`BOOTSTRAP_INFO`]: the pin of the bootstrap server's authority, `sha256:` and 64 hexadecimal digits.
pub const BOOTSTRAP_INFO_PIN: &str = "caPin";
/// Key in [`BOOTSTRAP_INFO`]: SHA-256 of the `hoist-node` that the bootstrap server serves, hexadecimal.
pub const BOOTSTRAP_INFO_HOIST_NODE: &str = "hoistNodeSha256";
/// Lease of the leading operator; HyperShift's name.
pub const LEASE: &str = "hypershift-operator-leader-elect";

/// ClusterRole of the operator for what it watches everywhere.
pub const OPERATOR_ROLE: &str = "hoist-operator";
/// ClusterRole that the operator binds itself in each control plane namespace.
pub const CONTROL_PLANE_ROLE: &str = "hoist-control-plane";
/// ClusterRole that the operator binds itself in each namespace of HostedClusters.
pub const HOSTED_CLUSTER_ROLE: &str = "hoist-hosted-cluster";
/// ClusterRole of the bootstrap server.
pub const BOOTSTRAP_ROLE: &str = "hoist-bootstrap";

/// ClusterRole of the router.
pub const ROUTER_ROLE: &str = "hoist-router";

/// Port of the operator's metrics; HyperShift's number.
pub const METRICS_PORT: u16 = 9000;
/// Port of the bootstrap server.
pub const BOOTSTRAP_PORT: u16 = 8443;
/// Port of its health checks and metrics.
pub const BOOTSTRAP_HEALTH_PORT: u16 = 8081;
/// Port of the router's Service; HyperShift's for Routes.
pub const ROUTER_PORT: u16 = 443;
