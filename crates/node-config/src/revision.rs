//! The revision of a node configuration: two hosts with the same one need no update.
//!
//! It is computed in this one place, over everything that a host gets, so that whatever is added to [`NodeConfig`] is rolled
//! out by itself. Left out is what reaches a running node without a restart, or never needs to: see [`NOT_ROLLED_OUT`].

use hoist_release::Digest;
use serde_json::Value;

use crate::NodeConfig;

/// Fields of [`NodeConfig`], as they stand in JSON, whose change is no reason to update a host:
///
/// - names, for people;
/// - labels and taints, which the operator sets on the Nodes;
/// - addresses and authorities of the control plane, which change with it: an upgrade of a control plane must leave its nodes
///   alone;
/// - the release, which has a part of its own in a revision.
const NOT_ROLLED_OUT: [&str; 11] = [
    "revision",
    "cluster",
    "nodePool",
    "labels",
    "taints",
    "apiEndpoints",
    "konnectivityEndpoints",
    "apiCertificateAuthorityPem",
    "kubeletClientCertificateAuthorityPem",
    "kubernetesVersion",
    "releaseImage",
];
/// Hexadecimal digits of each part.
const DIGITS: usize = 8;

impl NodeConfig {
    /// The revision of this configuration, `<configuration>-<release>`.
    ///
    /// What is empty counts as absent: a field that a newer operator knows, and nobody has set, rolls nothing out. Of the
    /// release image only the digest counts: a copy on another registry is the same release.
    pub fn computed_revision(&self) -> String {
        // A tree of our own types always becomes JSON.
        let mut fields = serde_json::to_value(self).unwrap_or_default();
        if let Value::Object(fields) = &mut fields {
            fields.retain(|name, _| !NOT_ROLLED_OUT.contains(&name.as_str()));
        }
        // What a user wrote for kubelet counts as it stands: `false` may be the opposite of kubelet's default.
        let overrides = fields.pointer_mut("/kubelet/overrides").map(Value::take).unwrap_or_default();
        prune(&mut fields);
        if !is_empty(&overrides) {
            fields["overrides"] = overrides;
        }
        // The order in which fields are declared, or a user wrote them, says nothing.
        fields.sort_all_objects();
        let digest = self.release_image.rsplit_once('@').map_or(self.release_image.as_str(), |(_, digest)| digest);
        let release = format!("{} {digest}", self.kubernetes_version);
        format!("{}-{}", hash(&fields.to_string()), hash(&release))
    }
}

/// The part of a revision that says nothing of the release.
pub fn configuration_of(revision: &str) -> &str {
    revision.split('-').next().unwrap_or_default()
}

fn hash(text: &str) -> String {
    Digest::of(text.as_bytes()).hex().chars().take(DIGITS).collect()
}

/// Removes what is empty, inside out.
fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(prune);
            fields.retain(|_, value| !is_empty(value));
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{Endpoint, Taint, fixtures};

    type Change = fn(&mut NodeConfig);

    #[rstest]
    #[case("a label", |config: &mut NodeConfig| drop(config.labels.insert("tier".into(), "web".into())))]
    #[case("a taint", |config: &mut NodeConfig| config.taints.push(Taint { key: "k".into(), value: String::new(), effect: "NoSchedule".into() }))]
    #[case("the API's address", |config: &mut NodeConfig| config.api_endpoints = vec![Endpoint::new("192.0.2.9", 1)])]
    #[case("an authority", |config: &mut NodeConfig| config.api_certificate_authority_pem.push_str("NEXT CA\n"))]
    #[case("another registry with the same release", |config: &mut NodeConfig| {
        config.release_image = config.release_image.replace("registry.test:5000", "mirror.test");
    })]
    #[case("the revision itself", |config: &mut NodeConfig| config.revision = "x".into())]
    fn what_needs_no_restart_keeps_the_revision(#[case] what: &str, #[case] change: Change) {
        let mut config = fixtures::node_config();
        change(&mut config);
        assert_eq!(config.computed_revision(), fixtures::node_config().computed_revision(), "{what}");
    }

    #[rstest]
    #[case("kubelet", |config: &mut NodeConfig| config.kubelet.max_pods = Some(20))]
    #[case("trust of a registry", |config: &mut NodeConfig| config.registries.clear())]
    #[case("name servers", |config: &mut NodeConfig| config.cluster_dns.clear())]
    #[case("a field of kubelet that is switched off", |config: &mut NodeConfig| {
        config.kubelet.overrides.insert("cpuCFSQuota".into(), false.into());
    })]
    #[case("what hosts have besides", |config: &mut NodeConfig| config.settings.host_configuration = Some("0".repeat(64)))]
    fn configuration_changes_the_first_part_alone(#[case] what: &str, #[case] change: Change) {
        let before = fixtures::node_config().computed_revision();
        let mut config = fixtures::node_config();
        change(&mut config);
        let after = config.computed_revision();
        assert_ne!(configuration_of(&after), configuration_of(&before), "{what}");
        assert_eq!(after.split_once('-').map(|parts| parts.1), before.split_once('-').map(|parts| parts.1), "{what}");
    }

    #[test]
    fn another_release_changes_the_second_part_alone() {
        let before = fixtures::node_config().computed_revision();
        let mut config = fixtures::node_config();
        config.release_image = format!("registry.test:5000/hoist/release@sha256:{}", "1".repeat(64));
        let after = config.computed_revision();
        assert_ne!(after, before);
        assert_eq!(configuration_of(&after), configuration_of(&before));
    }

    #[test]
    fn a_field_that_nobody_has_set_changes_nothing() {
        let mut value = serde_json::json!({"a": 1, "new": {"list": [], "text": "", "flag": false, "none": null}});
        prune(&mut value);
        assert_eq!(value, serde_json::json!({"a": 1}));
    }
}
