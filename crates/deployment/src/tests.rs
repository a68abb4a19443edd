//! What an installation may and must not contain.

use super::*;

fn settings() -> Settings {
    let releases =
        [("1.36.3", "r.example.com:5000/hoist/release:1.36.3"), ("1.35.4", "r.example.com:5000/hoist/release:1.35.4")];
    Settings {
        registry_trust_bundle: Some("PEM".to_owned()),
        pull_secret: Some(b"{}".to_vec()),
        ..Settings::new(
            "r.example.com:5000/hoist/operator:0.1.0",
            releases.map(|(version, image)| (version.parse().unwrap(), image.to_owned())).into(),
        )
    }
}

fn json(kind: &str) -> Vec<serde_json::Value> {
    json_of(&settings(), kind)
}

fn json_of(settings: &Settings, kind: &str) -> Vec<serde_json::Value> {
    objects(settings)
        .into_iter()
        .filter(|object| object.types.as_ref().unwrap().kind == kind)
        .map(|object| serde_json::to_value(object).unwrap())
        .collect()
}

#[test]
fn kinds_come_before_their_objects_and_rights_before_who_needs_them() {
    let order: Vec<String> = objects(&settings())
        .iter()
        .map(|object| format!("{} {}", object.types.as_ref().unwrap().kind, object.metadata.name.clone().unwrap()))
        .collect();
    insta::assert_snapshot!(order.join("\n"));
}

#[test]
fn nobody_gets_a_wildcard_or_a_right_on_all_secrets() {
    let with_router = Settings { router: Some(Router::default()), ..settings() };
    for role in json_of(&with_router, "ClusterRole").into_iter().chain(json("Role")) {
        let name = role["metadata"]["name"].as_str().unwrap().to_owned();
        let text = role["rules"].to_string();
        assert!(!text.contains("\"*\""), "{name}");
        if [OPERATOR_ROLE, BOOTSTRAP_ROLE, ROUTER_ROLE].contains(&name.as_str()) {
            assert!(!text.contains("\"secrets\""), "{name}");
        }
    }
    let bound: Vec<_> = json("ClusterRoleBinding")
        .iter()
        .map(|binding| binding["roleRef"]["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bound, [OPERATOR_ROLE, BOOTSTRAP_ROLE]);
}

#[test]
fn rights() {
    insta::assert_yaml_snapshot!(
        json("ClusterRole")
            .iter()
            .chain(&json("Role"))
            .map(|role| { serde_json::json!({"name": role["metadata"]["name"], "rules": role["rules"]}) })
            .collect::<Vec<_>>()
    );
}

/// What is installed besides when there is a router.
#[test]
fn router() {
    let domain = Some("apps.example.com".to_owned());
    let with_router = Settings {
        router: Some(Router { published: RouterType::LoadBalancer, domain, ..Router::default() }),
        monitoring: Monitoring::Objects,
        ..settings()
    };
    let without: Vec<_> = objects(&Settings { monitoring: Monitoring::Objects, ..settings() });
    let more: Vec<_> = objects(&with_router).into_iter().filter(|object| !without.contains(object)).collect();
    insta::assert_yaml_snapshot!(more);
}

#[test]
fn deployments() {
    insta::assert_yaml_snapshot!(json("Deployment"));
}

/// Kinds and versions as Kubernetes 1.31 has them, and those of Prometheus' operator.
#[test]
fn only_apis_of_kubernetes_1_31_are_used() {
    let all = objects(&Settings { monitoring: Monitoring::OpenShift, ..settings() });
    let mut used: Vec<String> = all
        .iter()
        .map(|object| object.types.as_ref().unwrap())
        .map(|types| format!("{} {}", types.api_version, types.kind))
        .collect();
    used.sort();
    used.dedup();
    insta::assert_snapshot!(used.join("\n"));
}

#[test]
fn another_image_changes_nothing_but_the_two_programs() {
    let other = Settings { image: "r.example.com:5000/hoist/operator:0.2.0".to_owned(), ..settings() };
    let changed: Vec<String> = objects(&settings())
        .into_iter()
        .zip(objects(&other))
        .filter(|(old, new)| old != new)
        .map(|(old, _)| format!("{} {}", old.types.unwrap().kind, old.metadata.name.unwrap()))
        .collect();
    assert_eq!(changed, ["Deployment operator", "Deployment bootstrap"]);
}

#[test]
fn what_prometheus_gets() {
    let of = |monitoring| {
        let with = objects(&Settings { monitoring, ..settings() });
        let without = objects(&settings());
        with.into_iter().filter(|object| !without.contains(object)).collect::<Vec<_>>()
    };
    assert!(of(Monitoring::None).is_empty());
    insta::assert_yaml_snapshot!(of(Monitoring::OpenShift));
    let kinds = of(Monitoring::Objects).into_iter().map(|object| object.types.unwrap().kind);
    assert_eq!(kinds.collect::<Vec<_>>(), ["ServiceMonitor", "PodMonitor", "PrometheusRule"]);
}

#[test]
fn alerts_use_metrics_that_the_operator_exports() {
    let metrics = hoist_controller::metrics::Metrics::default();
    metrics.reconciled("HostedCluster", std::time::Duration::from_secs(1), Some("Error"));
    metrics.wrote("HostedCluster", 1);
    let exported = metrics.encode().unwrap();
    let mut found = 0;
    for rule in alerts::rules("hypershift") {
        let expression = rule["expr"].as_str().unwrap();
        for name in expression.split(|character: char| !character.is_ascii_alphanumeric() && character != '_') {
            if name.starts_with("hoist_operator_") {
                found += 1;
                assert!(
                    exported.contains(&format!("\n{name}{{")) || exported.contains(&format!("\n{name} ")),
                    "{name}"
                );
            }
        }
    }
    assert!(found >= 5);
}

#[test]
fn versions_are_listed_newest_first() {
    let map = supported_versions(&settings()).data.unwrap();
    assert_eq!(map["supported-versions"], r#"{"versions":["1.36","1.35"]}"#);
    assert!(map["releases"].contains("\"1.35.4\":\"r.example.com:5000/hoist/release:1.35.4\""));
}
