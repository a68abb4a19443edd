//! Names that several crates must agree on, each derived in one place.

/// Namespace of the operator and the bootstrap server.
pub const OPERATOR_NAMESPACE: &str = "hypershift";
/// Deployment, ServiceAccount and container of the operator.
pub const OPERATOR: &str = "operator";
/// Deployment, ServiceAccount and Service of the bootstrap server.
pub const BOOTSTRAP: &str = "bootstrap";
/// Deployment, ServiceAccount and Service of the router.
pub const ROUTER: &str = "router";
/// Server name in the bootstrap server's certificate; joining hosts check it whatever address they dial.
pub const BOOTSTRAP_SERVER_NAME: &str = "bootstrap.hypershift.svc";
/// ConfigMap in the operator's namespace that lists the versions it hosts.
pub const SUPPORTED_VERSIONS: &str = "supported-versions";
/// Where a node reaches its API server, on its own loopback interface.
pub const NODE_API_ADDRESS: &str = "172.20.0.1";
/// Port of [`NODE_API_ADDRESS`].
pub const NODE_API_PORT: u16 = 6443;
/// User name of the operator inside a hosted cluster.
pub const GUEST_OPERATOR_USER: &str = "system:hosted-cluster-config";
/// User name of the operator inside a hosted cluster where it needs an administrator's rights: its own rights, definitions and
/// admission policies. Another than the administrator's, so that policies can tell the two apart.
pub const GUEST_OPERATOR_ADMIN_USER: &str = "system:hosted-cluster-config-admin";
/// Prefix of the user name that a joining host's credential carries.
pub const HOST_USER_PREFIX: &str = "hoist:host:";
/// Prefix of the user name that a node's certificate carries. Source: Kubernetes' node authorizer.
pub const NODE_USER_PREFIX: &str = "system:node:";
/// Group of all joining hosts.
pub const HOST_GROUP: &str = "system:bootstrappers:hoist";

/// Namespace that holds the control plane of HostedCluster `name` in `namespace`.
///
/// Source: HyperShift `manifests.HostedControlPlaneNamespace`: dots become dashes.
pub fn control_plane_namespace(namespace: &str, name: &str) -> String {
    format!("{namespace}-{}", name.replace('.', "-"))
}

/// ConfigMap in the hosted cluster's `kube-system` with the [node configuration] of a NodePool, key `config.json`.
///
/// [node configuration]: https://docs.rs/hoist-node-config
pub fn node_config_map(node_pool: &str) -> String {
    format!("hoist-node-{node_pool}")
}

/// Secret in the hosted cluster's `kube-system` with what users configure on the hosts of a NodePool. Only those read it.
pub fn host_configuration_secret(node_pool: &str) -> String {
    node_config_map(node_pool)
}

/// Secret in the hosted cluster's `kube-system` with the pull secret of its nodes.
pub const NODE_PULL_SECRET: &str = "hoist-pull-secret";

/// Secret beside the HostedCluster with its administrator's kubeconfig under the user's own name for the API server.
pub fn custom_admin_kubeconfig(cluster: &str) -> String {
    format!("{cluster}-custom-admin-kubeconfig")
}

/// Secret beside the HostedCluster with its administrator's kubeconfig.
pub fn admin_kubeconfig(cluster: &str) -> String {
    format!("{cluster}-admin-kubeconfig")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dots_of_a_cluster_name_become_dashes_in_its_namespace() {
        assert_eq!(super::control_plane_namespace("clusters", "a.b"), "clusters-a-b");
    }
}
