//! Policies that keep users of a hosted cluster from changing what its HostedCluster decides: their change would be undone a
//! moment later, or break nodes. They say where the change belongs instead.
//!
//! A rail, not a wall: whoever administers the cluster can take a policy away, and the operator brings it back. Names are
//! HyperShift's where it has the policy.

use hoist_api::dynamic::dynamic;
use hoist_api::labels;
use hoist_api::names::{GUEST_OPERATOR_ADMIN_USER, GUEST_OPERATOR_USER};
use hoist_plan::Plan;
use k8s_openapi::api::admissionregistration::v1::{
    MatchCondition, MatchResources, NamedRuleWithOperations, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding, ValidatingAdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec, Validation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use kube::core::DynamicObject;

use crate::apply_sets;
use crate::metadata::{cluster_wide, owned};

/// Users that are not held back: the operator, and who must be able to mend everything.
const NOT_HOIST: &str = "not-hoist";
/// Kubernetes' own parts, which keep what Hoist made going.
const NOT_KUBERNETES: &str = "not-kubernetes";
/// How users begin that may mend everything.
const MENDERS: &str = "system:sre-break-glass:";
/// What everybody may do: change labels, annotations or a status.
const KEEPS_SPEC: &str =
    "request.operation == 'UPDATE' && has(object.spec) && has(oldObject.spec) && object.spec == oldObject.spec";
const EVERYTHING: [&str; 3] = ["CREATE", "UPDATE", "DELETE"];

/// Resources of one API group.
type Group = (&'static str, &'static [&'static str]);

const CONFIG: &[Group] = &[(
    "config.openshift.io",
    &[
        "apiservers",
        "authentications",
        "clusteroperators",
        "clusterversions",
        "featuregates",
        "images",
        "ingresses",
        "networks",
        "oauths",
        "operatorhubs",
        "proxies",
        "schedulers",
    ],
)];
const MIRROR: &[Group] =
    &[("config.openshift.io", &["imagecontentpolicies", "imagedigestmirrorsets", "imagetagmirrorsets"])];
const ICSP: &[Group] = &[("operator.openshift.io", &["imagecontentsourcepolicies"])];
const INFRA: &[Group] = &[("config.openshift.io", &["infrastructures"])];
/// Kinds of what Hoist itself has in the cluster; its label says which of them.
const OWN: &[Group] = &[
    ("", &["configmaps", "endpoints", "secrets", "serviceaccounts", "services"]),
    ("apps", &["daemonsets", "deployments"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("rbac.authorization.k8s.io", &["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
];

/// All policies, each with its binding.
pub fn objects(plan: &Plan) -> Vec<DynamicObject> {
    let identity = &plan.identity;
    let cluster = format!("HostedCluster {}/{}", identity.hosted_cluster_namespace, identity.hosted_cluster_name);
    let place = |field: &str| format!("it is made from the {cluster}: change {field} there, in the management cluster");
    // Not by who manages it: Hoist may be installed in the hosted cluster, too, and its objects are the user's.
    let is_own = LabelSelector {
        match_expressions: Some(vec![LabelSelectorRequirement {
            key: labels::APPLY_SET.to_owned(),
            operator: "In".to_owned(),
            values: Some(owned(&[apply_sets::ACCESS, apply_sets::CONTENT, apply_sets::DEFINITIONS])),
        }]),
        ..LabelSelector::default()
    };
    [
        policy("config", CONFIG, None, KEEPS_SPEC, &place("spec.configuration, spec.release or spec.channel")),
        policy("mirror", MIRROR, None, KEEPS_SPEC, &place("spec.imageContentSources")),
        policy("icsp", ICSP, None, KEEPS_SPEC, &place("spec.imageContentSources")),
        policy("infra", INFRA, None, KEEPS_SPEC, &place("spec.platform, spec.dns or spec.networking")),
        policy("hoist-objects", OWN, Some(is_own), "false", &place("spec (or that of its NodePools)")),
    ]
    .concat()
}

fn policy(
    name: &str,
    groups: &[Group],
    objects: Option<LabelSelector>,
    allowed: &str,
    message: &str,
) -> Vec<DynamicObject> {
    let rules = groups.iter().map(|(group, resources)| NamedRuleWithOperations {
        api_groups: Some(vec![(*group).to_owned()]),
        api_versions: Some(vec!["*".to_owned()]),
        operations: Some(owned(&EVERYTHING)),
        resources: Some(owned(resources)),
        ..NamedRuleWithOperations::default()
    });
    let policy = ValidatingAdmissionPolicy {
        metadata: cluster_wide(name),
        spec: Some(ValidatingAdmissionPolicySpec {
            failure_policy: Some("Fail".to_owned()),
            match_constraints: Some(MatchResources {
                object_selector: objects,
                resource_rules: Some(rules.collect()),
                ..MatchResources::default()
            }),
            match_conditions: Some(vec![
                condition(NOT_HOIST, &not_hoist()),
                condition(NOT_KUBERNETES, &not_kubernetes()),
            ]),
            validations: Some(vec![Validation {
                expression: allowed.to_owned(),
                message: Some(message.to_owned()),
                reason: Some("Forbidden".to_owned()),
                ..Validation::default()
            }]),
            ..ValidatingAdmissionPolicySpec::default()
        }),
        ..ValidatingAdmissionPolicy::default()
    };
    let binding = ValidatingAdmissionPolicyBinding {
        metadata: cluster_wide(&format!("{name}-binding")),
        spec: ValidatingAdmissionPolicyBindingSpec {
            policy_name: name.to_owned(),
            validation_actions: vec!["Deny".to_owned()],
            ..ValidatingAdmissionPolicyBindingSpec::default()
        },
    };
    vec![dynamic(&policy), dynamic(&binding)]
}

fn not_hoist() -> String {
    format!(
        "!(request.userInfo.username in ['{GUEST_OPERATOR_USER}', '{GUEST_OPERATOR_ADMIN_USER}']) && !request.userInfo.username.startsWith('{MENDERS}')"
    )
}

/// Controllers of Kubernetes have accounts in `kube-system`; they write the revision of a Deployment, for instance.
fn not_kubernetes() -> String {
    "!(request.userInfo.username in ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler']) && \
     !request.userInfo.username.startsWith('system:serviceaccount:kube-system:') && \
     !(has(request.userInfo.groups) && 'system:nodes' in request.userInfo.groups)"
        .to_owned()
}

fn condition(name: &str, expression: &str) -> MatchCondition {
    MatchCondition { name: name.to_owned(), expression: expression.to_owned() }
}

#[cfg(test)]
mod tests {
    use hoist_plan::fixtures::plan;
    use serde_json::Value;

    use super::*;

    #[test]
    fn manifests() {
        insta::assert_yaml_snapshot!(objects(&plan()));
    }

    #[test]
    fn every_policy_spares_the_operator_and_kubernetes_and_says_where_the_change_belongs() {
        let all: Vec<Value> = objects(&plan()).iter().map(|object| serde_json::to_value(object).unwrap()).collect();
        for policy in all.iter().filter(|object| object["kind"] == "ValidatingAdmissionPolicy") {
            let name = policy["metadata"]["name"].as_str().unwrap();
            let conditions = policy["spec"]["matchConditions"].to_string();
            assert!(
                conditions.contains(GUEST_OPERATOR_USER) && conditions.contains(GUEST_OPERATOR_ADMIN_USER),
                "{name}"
            );
            assert!(conditions.contains("system:serviceaccount:kube-system:"), "{name}");
            let message = policy["spec"]["validations"][0]["message"].as_str().unwrap();
            assert!(message.contains("HostedCluster clusters/demo: change spec"), "{message}");
            let binding = all.iter().find(|object| object["spec"]["policyName"] == name).unwrap();
            assert_eq!(binding["metadata"]["name"], format!("{name}-binding"));
        }
    }

    /// Everything that Hoist applies there is of a kind that is guarded, but for what policies cannot guard.
    #[test]
    fn every_kind_of_hoists_own_objects_is_guarded() {
        let guarded: Vec<&str> =
            OWN.iter().chain(CONFIG).flat_map(|(_, resources)| resources.iter().copied()).collect();
        let mut all = crate::rights::objects();
        all.extend(crate::node_bootstrap::node_pool("demo", "{}"));
        all.extend(crate::cluster_config::crds());
        for object in all {
            let kind = object.types.unwrap().kind.to_lowercase();
            assert!(guarded.iter().any(|resource| resource.starts_with(&kind)), "{kind}");
        }
    }
}
