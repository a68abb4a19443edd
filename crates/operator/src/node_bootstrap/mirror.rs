//! Host and Node side by side: what the Host says of its Node, and what the operator sets on the Node.

use std::collections::BTreeMap;

use hoist_api::labels;
use hoist_api::node_pool::{NodePoolSpec, NodePoolTaint};
use k8s_openapi::api::core::v1::{Node, Taint};
use serde_json::{Value, json};

/// Label that `kubectl get nodes` shows as the role; kubelet may not set it itself.
const WORKER: &str = "node-role.kubernetes.io/worker";
/// Taint that the operator sets while a host leaves.
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// The labels that Node must have.
pub fn wanted_labels(node_pool: &str, spec: Option<&NodePoolSpec>) -> BTreeMap<String, String> {
    let mut wanted: BTreeMap<String, String> =
        spec.and_then(|spec| spec.node_labels.clone()).unwrap_or_default().into_iter().collect();
    wanted.insert(labels::NODE_POOL.to_owned(), node_pool.to_owned());
    wanted.insert(WORKER.to_owned(), String::new());
    wanted
}

/// The merge patch that brings a Node's labels and taints in line, or `None` when they are. Labels and taints of others stay;
/// a taint of the pool that was taken back stays too, since nobody can tell it from one that a person set.
pub fn patch(node: &Node, node_pool: &str, spec: Option<&NodePoolSpec>) -> Option<Value> {
    let current = node.metadata.labels.clone().unwrap_or_default();
    let missing: BTreeMap<String, String> =
        wanted_labels(node_pool, spec).into_iter().filter(|(key, value)| current.get(key) != Some(value)).collect();
    let taints = taints(node, spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default());
    if missing.is_empty() && taints.is_none() {
        return None;
    }
    let mut patch = json!({"metadata": {"labels": missing}});
    if let Some(taints) = taints {
        // A list is replaced whole, so the patch must not meet a newer one.
        patch["metadata"]["resourceVersion"] = json!(node.metadata.resource_version);
        patch["spec"] = json!({"taints": taints});
    }
    Some(patch)
}

fn taints(node: &Node, wanted: &[NodePoolTaint]) -> Option<Vec<Taint>> {
    let current = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let mut result = current.clone();
    for taint in wanted {
        let same = |other: &&mut Taint| other.key == taint.key && other.effect == taint.effect.as_ref();
        match result.iter_mut().find(same) {
            Some(other) => other.value = Some(taint.value.clone()).filter(|value| !value.is_empty()),
            None => result.push(Taint {
                key: taint.key.clone(),
                value: Some(taint.value.clone()).filter(|value| !value.is_empty()),
                effect: taint.effect.to_string(),
                time_added: None,
            }),
        }
    }
    (result != current).then_some(result)
}

/// Whether the Node is cordoned.
pub fn is_cordoned(node: &Node) -> bool {
    let spec = node.spec.as_ref();
    spec.and_then(|spec| spec.unschedulable).unwrap_or_default()
        || spec.iter().flat_map(|spec| spec.taints.iter().flatten()).any(|taint| taint.key == UNSCHEDULABLE)
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;

    use super::*;

    fn pool(labels: &[(&str, &str)], taints: &[(&str, &str, hoist_api::node_pool::TaintEffect)]) -> NodePoolSpec {
        NodePoolSpec {
            node_labels: Some(labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()),
            taints: Some(
                taints
                    .iter()
                    .map(|(key, value, effect)| NodePoolTaint {
                        key: (*key).to_owned(),
                        value: (*value).to_owned(),
                        effect: *effect,
                    })
                    .collect(),
            ),
            ..fixtures::node_pool().spec
        }
    }

    #[test]
    fn a_fresh_node_gets_its_pool_its_role_and_the_pools_labels() {
        let patch = patch(&fixtures::node("worker-0"), "demo", Some(&pool(&[("tier", "web")], &[]))).unwrap();
        let labels = &patch["metadata"]["labels"];
        assert_eq!(labels["hypershift.openshift.io/nodePool"], "demo");
        assert_eq!(labels["node-role.kubernetes.io/worker"], "");
        assert_eq!(labels["tier"], "web");
        assert!(patch.get("spec").is_none());
    }

    #[test]
    fn a_node_that_has_everything_is_left_alone() {
        let mut node = fixtures::node("worker-0");
        node.metadata.labels = Some(wanted_labels("demo", None));
        assert_eq!(patch(&node, "demo", None), None);
    }

    #[test]
    fn taints_are_added_beside_those_of_others_and_only_on_the_version_that_was_read() {
        let mut node = fixtures::node("worker-0");
        node.metadata.resource_version = Some("7".to_owned());
        node.spec.as_mut().unwrap().taints =
            Some(vec![Taint { key: "theirs".to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() }]);
        let patch =
            patch(&node, "demo", Some(&pool(&[], &[("ours", "x", hoist_api::node_pool::TaintEffect::NoExecute)])))
                .unwrap();
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        let keys: Vec<_> =
            patch["spec"]["taints"].as_array().unwrap().iter().map(|taint| taint["key"].clone()).collect();
        assert_eq!(keys, ["theirs", "ours"]);
    }
}
