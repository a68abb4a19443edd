//! Metadata, roles and bindings as all parts write them.

use std::collections::BTreeMap;

use hoist_api::labels;
use k8s_openapi::api::core::v1::ServiceAccount;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// Namespace of all that Hoist runs in a cluster.
pub const NAMESPACE: &str = "kube-system";
const RBAC: &str = "rbac.authorization.k8s.io";

/// Metadata of an object in [`NAMESPACE`].
pub fn namespaced(name: &str) -> ObjectMeta {
    ObjectMeta { namespace: Some(NAMESPACE.to_owned()), ..cluster_wide(name) }
}

/// Metadata of an object without a namespace.
pub fn cluster_wide(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), labels: Some(managed()), ..ObjectMeta::default() }
}

/// Labels of everything that Hoist applies.
pub fn managed() -> BTreeMap<String, String> {
    BTreeMap::from([(labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_HOIST.to_owned())])
}

/// A rule on resources.
pub fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

/// A rule on resources of these names.
pub fn rule_on(group: &str, resources: &[&str], names: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule { resource_names: Some(owned(names)), ..rule(group, resources, verbs) }
}

/// A service account without a token of its own.
pub fn service_account(name: &str) -> ServiceAccount {
    ServiceAccount { metadata: namespaced(name), ..ServiceAccount::default() }
}

/// A cluster role.
pub fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole { metadata: cluster_wide(name), rules: Some(rules), aggregation_rule: None }
}

/// A role in [`NAMESPACE`].
pub fn role(name: &str, rules: Vec<PolicyRule>) -> Role {
    Role { metadata: namespaced(name), rules: Some(rules) }
}

/// Gives a cluster role to subjects.
pub fn cluster_role_binding(name: &str, role: &str, subjects: Vec<Subject>) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: cluster_wide(name),
        role_ref: reference("ClusterRole", role),
        subjects: Some(subjects),
    }
}

/// Gives a role of the same name to subjects.
pub fn role_binding(name: &str, subjects: Vec<Subject>) -> RoleBinding {
    RoleBinding { metadata: namespaced(name), role_ref: reference("Role", name), subjects: Some(subjects) }
}

/// A service account of [`NAMESPACE`] as subject.
pub fn account(name: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(NAMESPACE.to_owned()),
        api_group: None,
    }
}

/// A group as subject.
pub fn group(name: &str) -> Subject {
    Subject { kind: "Group".to_owned(), name: name.to_owned(), namespace: None, api_group: Some(RBAC.to_owned()) }
}

/// A user as subject.
pub fn user(name: &str) -> Subject {
    Subject { kind: "User".to_owned(), name: name.to_owned(), namespace: None, api_group: Some(RBAC.to_owned()) }
}

fn reference(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some(RBAC.to_owned()), kind: kind.to_owned(), name: name.to_owned() }
}

/// The texts as the objects hold them.
pub fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
