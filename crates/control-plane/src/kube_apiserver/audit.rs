//! What kube-apiserver writes to the audit log, and how it sends it to a webhook.
//!
//! Source of the profiles' meaning: OpenShift's `APIServer` configuration. The log goes to the container's own output, where
//! it is read like any other log.

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::configuration::api_server::AuditProfile;
use hoist_plan::{AuditPolicy, Plan};
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

/// Name of the ConfigMap. HyperShift's.
pub const CONFIG_MAP: &str = "kas-audit-config";
/// Key in it.
pub const KEY: &str = "policy.yaml";
/// Secret with the webhook's kubeconfig: the copy in the control plane namespace.
pub const WEBHOOK_SECRET: &str = "audit-webhook";
/// Key in it.
pub const WEBHOOK_KEY: &str = "webhook-kubeconfig";

/// The ConfigMap; absent when nothing is written.
pub fn audit_policy(plan: &Plan) -> Option<ConfigMap> {
    let policy = plan.api_server_configuration.audit.as_ref()?;
    Some(ConfigMap {
        metadata: plan.identity.metadata(CONFIG_MAP),
        // JSON is YAML.
        data: Some(BTreeMap::from([(KEY.to_owned(), document(policy).to_string())])),
        ..ConfigMap::default()
    })
}

/// The policy of a management cluster: who wrote what. Leases, and questions that are sent as objects, change nothing that
/// anybody looks for.
pub fn writes() -> Value {
    let groups = ["authentication.k8s.io", "authorization.k8s.io"];
    policy(&[
        json!({"level": "None", "nonResourceURLs": ["*"]}),
        json!({"level": "None", "verbs": ["get", "list", "watch"]}),
        json!({"level": "None", "resources": [{"group": "coordination.k8s.io", "resources": ["leases"]}]}),
        json!({"level": "None", "resources": groups.map(|group| json!({"group": group}))}),
        json!({"level": "None", "resources": [{"group": "", "resources": ["serviceaccounts/token"]}]}),
        json!({"level": "Metadata"}),
    ])
}

fn document(policy: &AuditPolicy) -> Value {
    let mut rules = vec![
        json!({"level": "None", "resources": [{"group": "", "resources": ["events"]}]}),
        json!({"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version"]}),
    ];
    for rule in &policy.custom_rules {
        rules.extend(of_profile(rule.profile).into_iter().map(|mut own| {
            own["userGroups"] = json!([rule.group]);
            own
        }));
    }
    rules.extend(of_profile(policy.profile));
    self::policy(&rules)
}

fn policy(rules: &[Value]) -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "metadata": {"name": "policy"},
        // The end of a request says all that its beginning does.
        "omitStages": ["RequestReceived"],
        "rules": rules
    })
}

/// Rules in order; what is secret is never written whole.
fn of_profile(profile: AuditProfile) -> Vec<Value> {
    let secret = json!({"level": "Metadata", "resources": [
        {"group": "", "resources": ["secrets", "configmaps", "serviceaccounts/token"]},
        {"group": "authentication.k8s.io", "resources": ["tokenreviews"]}
    ]});
    let metadata = json!({"level": "Metadata"});
    let writes =
        json!({"level": "RequestResponse", "verbs": ["create", "update", "patch", "delete", "deletecollection"]});
    match profile {
        AuditProfile::Default => vec![metadata],
        AuditProfile::WriteRequestBodies => vec![secret, writes, metadata],
        AuditProfile::AllRequestBodies => vec![secret, json!({"level": "RequestResponse"})],
        AuditProfile::None => vec![json!({"level": "None"})],
    }
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::configuration::api_server::AuditCustomRule;

    use super::*;

    #[test]
    fn bodies_of_secrets_are_never_written() {
        for profile in [AuditProfile::WriteRequestBodies, AuditProfile::AllRequestBodies] {
            let rules = of_profile(profile);
            let of_secrets = rules.iter().position(|rule| rule.to_string().contains("secrets")).unwrap();
            let with_bodies = rules.iter().position(|rule| rule["level"] == "RequestResponse").unwrap();
            assert!(of_secrets < with_bodies, "{rules:?}");
        }
    }

    #[test]
    fn of_a_management_cluster_reads_and_leases_are_not_written() {
        let policy = writes();
        let rules = policy["rules"].as_array().unwrap();
        let (last, before) = rules.split_last().unwrap();
        assert_eq!(*last, json!({"level": "Metadata"}));
        assert!(before.iter().all(|rule| rule["level"] == "None"), "{rules:?}");
        assert!(before.iter().all(|rule| rule.get("users").is_none()), "no writer is left out: {rules:?}");
    }

    #[test]
    fn a_groups_rules_come_before_everybodys() {
        let group = AuditCustomRule { group: "system:masters".to_owned(), profile: AuditProfile::None };
        let policy = AuditPolicy { custom_rules: vec![group], profile: AuditProfile::Default };
        let document = document(&policy);
        let rules = document["rules"].as_array().unwrap();
        assert_eq!(rules[rules.len() - 2], json!({"level": "None", "userGroups": ["system:masters"]}));
        assert_eq!(rules[rules.len() - 1], json!({"level": "Metadata"}));
    }
}
