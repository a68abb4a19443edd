//! Rights, as narrow as the work allows. Each rule says what it is for.
//!
//! Secrets are the point: the operator may touch them only where a RoleBinding of its own making says so, and of all roles it
//! can bind just the two that are for this.

use hoist_api::dynamic::dynamic as manifest;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::core::{DynamicObject, ObjectMeta};

use crate::{
    BOOTSTRAP, BOOTSTRAP_CA_SECRET, BOOTSTRAP_INFO, BOOTSTRAP_ROLE, BOOTSTRAP_SERVER_SECRET, CONTROL_PLANE_ROLE,
    HOSTED_CLUSTER_ROLE, LEASE, OPERATOR, OPERATOR_ROLE, ROUTER, ROUTER_ROLE, Settings, metadata, own_labels,
};

const READ: &[&str] = &["get", "list", "watch"];
const WATCH: &[&str] = &["list", "watch"];
const WRITE: &[&str] = &["get", "list", "create", "patch", "delete"];

/// All roles and who has them.
pub fn objects(settings: &Settings) -> Vec<DynamicObject> {
    let router = settings.router.as_ref();
    let cluster_roles = [
        cluster_role(OPERATOR_ROLE, operator()),
        cluster_role(CONTROL_PLANE_ROLE, control_plane()),
        cluster_role(HOSTED_CLUSTER_ROLE, hosted_cluster()),
        cluster_role(BOOTSTRAP_ROLE, bootstrap()),
    ];
    let mut objects: Vec<DynamicObject> = cluster_roles.iter().map(manifest).collect();
    objects.extend(router.map(|_| manifest(&cluster_role(ROUTER_ROLE, self::router()))));
    objects.push(manifest(&cluster_role_binding(settings, OPERATOR_ROLE, OPERATOR)));
    objects.push(manifest(&cluster_role_binding(settings, BOOTSTRAP_ROLE, BOOTSTRAP)));
    objects.extend(router.map(|_| manifest(&cluster_role_binding(settings, ROUTER_ROLE, ROUTER))));
    objects.push(manifest(&Role { metadata: metadata(settings, OPERATOR), rules: Some(own_namespace()) }));
    objects.push(manifest(&RoleBinding {
        metadata: metadata(settings, OPERATOR),
        role_ref: role_ref("Role", OPERATOR),
        subjects: Some(vec![subject(settings, OPERATOR)]),
    }));
    objects
}

/// What the operator may do everywhere.
fn operator() -> Vec<PolicyRule> {
    vec![
        // What users write: read it, fill in ids, keep the finalizer.
        rule("hypershift.openshift.io", &["hostedclusters", "nodepools"], &["get", "list", "watch", "patch", "delete"]),
        rule("hypershift.openshift.io", &["hostedclusters/status", "nodepools/status"], &["patch"]),
        // What the operator writes for them.
        rule(
            "hypershift.openshift.io",
            &["hostedcontrolplanes", "controlplanecomponents"],
            &["get", "list", "watch", "create", "patch", "delete"],
        ),
        rule("hypershift.openshift.io", &["hostedcontrolplanes/status", "controlplanecomponents/status"], &["patch"]),
        // What nothing acts upon yet is told so.
        rule("hypershift.openshift.io", &["hcpetcdbackups"], WATCH),
        rule("hypershift.openshift.io", &["hcpetcdbackups/status"], &["patch"]),
        rule("scheduling.hypershift.openshift.io", &["clustersizingconfigurations"], WATCH),
        rule("scheduling.hypershift.openshift.io", &["clustersizingconfigurations/status"], &["patch"]),
        // Clusters that enforce who may block a deletion ask for this right on owners.
        rule("hypershift.openshift.io", &["hostedclusters/finalizers", "hostedcontrolplanes/finalizers"], &["update"]),
        rule("hoist.internal", &["hosts", "jointokens"], &["get", "list", "watch", "patch", "delete"]),
        rule("hoist.internal", &["hosts/status", "jointokens/status"], &["patch"]),
        // Break-glass certificates: requests for them, who lets them through, and taking them back.
        rule(
            "certificates.hypershift.openshift.io",
            &["certificatesigningrequestapprovals", "certificaterevocationrequests"],
            READ,
        ),
        rule("certificates.hypershift.openshift.io", &["certificaterevocationrequests/status"], &["patch"]),
        rule("hypershift.openshift.io", &["certificatesigningrequestapprovals"], READ),
        rule("certificates.k8s.io", &["certificatesigningrequests"], READ),
        rule(
            "certificates.k8s.io",
            &["certificatesigningrequests/approval", "certificatesigningrequests/status"],
            &["update", "patch"],
        ),
        // The whole of that domain: each control plane has signers of its own.
        named_rule("certificates.k8s.io", &["signers"], &["hypershift.openshift.io/*"], &["approve", "sign"]),
        // A namespace per control plane. Kubernetes cannot limit this to namespaces with a label.
        rule("", &["namespaces"], &["get", "list", "watch", "create", "patch", "delete"]),
        // Rights of its own in those namespaces: exactly these two roles can be handed out.
        rule("rbac.authorization.k8s.io", &["rolebindings"], WRITE),
        named_rule(
            "rbac.authorization.k8s.io",
            &["clusterroles"],
            &[CONTROL_PLANE_ROLE, HOSTED_CLUSTER_ROLE],
            &["bind"],
        ),
        // Told when a control plane's workloads change; one watch each for all clusters.
        rule("apps", &["deployments", "statefulsets"], WATCH),
        rule("", &["pods", "services"], WATCH),
        // What validation must know of the management cluster.
        rule("", &["nodes"], READ),
        rule("storage.k8s.io", &["storageclasses"], READ),
        rule("networking.k8s.io", &["servicecidrs"], READ),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
    ]
}

/// What the operator may do in a control plane namespace.
fn control_plane() -> Vec<PolicyRule> {
    vec![
        rule("", &["secrets", "configmaps", "services", "serviceaccounts"], WRITE),
        rule("apps", &["deployments", "statefulsets"], WRITE),
        rule("policy", &["poddisruptionbudgets"], WRITE),
        rule("networking.k8s.io", &["networkpolicies"], WRITE),
        rule("", &["pods"], &["get", "list", "delete"]),
        rule("", &["persistentvolumeclaims"], &["get", "list", "create", "delete"]),
    ]
}

/// What the operator may do beside a HostedCluster: read what the spec names (by name: no listing), keep the kubeconfig Secret.
fn hosted_cluster() -> Vec<PolicyRule> {
    vec![rule("", &["secrets"], &["get", "create", "patch", "delete"]), rule("", &["configmaps"], &["get"])]
}

/// What the operator may do in its own namespace.
fn own_namespace() -> Vec<PolicyRule> {
    vec![
        // A name cannot be given for `create`.
        rule("", &["secrets"], &["create"]),
        named_rule("", &["secrets"], &[BOOTSTRAP_CA_SECRET, BOOTSTRAP_SERVER_SECRET], &["get", "patch"]),
        named_rule("", &["configmaps"], &[crate::SUPPORTED_VERSIONS], &["get"]),
        rule("", &["configmaps"], &["create"]),
        named_rule("", &["configmaps"], &[BOOTSTRAP_INFO], &["get", "patch"]),
        named_rule("", &["services"], &[BOOTSTRAP, ROUTER], &["get"]),
        rule("coordination.k8s.io", &["leases"], &["create"]),
        named_rule("coordination.k8s.io", &["leases"], &[LEASE], &["get", "patch"]),
    ]
}

/// What the bootstrap server may do: check tokens, keep Host objects, see whether a cluster still exists. No Secrets.
fn bootstrap() -> Vec<PolicyRule> {
    vec![
        rule("hoist.internal", &["jointokens"], READ),
        rule("hoist.internal", &["jointokens/status"], &["patch", "update"]),
        rule("hoist.internal", &["hosts"], &["get", "list", "watch", "create", "patch"]),
        rule("hoist.internal", &["hosts/status"], &["patch", "update"]),
        rule("hypershift.openshift.io", &["hostedcontrolplanes"], READ),
    ]
}

/// What the router may do: see under which names hosted clusters are published.
fn router() -> Vec<PolicyRule> {
    vec![rule("hypershift.openshift.io", &["hostedcontrolplanes"], WATCH)]
}

fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(owned(resources)),
        verbs: owned(verbs),
        ..PolicyRule::default()
    }
}

fn named_rule(group: &str, resources: &[&str], names: &[&str], verbs: &[&str]) -> PolicyRule {
    PolicyRule { resource_names: Some(owned(names)), ..rule(group, resources, verbs) }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn cluster_role(name: &str, rules: Vec<PolicyRule>) -> ClusterRole {
    ClusterRole {
        metadata: ObjectMeta { name: Some(name.to_owned()), labels: Some(own_labels()), ..ObjectMeta::default() },
        rules: Some(rules),
        ..ClusterRole::default()
    }
}

fn cluster_role_binding(settings: &Settings, role: &str, account: &str) -> ClusterRoleBinding {
    ClusterRoleBinding {
        metadata: ObjectMeta { name: Some(role.to_owned()), labels: Some(own_labels()), ..ObjectMeta::default() },
        role_ref: role_ref("ClusterRole", role),
        subjects: Some(vec![subject(settings, account)]),
    }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef { api_group: Some("rbac.authorization.k8s.io".to_owned()), kind: kind.to_owned(), name: name.to_owned() }
}

fn subject(settings: &Settings, account: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: account.to_owned(),
        namespace: Some(settings.namespace.clone()),
        ..Subject::default()
    }
}
