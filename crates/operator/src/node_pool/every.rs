//! No field of a NodePool is ignored in silence: each changes what hosts or Nodes get, how they are updated or what the status
//! says, or it is read elsewhere.

use hoist_api::node_pool::{NodePoolManagement, NodePoolSpec, UpgradeType};
use hoist_control_plane::Pki;
use hoist_plan::fixtures::{endpoints, plan, release};
use hoist_plan::rollout::Strategy;
use hoist_testkit::every_field::{every_field, expect_none_silent};
use hoist_testkit::fixtures;
use serde_json::{Value, json};

use super::*;
use crate::node_bootstrap::{drain, mirror};

/// Fields that others read, and who.
const READ_ELSEWHERE: &[(&str, &str)] = &[
    ("clusterName", "decides to which cluster all of it belongs"),
    ("release.image", "the operator reads the image, and gives its version to hosts"),
    ("platform.kubevirt", "refused by its type"),
];

fn sample(field: &str) -> Option<Value> {
    match field {
        "nodeDrainTimeout" | "nodeVolumeDetachTimeout" => Some(json!("5m")),
        "pausedUntil" => Some(json!("true")),
        _ if field.ends_with("maxUnavailable") || field.ends_with("maxSurge") => Some(json!(7)),
        _ => None,
    }
}

/// All that is made of a spec.
fn outcome(spec: NodePoolSpec) -> String {
    let pool = NodePool { spec, ..fixtures::node_pool() };
    let (cluster, release) = (fixtures::hosted_cluster(), release("1.36.3"));
    let facts = status::Facts {
        cluster: Some(&cluster),
        release: Some(Ok(&release)),
        target: None,
        hosts: &[],
        nodes: Some(Vec::new()),
        refused: std::collections::BTreeMap::new(),
        pause: paused::until(pool.spec.paused_until.as_deref(), fixtures::now()),
        configuration: None,
        outlook: None,
    };
    let pki = Pki { secrets: Vec::new(), config_maps: Vec::new(), changes: Vec::new(), next_renewal: None };
    let strategies = [UpgradeType::InPlace, UpgradeType::Replace].map(|upgrade_type| {
        let management = NodePoolManagement { upgrade_type, ..pool.spec.management.clone() };
        Strategy::of(&management, 10)
    });
    let names: Vec<String> = configuration::named(&pool).into_iter().map(|named| named.original).collect();
    format!(
        "{:#?}",
        (
            status::compute(&pool, &facts, fixtures::now()),
            node_config::node_config(&plan(), &endpoints(), &pki, &pool, &release, ""),
            (Strategy::of(&pool.spec.management, 10), strategies),
            mirror::patch(&fixtures::node("worker-0"), "demo", Some(&pool.spec)),
            (drain::timeout(Some(&pool)), names),
        )
    )
}

#[test]
fn every_field_changes_something_or_is_told() {
    let schema = hoist_api::spec_schema("NodePool").unwrap();
    let plain = json!(fixtures::node_pool().spec);
    let before = outcome(fixtures::node_pool().spec);
    let changed = every_field(&schema, &plain, &sample);
    assert!(changed.len() > 30, "{}", changed.len());
    expect_none_silent(changed, READ_ELSEWHERE, &before, |field, spec| {
        let read: Result<NodePoolSpec, _> = serde_json::from_value(spec.clone());
        outcome(read.unwrap_or_else(|error| panic!("{field}: {error}\n{spec:#}")))
    });
}
