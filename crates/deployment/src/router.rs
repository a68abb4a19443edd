//! The router: Deployment, and the Service that stands before all hosted clusters which are published by name.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::workload::{self, Program};
use crate::{BOOTSTRAP_HEALTH_PORT, BOOTSTRAP_PORT, ROUTER, ROUTER_PORT, Router, Settings, metadata};

/// One more than is needed: while one is replaced, or its node is gone, the other leads on.
const REPLICAS: u8 = 2;

const DOMAIN_FLAG: &str = "--domain=";

/// Domain that an installed router was given.
pub fn router_domain(deployment: &Deployment) -> Option<&str> {
    let pod = deployment.spec.as_ref()?.template.spec.as_ref()?;
    let mut arguments = pod.containers.iter().flat_map(|container| container.command.iter().flatten());
    arguments.find_map(|argument| argument.strip_prefix(DOMAIN_FLAG))
}

/// The Deployment.
pub fn deployment(settings: &Settings, router: &Router) -> Deployment {
    let mut command = vec![
        "/usr/bin/hoist-router".to_owned(),
        format!("--listen=0.0.0.0:{BOOTSTRAP_PORT}"),
        format!("--health-listen=0.0.0.0:{BOOTSTRAP_HEALTH_PORT}"),
    ];
    command.extend(router.domain.as_ref().map(|domain| format!("{DOMAIN_FLAG}{domain}")));
    let mut deployment = workload::deployment(
        settings,
        Program {
            name: ROUTER,
            command,
            env: Vec::new(),
            ports: vec![("https", BOOTSTRAP_PORT), ("health", BOOTSTRAP_HEALTH_PORT)],
            probe_port: "health",
            probes: ("/healthz", "/readyz"),
            volumes: Vec::new(),
            requests: ("10m", "16Mi"),
            // Some 20 KiB for each of the most connections that it takes.
            memory_limit: "512Mi",
            replicas: REPLICAS,
        },
    );
    if let Some(pod) = deployment.spec.as_mut().and_then(|spec| spec.template.spec.as_mut()) {
        pod.topology_spread_constraints = Some(vec![workload::on_other_nodes(ROUTER)]);
    }
    deployment
}

/// The Service.
pub fn service(settings: &Settings, router: &Router) -> Service {
    Service {
        metadata: metadata(settings, ROUTER),
        spec: Some(ServiceSpec {
            type_: Some(router.published.as_ref().to_owned()),
            external_traffic_policy: Some(router.external_traffic_policy.as_ref().to_owned()),
            selector: Some(BTreeMap::from([("app.kubernetes.io/name".to_owned(), ROUTER.to_owned())])),
            ports: Some(vec![ServicePort {
                name: Some("https".to_owned()),
                port: i32::from(ROUTER_PORT),
                target_port: Some(IntOrString::String("https".to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
