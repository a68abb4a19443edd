//! Names of the Secrets and ConfigMaps of a control plane, and of the keys in them. HyperShift's where it has them.

/// Signs every serving certificate of the control plane.
pub const ROOT_CA: &str = "root-ca";
/// Signs certificates of nodes and hosts, and what the hosted cluster's CSRs ask for.
pub const CLUSTER_SIGNER: &str = "cluster-signer-ca";
/// Signs etcd's certificates.
pub const ETCD_SIGNER: &str = "etcd-signer";
/// Signs konnectivity's certificates.
pub const KONNECTIVITY_SIGNER: &str = "konnectivity-signer";
/// Signs what kube-apiserver presents to aggregated API servers.
pub const AGGREGATOR_SIGNER: &str = "kas-aggregator-client-signer";
/// Signs client certificates of kube-controller-manager and kube-scheduler.
pub const CONTROL_PLANE_SIGNER: &str = "kube-control-plane-signer";
/// Signs what kube-apiserver presents to kubelets.
pub const KUBELET_CLIENT_SIGNER: &str = "kube-apiserver-to-kubelet-signer";
/// Signs the administrator's certificate.
pub const SYSTEM_ADMIN_SIGNER: &str = "system-admin-signer";
/// Signs the operator's own certificates in the hosted cluster.
pub const GUEST_OPERATOR_SIGNER: &str = "hcco-signer";

/// Signs break-glass certificates of the customer's.
pub const CUSTOMER_BREAK_GLASS_SIGNER: &str = "customer-system-admin-signer";
/// Signs break-glass certificates of those who run the management cluster.
pub const SRE_BREAK_GLASS_SIGNER: &str = "sre-system-admin-signer";

/// etcd for its clients; keys `server.*`.
pub const ETCD_SERVER: &str = "etcd-server-tls";
/// etcd for its peers; keys `peer.*`.
pub const ETCD_PEER: &str = "etcd-peer-tls";
/// kube-apiserver for etcd; keys `etcd-client.*`.
pub const ETCD_CLIENT: &str = "etcd-client-tls";
/// kube-apiserver for its clients.
pub const API_SERVER: &str = "kas-server-crt";
/// kube-apiserver for kubelets.
pub const KUBELET_CLIENT: &str = "kas-kubelet-client-crt";
/// kube-apiserver for aggregated API servers.
pub const AGGREGATOR: &str = "kas-aggregator-crt";
/// Service-account tokens; keys `service-account.key` and `service-account.pub`.
pub const SERVICE_ACCOUNT_KEY: &str = "sa-signing-key";
/// `system:admin`.
pub const SYSTEM_ADMIN: &str = "system-admin-client";
/// The operator in the hosted cluster.
pub const GUEST_OPERATOR: &str = "hcco-client";
/// The customer's administrator for when all else fails.
pub const CUSTOMER_BREAK_GLASS: &str = "customer-system-admin-client-cert-key";
/// The administrator of those who run the management cluster, for when all else fails.
pub const SRE_BREAK_GLASS: &str = "sre-system-admin-client-cert-key";
/// The operator in the hosted cluster where it needs an administrator's rights.
pub const GUEST_OPERATOR_ADMIN: &str = "hcco-admin-client";
/// kube-scheduler for kube-apiserver.
pub const SCHEDULER_CLIENT: &str = "kube-scheduler-client";
/// kube-controller-manager for kube-apiserver.
pub const CONTROLLER_MANAGER_CLIENT: &str = "kube-controller-manager";
/// kube-controller-manager's own port.
pub const CONTROLLER_MANAGER_SERVER: &str = "kcm-server";
/// kube-scheduler's own port.
pub const SCHEDULER_SERVER: &str = "scheduler-server";
/// konnectivity server for kube-apiserver.
pub const KONNECTIVITY_SERVER: &str = "konnectivity-server";
/// konnectivity server for agents.
pub const KONNECTIVITY_CLUSTER: &str = "konnectivity-cluster";
/// kube-apiserver for the konnectivity server.
pub const KONNECTIVITY_CLIENT: &str = "konnectivity-client";
/// Agents for the konnectivity server.
pub const KONNECTIVITY_AGENT: &str = "konnectivity-agent";

/// The administrator's kubeconfig with the published address.
pub const ADMIN_KUBECONFIG: &str = "admin-kubeconfig";
/// The administrator's kubeconfig with the user's own name for the API server.
pub const CUSTOM_ADMIN_KUBECONFIG: &str = "custom-admin-kubeconfig";
/// The administrator's kubeconfig for use inside kube-apiserver's pod.
pub const LOCALHOST_KUBECONFIG: &str = "localhost-kubeconfig";
/// The administrator's kubeconfig for use inside the control plane namespace.
pub const SERVICE_NETWORK_ADMIN_KUBECONFIG: &str = "service-network-admin-kubeconfig";
/// The operator's kubeconfig.
pub const GUEST_OPERATOR_KUBECONFIG: &str = "hcco-kubeconfig";
/// The operator's kubeconfig where it needs an administrator's rights.
pub const GUEST_OPERATOR_ADMIN_KUBECONFIG: &str = "hcco-admin-kubeconfig";
/// kube-scheduler's kubeconfig.
pub const SCHEDULER_KUBECONFIG: &str = "kube-scheduler-kubeconfig";
/// kube-controller-manager's kubeconfig.
pub const CONTROLLER_MANAGER_KUBECONFIG: &str = "kube-controller-manager-kubeconfig";

/// Authorities of etcd.
pub const ETCD_CA_BUNDLE: &str = "etcd-ca";
/// Authorities of the control plane's serving certificates. ConfigMap of the same name as the Secret.
pub const ROOT_CA_BUNDLE: &str = "root-ca";
/// Authorities of everybody who may present a client certificate to kube-apiserver.
pub const TOTAL_CLIENT_CA_BUNDLE: &str = "total-client-ca";
/// The same without what clusters' own CSRs sign: administrators and control plane.
pub const CLIENT_CA_BUNDLE: &str = "client-ca";
/// Authorities of the customer's break-glass certificates.
pub const CUSTOMER_BREAK_GLASS_CA_BUNDLE: &str = "customer-system-admin-signer-ca";
/// Authorities of break-glass certificates of those who run the management cluster.
pub const SRE_BREAK_GLASS_CA_BUNDLE: &str = "sre-system-admin-signer-ca";
/// Authorities of kubelets' serving certificates and of their clients.
pub const KUBELET_CLIENT_CA_BUNDLE: &str = "kubelet-client-ca";
/// Authorities of what kube-apiserver presents to aggregated API servers.
pub const AGGREGATOR_CA_BUNDLE: &str = "aggregator-client-ca";
/// Authorities of konnectivity.
pub const KONNECTIVITY_CA_BUNDLE: &str = "konnectivity-ca-bundle";

/// The bootstrap server's authority, whose key joining hosts pin.
pub const BOOTSTRAP_CA: &str = "bootstrap-ca";
/// The bootstrap server.
pub const BOOTSTRAP_SERVER: &str = "bootstrap-server";

/// Key of an authority's certificate, in Secrets and ConfigMaps.
pub const CA_CERTIFICATE_KEY: &str = "ca.crt";
/// Key of an authority's private key.
pub const CA_PRIVATE_KEY: &str = "ca.key";
/// Key of a kubeconfig.
pub const KUBECONFIG_KEY: &str = "kubeconfig";
/// Key of the private half of the service-account key.
pub const SERVICE_ACCOUNT_PRIVATE_KEY: &str = "service-account.key";
/// Key of the public half of the service-account key.
pub const SERVICE_ACCOUNT_PUBLIC_KEY: &str = "service-account.pub";
/// Stem of most leaves' keys.
pub const TLS_STEM: &str = "tls";
