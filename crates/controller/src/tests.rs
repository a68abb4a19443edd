//! The apply set and publishing of a status against an API server in memory.

use hoist_api::dynamic::dynamic;
use hoist_testkit::{FakeApi, fixtures};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, ObjectMeta};
use serde_json::json;

use crate::{ApplySet, Calls, Scope, resources};

fn scope() -> Scope {
    Scope {
        name: "test".to_owned(),
        namespace: Some("ns".to_owned()),
        kinds: vec![resources::resource("v1", "ConfigMap")],
    }
}

fn config_map(name: &str, value: &str) -> kube::core::DynamicObject {
    dynamic(&ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), namespace: Some("ns".to_owned()), ..ObjectMeta::default() },
        data: Some([("key".to_owned(), value.to_owned())].into()),
        ..ConfigMap::default()
    })
}

async fn apply(fake: &FakeApi, set: &ApplySet, objects: Vec<kube::core::DynamicObject>) -> crate::Outcome {
    let client = fake.client();
    let scope = scope();
    let mut pass = set.begin(&client, &scope).await.unwrap();
    pass.apply(objects).await.unwrap();
    pass.finish().await.unwrap()
}

#[tokio::test]
async fn a_second_pass_writes_nothing() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    assert_eq!(apply(&fake, &set, vec![config_map("a", "1")]).await.applied, 1);
    fake.clear_writes();
    assert!(apply(&fake, &set, vec![config_map("a", "1")]).await.is_idle());
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn after_a_restart_nothing_is_written_either() {
    let fake = FakeApi::new();
    apply(&fake, &ApplySet::new(Calls::new("test")), vec![config_map("a", "1"), config_map("b", "1")]).await;
    fake.clear_writes();
    let restarted = ApplySet::new(Calls::new("test"));
    assert!(apply(&fake, &restarted, vec![config_map("a", "1"), config_map("b", "1")]).await.is_idle());
    assert!(fake.writes().is_empty());
}

#[tokio::test]
async fn what_changed_while_nobody_ran_is_applied_after_a_restart() {
    let fake = FakeApi::new();
    let before = async || apply(&fake, &ApplySet::new(Calls::new("test")), vec![config_map("a", "1")]).await;
    before().await;
    // By a new version of ours, which no longer asks for what the old one did.
    let mut less = config_map("a", "1");
    less.data = json!({"data": {}});
    let outcome = apply(&fake, &ApplySet::new(Calls::new("test")), vec![less]).await;
    assert_eq!(outcome.applied, 1);
    before().await;
    // And by somebody else.
    let api: Api<ConfigMap> = Api::namespaced(fake.client(), "ns");
    Calls::new("somebody").merge(&api, "a", &json!({"data": {"key": "edited"}})).await.unwrap();
    assert_eq!(before().await.applied, 1);
    assert_eq!(fake.get::<ConfigMap>("ns", "a").data.unwrap()["key"], "1");
}

#[tokio::test]
async fn a_change_of_ours_and_an_edit_by_others_are_both_applied() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    apply(&fake, &set, vec![config_map("a", "1")]).await;
    assert_eq!(apply(&fake, &set, vec![config_map("a", "2")]).await.applied, 1);
    let api: Api<ConfigMap> = Api::namespaced(fake.client(), "ns");
    Calls::new("somebody").merge(&api, "a", &json!({"data": {"key": "edited"}})).await.unwrap();
    assert_eq!(apply(&fake, &set, vec![config_map("a", "2")]).await.applied, 1);
    assert_eq!(fake.get::<ConfigMap>("ns", "a").data.unwrap()["key"], "2");
}

#[tokio::test]
async fn what_leaves_the_set_is_deleted_and_what_was_never_in_it_stays() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    let foreign = ConfigMap { metadata: fixtures::metadata("ns", "foreign"), ..ConfigMap::default() };
    fake.put(&foreign);
    apply(&fake, &set, vec![config_map("a", "1"), config_map("b", "1")]).await;
    let outcome = apply(&fake, &set, vec![config_map("b", "1")]).await;
    assert_eq!((outcome.swept, outcome.unchanged), (1, 1));
    assert!(fake.find::<ConfigMap>(Some("ns"), "a").is_none());
    assert!(fake.find::<ConfigMap>(Some("ns"), "foreign").is_some());
}

#[tokio::test]
async fn an_object_that_was_deleted_by_hand_comes_back() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    apply(&fake, &set, vec![config_map("a", "1")]).await;
    let api: Api<ConfigMap> = Api::namespaced(fake.client(), "ns");
    Calls::new("somebody").delete(&api, "a", &kube::api::DeleteParams::default()).await.unwrap();
    assert_eq!(apply(&fake, &set, vec![config_map("a", "1")]).await.applied, 1);
}

#[tokio::test]
async fn after_a_failure_the_other_objects_are_applied_and_nothing_is_swept() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    apply(&fake, &set, vec![config_map("old", "1")]).await;
    fake.refuse("APPLY configmaps ns/bad", 403);
    let client = fake.client();
    let scope = scope();
    let mut pass = set.begin(&client, &scope).await.unwrap();
    let error = pass.apply(vec![config_map("bad", "1"), config_map("good", "1")]).await.unwrap_err();
    drop(pass);
    assert_eq!(error.to_string(), "failed to apply ConfigMap ns/bad");
    assert!(fake.find::<ConfigMap>(Some("ns"), "good").is_some());
    assert!(fake.find::<ConfigMap>(Some("ns"), "old").is_some());
}

#[tokio::test]
async fn what_is_kept_is_neither_changed_nor_swept_and_what_was_applied_can_be_read() {
    let (fake, set) = (FakeApi::new(), ApplySet::new(Calls::new("test")));
    apply(&fake, &set, vec![config_map("a", "1")]).await;
    let (client, scope) = (fake.client(), scope());
    let mut pass = set.begin(&client, &scope).await.unwrap();
    pass.keep(&config_map("a", "2")).unwrap();
    pass.apply(vec![config_map("b", "1")]).await.unwrap();
    assert_eq!(pass.typed::<ConfigMap>("b").unwrap().data.unwrap()["key"], "1");
    assert_eq!(pass.finish().await.unwrap().swept, 0);
    assert_eq!(fake.get::<ConfigMap>("ns", "a").data.unwrap()["key"], "1");
}

#[tokio::test]
async fn a_status_is_written_only_when_it_differs() {
    let cluster = fixtures::hosted_cluster();
    let fake = FakeApi::new().with(&cluster);
    let api = Api::namespaced(fake.client(), "clusters");
    let calls = Calls::new("test");
    let status = hoist_api::hosted_cluster::status::HostedClusterStatus {
        payload_arch: Some(hoist_api::hosted_cluster::status::PayloadArchType::AMD64),
        ..Default::default()
    };
    assert!(calls.publish_status(&api, &cluster, None, &status).await.unwrap());
    assert!(!calls.publish_status(&api, &cluster, Some(&status), &status).await.unwrap());
    assert_eq!(fake.writes(), ["APPLY hostedclusters/status clusters/demo"]);
}
