//! What Prometheus' operator needs to scrape us, and the alerts. Made only where its kinds are served.

use hoist_api::dynamic::dynamic as manifest;
use k8s_openapi::api::rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject};
use kube::core::{DynamicObject, TypeMeta};
use serde_json::{Value, json};

use crate::{BOOTSTRAP, Monitoring, OPERATOR, ROUTER, Settings, alerts, metadata};

/// Group and version of Prometheus' operator.
pub const MONITORING_API: &str = "monitoring.coreos.com/v1";
/// Kinds that `objects` makes; an installation makes them only when the cluster serves them all.
pub const MONITORING_KINDS: [&str; 3] = ["PodMonitor", "PrometheusRule", "ServiceMonitor"];
/// Role with which OpenShift's Prometheus finds the pods to scrape; HyperShift's name.
const SCRAPER: &str = "prometheus";

/// The objects.
pub fn objects(settings: &Settings) -> Vec<DynamicObject> {
    let common = || {
        let rules = json!({"groups": [{"name": "hoist", "rules": alerts::rules(&settings.namespace)}]});
        let programs = [BOOTSTRAP].into_iter().chain(settings.router.as_ref().map(|_| ROUTER));
        let pods = programs
            .map(|program| object(settings, "PodMonitor", program, &monitor(program, "podMetricsEndpoints", "health")));
        let mut objects =
            vec![object(settings, "ServiceMonitor", OPERATOR, &monitor(OPERATOR, "endpoints", "metrics"))];
        objects.extend(pods);
        objects.push(object(settings, "PrometheusRule", "hoist", &rules));
        objects
    };
    match settings.monitoring {
        Monitoring::None => Vec::new(),
        Monitoring::Objects => common(),
        Monitoring::OpenShift => [scraper(settings), common()].concat(),
    }
}

fn monitor(program: &str, endpoints: &str, port: &str) -> Value {
    json!({
        "selector": {"matchLabels": {"app.kubernetes.io/name": program}},
        (endpoints): [{"port": port, "interval": "30s", "scheme": "http"}],
    })
}

fn object(settings: &Settings, kind: &str, name: &str, spec: &Value) -> DynamicObject {
    DynamicObject {
        types: Some(TypeMeta { api_version: MONITORING_API.to_owned(), kind: kind.to_owned() }),
        metadata: metadata(settings, name),
        data: json!({"spec": spec}),
    }
}

fn scraper(settings: &Settings) -> Vec<DynamicObject> {
    let reading = |group: &str, resources: &[&str]| PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(resources.iter().map(|resource| (*resource).to_owned()).collect()),
        verbs: ["get", "list", "watch"].map(str::to_owned).to_vec(),
        ..PolicyRule::default()
    };
    let role = Role {
        metadata: metadata(settings, SCRAPER),
        rules: Some(vec![
            reading("", &["services", "endpoints", "pods"]),
            reading("discovery.k8s.io", &["endpointslices"]),
        ]),
    };
    let binding = RoleBinding {
        metadata: metadata(settings, SCRAPER),
        role_ref: RoleRef {
            api_group: Some("rbac.authorization.k8s.io".to_owned()),
            kind: "Role".to_owned(),
            name: SCRAPER.to_owned(),
        },
        subjects: Some(vec![Subject {
            kind: "ServiceAccount".to_owned(),
            name: "prometheus-k8s".to_owned(),
            namespace: Some("openshift-monitoring".to_owned()),
            ..Subject::default()
        }]),
    };
    vec![manifest(&role), manifest(&binding)]
}
