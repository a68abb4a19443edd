//! No field of a HostedCluster is lost on the way to its HostedControlPlane, whose own test says what each does.

use hoist_testkit::every_field::every_field;
use hoist_testkit::fixtures;
use serde_json::{Value, json};

use super::*;

/// Fields that nothing is made of.
const KEPT_BACK: &[(&str, &str)] = &[];

fn control_plane_of(spec: &Value) -> Value {
    let mut cluster = fixtures::hosted_cluster();
    cluster.spec = serde_json::from_value(spec.clone()).unwrap_or_else(|error| panic!("{error}\n{spec:#}"));
    json!(control_plane_spec(&cluster, Names::Original))
}

#[test]
fn every_field_reaches_the_control_plane() {
    let schema = hoist_api::spec_schema("HostedCluster").unwrap();
    let plain = json!(fixtures::hosted_cluster().spec);
    let before = control_plane_of(&plain);
    let sample = |field: &str| field.ends_with("Time").then(|| json!("2026-01-01T00:00:00Z"));
    let changed = every_field(&schema, &plain, &sample);
    assert!(changed.len() > 250, "{}", changed.len());
    let lost: Vec<String> = changed
        .into_iter()
        .filter(|(field, spec)| {
            !KEPT_BACK.iter().any(|(path, _)| field.starts_with(path)) && control_plane_of(spec) == before
        })
        .map(|(field, _)| field)
        .collect();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn a_control_plane_of_platform_agent_is_as_one_of_none() {
    let mut cluster = fixtures::hosted_cluster();
    cluster.spec.platform = serde_json::from_value(json!({"type": "Agent", "agent": {"agentNamespace": "a"}})).unwrap();
    assert_eq!(json!(control_plane_spec(&cluster, Names::Copies).platform), json!({"type": "None"}));
    assert_eq!(json!(control_plane_spec(&cluster, Names::Original).platform)["type"], "Agent");
}
