//! What the operator fills in once and for ever: ids and the finalizer, in one write.

use hoist_api::{FINALIZER, HostedCluster};
use kube::ResourceExt;
use rand::Rng;
use serde_json::{Value, json};

/// Without vowels and look-alikes, as Kubernetes' own generated names: no words come out.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The merge patch, or `None` when nothing is missing. It holds only on the version that was read, so ids are made once.
pub fn patch(hosted_cluster: &HostedCluster) -> Option<Value> {
    let is_empty = |id: &Option<String>| id.as_deref().is_none_or(str::is_empty);
    let mut spec = json!({});
    if is_empty(&hosted_cluster.spec.infra_id) {
        spec["infraID"] = json!(format!("{}-{}", hosted_cluster.name_any(), suffix()));
    }
    if is_empty(&hosted_cluster.spec.cluster_id) {
        spec["clusterID"] = json!(uuid::Uuid::new_v4().to_string());
    }
    let mut finalizers = hosted_cluster.finalizers().to_vec();
    let has_finalizer = finalizers.iter().any(|finalizer| finalizer == FINALIZER);
    if has_finalizer && spec == json!({}) {
        return None;
    }
    let mut patch = json!({"metadata": {"resourceVersion": hosted_cluster.resource_version()}, "spec": spec});
    if !has_finalizer {
        finalizers.push(FINALIZER.to_owned());
        patch["metadata"]["finalizers"] = json!(finalizers);
    }
    Some(patch)
}

fn suffix() -> String {
    let mut random = rand::rng();
    (0..5).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;

    use super::*;

    #[test]
    fn a_complete_cluster_is_left_alone() {
        assert_eq!(patch(&fixtures::hosted_cluster()), None);
    }

    #[test]
    fn ids_and_finalizer_are_filled_in_together_and_only_on_the_version_that_was_read() {
        let mut cluster = fixtures::hosted_cluster();
        cluster.metadata.finalizers = None;
        cluster.metadata.resource_version = Some("7".to_owned());
        cluster.spec.infra_id = None;
        cluster.spec.cluster_id = None;
        let patch = patch(&cluster).unwrap();
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(patch["metadata"]["finalizers"], json!([FINALIZER]));
        let infra_id = patch["spec"]["infraID"].as_str().unwrap();
        assert!(infra_id.starts_with("demo-") && infra_id.len() == "demo-".len() + 5, "{infra_id}");
        // The patch must reach the field that the API type reads.
        let mut merged = serde_json::to_value(&cluster.spec).unwrap();
        for (field, value) in patch["spec"].as_object().unwrap() {
            merged[field] = value.clone();
        }
        let spec: hoist_api::hosted_cluster::HostedClusterSpec = serde_json::from_value(merged).unwrap();
        assert!(spec.cluster_id.is_some_and(|id| id.parse::<uuid::Uuid>().is_ok()));
        assert!(spec.infra_id.is_some());
    }
}
