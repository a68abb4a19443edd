//! The operator: Deployment and the Service of its metrics.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMapVolumeSource, Service, ServicePort, ServiceSpec, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::ObjectMeta;

use crate::workload::{self, Program, variable};
use crate::{
    ExternalTrafficPolicy, METRICS_PORT, OPERATOR, REGISTRY_TRUST_BUNDLE, Settings, TRUST_BUNDLE_KEY, metadata,
};

const TRUST_BUNDLE_FOLDER: &str = "/etc/hoist/registry";

/// The Deployment.
pub fn deployment(settings: &Settings) -> Deployment {
    let mut env = vec![variable("HOIST_METRICS_ADDRESS", &format!("[::]:{METRICS_PORT}"))];
    let mut volumes = Vec::new();
    if settings.registry_trust_bundle.is_some() {
        env.push(variable("HOIST_REGISTRY_TRUST_BUNDLE", &format!("{TRUST_BUNDLE_FOLDER}/{TRUST_BUNDLE_KEY}")));
        volumes.push((
            Volume {
                name: REGISTRY_TRUST_BUNDLE.to_owned(),
                config_map: Some(ConfigMapVolumeSource {
                    name: REGISTRY_TRUST_BUNDLE.to_owned(),
                    ..ConfigMapVolumeSource::default()
                }),
                ..Volume::default()
            },
            VolumeMount {
                name: REGISTRY_TRUST_BUNDLE.to_owned(),
                mount_path: TRUST_BUNDLE_FOLDER.to_owned(),
                read_only: Some(true),
                ..VolumeMount::default()
            },
        ));
    }
    if let Some(router) = &settings.router {
        env.push(variable("HOIST_ROUTER", "true"));
        env.extend(router.domain.as_ref().map(|domain| variable("HOIST_ROUTER_DOMAIN", domain)));
        let keeps_sources = router.external_traffic_policy == ExternalTrafficPolicy::Local;
        env.extend(keeps_sources.then(|| variable("HOIST_ROUTER_KEEPS_SOURCES", "true")));
    }
    env.extend(settings.operator_env.iter().map(|(name, value)| variable(name, value)));
    workload::deployment(
        settings,
        Program {
            name: OPERATOR,
            command: vec!["/usr/bin/hoist-operator".to_owned()],
            env,
            ports: vec![("metrics", METRICS_PORT)],
            probe_port: "metrics",
            probes: ("/healthz", "/readyz"),
            volumes,
            requests: ("20m", "40Mi"),
            // The promise is 150 MiB at 1,000 hosted clusters; twice that stops a leak and nothing else.
            memory_limit: "300Mi",
            replicas: settings.operator_replicas,
        },
    )
}

/// The Service of the metrics.
pub fn service(settings: &Settings) -> Service {
    Service {
        metadata: metadata_with_name_label(settings),
        spec: Some(ServiceSpec {
            selector: Some(BTreeMap::from([("app.kubernetes.io/name".to_owned(), OPERATOR.to_owned())])),
            ports: Some(vec![ServicePort {
                name: Some("metrics".to_owned()),
                port: i32::from(METRICS_PORT),
                target_port: Some(IntOrString::String("metrics".to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}

/// A ServiceMonitor finds the Service by this label.
fn metadata_with_name_label(settings: &Settings) -> ObjectMeta {
    let mut metadata = metadata(settings, OPERATOR);
    metadata.labels.get_or_insert_default().insert("app.kubernetes.io/name".to_owned(), OPERATOR.to_owned());
    metadata
}
