//! Host and Node side by side: what the Host says of its Node, and what the operator sets on the Node.

use std::collections::{BTreeMap, BTreeSet};

use hoist_api::node_pool::{NodePoolSpec, NodePoolTaint};
use hoist_api::{annotations, labels};
use k8s_openapi::api::core::v1::{Node, Taint};
use kube::ResourceExt;
use serde::{Deserialize, Serialize};
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

/// What a pool has given a Node.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Given {
    labels: BTreeSet<String>,
    /// Key and effect.
    taints: BTreeSet<(String, String)>,
}

impl Given {
    fn by(node_pool: &str, spec: Option<&NodePoolSpec>) -> Self {
        let taints = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
        Self {
            labels: wanted_labels(node_pool, spec).into_keys().collect(),
            taints: taints.iter().map(|taint| (taint.key.clone(), taint.effect.to_string())).collect(),
        }
    }

    fn before(node: &Node) -> Self {
        let text = node.annotations().get(annotations::OF_NODE_POOL);
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

/// The merge patch that brings a Node's labels and taints in line, or `None` when they are. Those of others stay; those that the
/// pool gave and takes back go. A pool that cannot be read takes nothing back.
pub fn patch(node: &Node, node_pool: &str, spec: Option<&NodePoolSpec>) -> Option<Value> {
    let current = node.metadata.labels.clone().unwrap_or_default();
    let (before, given) = match spec {
        Some(_) => (Given::before(node), Given::by(node_pool, spec)),
        None => (Given::default(), Given::default()),
    };
    let mut labels: BTreeMap<String, Option<String>> = wanted_labels(node_pool, spec)
        .into_iter()
        .filter(|(key, value)| current.get(key) != Some(value))
        .map(|(key, value)| (key, Some(value)))
        .collect();
    let taken_back = before.labels.difference(&given.labels).filter(|key| current.contains_key(*key));
    labels.extend(taken_back.map(|key| (key.clone(), None)));
    let wanted = spec.and_then(|spec| spec.taints.as_deref()).unwrap_or_default();
    let taken_back: Vec<_> = before.taints.difference(&given.taints).collect();
    let taints = taints(node, wanted, &taken_back);
    if labels.is_empty() && taints.is_none() && before == given {
        return None;
    }
    let mut patch = json!({"metadata": {"labels": labels}});
    if before != given {
        let text = serde_json::to_string(&given).unwrap_or_default();
        patch["metadata"]["annotations"] = json!({annotations::OF_NODE_POOL: text});
    }
    if let Some(taints) = taints {
        // A list is replaced whole, so the patch must not meet a newer one.
        patch["metadata"]["resourceVersion"] = json!(node.metadata.resource_version);
        patch["spec"] = json!({"taints": taints});
    }
    Some(patch)
}

fn taints(node: &Node, wanted: &[NodePoolTaint], taken_back: &[&(String, String)]) -> Option<Vec<Taint>> {
    let current = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let is_taken_back =
        |taint: &Taint| taken_back.iter().any(|(key, effect)| taint.key == *key && taint.effect == *effect);
    let mut result: Vec<Taint> = current.iter().filter(|taint| !is_taken_back(taint)).cloned().collect();
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

    #[test]
    fn what_the_pool_takes_back_goes_and_what_others_gave_stays() {
        use hoist_api::node_pool::TaintEffect::NoSchedule;
        let mut node = fixtures::node("worker-0");
        let generous = pool(&[("tier", "web")], &[("ours", "x", NoSchedule)]);
        let first = patch(&node, "demo", Some(&generous)).unwrap();
        let mut labels = wanted_labels("demo", Some(&generous));
        labels.insert("theirs".to_owned(), "1".to_owned());
        node.metadata.labels = Some(labels);
        let text = first["metadata"]["annotations"]["hoist.internal/of-node-pool"].as_str().unwrap().to_owned();
        node.metadata.annotations = Some([("hoist.internal/of-node-pool".to_owned(), text)].into());
        let mut taints: Vec<Taint> = serde_json::from_value(first["spec"]["taints"].clone()).unwrap();
        taints.push(Taint { key: "theirs".to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() });
        node.spec.as_mut().unwrap().taints = Some(taints);
        assert_eq!(patch(&node, "demo", Some(&generous)), None);
        assert_eq!(patch(&node, "demo", None), None, "a pool that cannot be read takes nothing back");

        let second = patch(&node, "demo", Some(&pool(&[], &[]))).unwrap();
        assert_eq!(second["metadata"]["labels"], json!({"tier": null}));
        let keys: Vec<_> = second["spec"]["taints"].as_array().unwrap().iter().map(|taint| &taint["key"]).collect();
        assert_eq!(keys, ["theirs"]);
    }
}
