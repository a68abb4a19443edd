//! Who may do what in a hosted cluster: the operator, joining hosts, kube-apiserver towards kubelets, and what Hoist runs.
//!
//! Applied with the administrator's certificate; all else with the operator's own, which holds exactly what its controllers
//! call: no wildcard, and neither `bind` nor `escalate`, with which it could take any right.

use hoist_api::dynamic::dynamic;
use hoist_api::names::GUEST_OPERATOR_USER;
use k8s_openapi::api::rbac::v1::PolicyRule;
use kube::core::DynamicObject;

use crate::metadata::{NAMESPACE, cluster_role, cluster_role_binding, role, role_binding, rule, rule_on, user};
use crate::{coredns, flannel, kube_proxy, node_bootstrap};

/// Name of the roles and their bindings.
pub const ROLE: &str = "hoist:operator";

/// Name of the role and binding of [`rewriting`].
const REWRITING_ROLE: &str = "hoist:storage-rewriting";
/// Namespace of the `kubernetes` Service.
const API_NAMESPACE: &str = "default";
const READ: &[&str] = &["get", "list", "watch"];
const APPLY: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
const RBAC: &str = "rbac.authorization.k8s.io";
const CONFIG: &str = "config.openshift.io";
const CERTIFICATES: &str = "certificates.k8s.io";
/// Signers of kubelets' certificates.
const SIGNERS: &[&str] = &["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/kubelet-serving"];

/// Everybody's rights, the operator's first.
pub fn objects() -> Vec<DynamicObject> {
    let mut objects = operator();
    objects.extend(node_bootstrap::access());
    objects.extend(flannel::access());
    objects.extend(kube_proxy::access());
    objects.extend(coredns::access());
    objects
}

/// The operator's right to have everything stored again that is encrypted at rest; given only for as long as that takes, because
/// whoever may list Secrets may read them.
pub fn rewriting() -> Vec<DynamicObject> {
    let rules = vec![rule("", &["secrets", "configmaps"], &["list", "patch"])];
    vec![
        dynamic(&cluster_role(REWRITING_ROLE, rules)),
        dynamic(&cluster_role_binding(REWRITING_ROLE, REWRITING_ROLE, vec![user(GUEST_OPERATOR_USER)])),
    ]
}

/// The operator's roles: for the whole cluster, for `kube-system`, and for `default` with its `kubernetes` Service.
fn operator() -> Vec<DynamicObject> {
    let mut objects = vec![
        dynamic(&cluster_role(ROLE, cluster_rules())),
        dynamic(&cluster_role_binding(ROLE, ROLE, vec![user(GUEST_OPERATOR_USER)])),
    ];
    for (namespace, rules) in [(NAMESPACE, system_rules()), (API_NAMESPACE, api_rules())] {
        let mut role = role(ROLE, rules);
        let mut binding = role_binding(ROLE, vec![user(GUEST_OPERATOR_USER)]);
        role.metadata.namespace = Some(namespace.to_owned());
        binding.metadata.namespace = Some(namespace.to_owned());
        objects.extend([dynamic(&role), dynamic(&binding)]);
    }
    objects
}

fn cluster_rules() -> Vec<PolicyRule> {
    vec![
        // Nodes: labels and taints, draining, removal
        rule("", &["nodes"], &["get", "list", "watch", "patch", "delete"]),
        // On a dead node, what should have ended is ended.
        rule("", &["pods"], &["get", "list", "watch", "delete"]),
        rule("", &["pods/eviction"], &["create"]),
        rule("apps", &["daemonsets", "replicasets", "statefulsets"], READ),
        rule("policy", &["poddisruptionbudgets"], READ),
        rule("storage.k8s.io", &["volumeattachments"], READ),
        // Certificates of nodes
        rule(CERTIFICATES, &["certificatesigningrequests"], READ),
        rule(CERTIFICATES, &["certificatesigningrequests/approval"], &["update", "patch"]),
        rule_on(CERTIFICATES, &["signers"], SIGNERS, &["approve"]),
        // What it tells about
        rule("", &["namespaces"], READ),
        rule("", &["events"], &["create", "patch"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        // The cluster's own report of versions and parts
        rule(CONFIG, &["clusterversions", "clusteroperators"], APPLY),
        rule(CONFIG, &["clusterversions/status", "clusteroperators/status"], &["patch"]),
    ]
}

fn system_rules() -> Vec<PolicyRule> {
    vec![
        rule("", &["configmaps", "secrets", "serviceaccounts", "services"], APPLY),
        rule("apps", &["daemonsets", "deployments"], APPLY),
        // Each NodePool's right to its own configuration; the operator can read what it grants.
        rule(RBAC, &["roles", "rolebindings"], APPLY),
        // Whether the data plane is connected: it reads a line of an agent's log.
        rule("", &["pods/log"], &["get"]),
    ]
}

fn api_rules() -> Vec<PolicyRule> {
    vec![rule("", &["endpoints"], APPLY), rule("discovery.k8s.io", &["endpointslices"], APPLY)]
}
