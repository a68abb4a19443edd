//! Who may do what inside a hosted cluster. Applied by the administrator, since nobody can give himself rights.
//!
//! The operator's user holds exactly what its controllers call; no wildcard, no `escalate`, no `bind`.

use hoist_api::dynamic::dynamic;
use hoist_api::names::{GUEST_OPERATOR_USER, HOST_GROUP, NODE_PULL_SECRET};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::core::DynamicObject;

use crate::metadata::{KUBE_SYSTEM, cluster_wide, in_kube_system, in_namespace};
use crate::{dns, network, service_proxy};

const RBAC: &str = "rbac.authorization.k8s.io";
const OPERATOR: &str = "hoist:operator";
/// Everything that server-side apply and a watch need; `delete` sweeps what left the set.
const OWN: &[&str] = &["get", "list", "watch", "create", "patch", "delete"];
const READ: &[&str] = &["get", "list", "watch"];

/// Roles and bindings, in an order in which each refers only to what stands before it.
pub fn objects() -> Vec<DynamicObject> {
    let mut objects = operator();
    objects.extend(hosts());
    objects.push(api_server_to_kubelets());
    objects.extend(dns::access());
    objects.push(service_proxy::access());
    objects.extend(network::access());
    objects
}

fn operator() -> Vec<DynamicObject> {
    let everywhere = vec![
        rule("", &["nodes"], &["get", "list", "watch", "patch", "delete"]),
        rule("", &["pods"], READ),
        // Draining a node that leaves.
        rule("", &["pods/eviction"], &["create"]),
        rule("", &["namespaces"], READ),
        rule("certificates.k8s.io", &["certificatesigningrequests"], READ),
        rule("certificates.k8s.io", &["certificatesigningrequests/approval"], &["update", "patch"]),
        PolicyRule {
            resource_names: Some(vec![
                "kubernetes.io/kube-apiserver-client-kubelet".to_owned(),
                "kubernetes.io/kubelet-serving".to_owned(),
            ]),
            ..rule("certificates.k8s.io", &["signers"], &["approve"])
        },
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        rule("", &["events"], &["create", "patch"]),
    ];
    let kube_system = vec![
        rule("", &["configmaps", "secrets", "serviceaccounts", "services"], OWN),
        rule("apps", &["daemonsets", "deployments"], OWN),
        // Each NodePool's right to its own configuration; the operator can read what it grants.
        rule(RBAC, &["roles", "rolebindings"], OWN),
        // The proof that the data plane is connected is the log of one of its pods.
        rule("", &["pods/log"], &["get"]),
    ];
    let default = vec![
        named_rule("", "endpoints", "kubernetes", OWN),
        named_rule("discovery.k8s.io", "endpointslices", "kubernetes", OWN),
        // A name cannot restrict creation.
        rule("", &["endpoints"], &["create"]),
        rule("discovery.k8s.io", &["endpointslices"], &["create"]),
        // Writing an endpoint that no pod backs is a right of its own.
        rule("discovery.k8s.io", &["endpointslices/restricted"], &["create"]),
        rule("", &["endpoints/restricted"], &["create"]),
    ];
    let user = Subject {
        kind: "User".to_owned(),
        name: GUEST_OPERATOR_USER.to_owned(),
        api_group: Some(RBAC.to_owned()),
        ..Subject::default()
    };
    let mut objects = vec![
        cluster_role(OPERATOR, everywhere),
        dynamic(&ClusterRoleBinding {
            metadata: cluster_wide(OPERATOR),
            role_ref: role_ref("ClusterRole", OPERATOR),
            subjects: Some(vec![user.clone()]),
        }),
    ];
    for (namespace, rules) in [(KUBE_SYSTEM, kube_system), ("default", default)] {
        let metadata = in_namespace(namespace, OPERATOR);
        objects.push(dynamic(&Role { metadata: metadata.clone(), rules: Some(rules) }));
        objects.push(dynamic(&RoleBinding {
            metadata,
            role_ref: role_ref("Role", OPERATOR),
            subjects: Some(vec![user.clone()]),
        }));
    }
    objects
}

/// A joining host may ask for its certificate and read its pull secret; nothing approves that request but the operator.
fn hosts() -> Vec<DynamicObject> {
    let name = "hoist:joining-hosts";
    vec![
        dynamic(&ClusterRoleBinding {
            metadata: cluster_wide(name),
            role_ref: role_ref("ClusterRole", "system:node-bootstrapper"),
            subjects: Some(vec![group(HOST_GROUP)]),
        }),
        dynamic(&Role {
            metadata: in_kube_system(name),
            rules: Some(vec![named_rule("", "secrets", NODE_PULL_SECRET, &["get"])]),
        }),
        bind_joining_hosts(name, name),
    ]
}

/// The API server's client certificate towards kubelets: logs, exec, port-forward, metrics.
fn api_server_to_kubelets() -> DynamicObject {
    dynamic(&ClusterRoleBinding {
        metadata: cluster_wide("hoist:kube-apiserver-to-kubelet"),
        role_ref: role_ref("ClusterRole", "system:kubelet-api-admin"),
        subjects: Some(vec![Subject {
            kind: "User".to_owned(),
            name: "system:kube-apiserver".to_owned(),
            api_group: Some(RBAC.to_owned()),
            ..Subject::default()
        }]),
    })
}

/// Binds Role `role` of `kube-system` to hosts that join and to nodes.
pub(crate) fn bind_joining_hosts(name: &str, role: &str) -> DynamicObject {
    dynamic(&RoleBinding {
        metadata: in_kube_system(name),
        role_ref: role_ref("Role", role),
        subjects: Some(vec![group(HOST_GROUP), group("system:nodes")]),
    })
}

/// Binds a ClusterRole to the ServiceAccount `account` of `kube-system`.
pub(crate) fn bind_user_of(name: &str, role: &str, account: &str) -> DynamicObject {
    dynamic(&ClusterRoleBinding {
        metadata: cluster_wide(name),
        role_ref: role_ref("ClusterRole", role),
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: account.to_owned(),
            namespace: Some(KUBE_SYSTEM.to_owned()),
            ..Subject::default()
        }]),
    })
}

/// A ClusterRole.
pub(crate) fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> DynamicObject {
    dynamic(&ClusterRole { metadata: cluster_wide(name), rules: Some(rules), ..ClusterRole::default() })
}

/// A rule for resources of one group.
pub(crate) fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

/// A rule for one object.
pub(crate) fn named_rule(group: &str, resource: &str, name: &str, verbs: &[&str]) -> PolicyRule {
    PolicyRule { resource_names: Some(vec![name.to_owned()]), ..rule(group, &[resource], verbs) }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some(RBAC.to_owned()), kind: kind.to_owned(), name: name.to_owned() }
}

fn group(name: &str) -> Subject {
    Subject { kind: "Group".to_owned(), name: name.to_owned(), api_group: Some(RBAC.to_owned()), ..Subject::default() }
}
