//! The bootstrap server: Deployment, and the Service at which joining hosts reach it.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{SecretVolumeSource, Service, ServicePort, ServiceSpec, Volume, VolumeMount};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::workload::{self, Program};
use crate::{BOOTSTRAP, BOOTSTRAP_HEALTH_PORT, BOOTSTRAP_PORT, BOOTSTRAP_SERVER_SECRET, Settings, metadata};

const TLS_FOLDER: &str = "/etc/hoist/tls";

/// The Deployment. Its pods wait for the Secret that the operator makes first thing.
pub fn deployment(settings: &Settings) -> Deployment {
    let tls = (
        Volume {
            name: "tls".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(BOOTSTRAP_SERVER_SECRET.to_owned()),
                default_mode: Some(0o440),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        },
        VolumeMount {
            name: "tls".to_owned(),
            mount_path: TLS_FOLDER.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        },
    );
    workload::deployment(
        settings,
        Program {
            name: BOOTSTRAP,
            command: [
                "/usr/bin/hoist-bootstrap",
                &format!("--listen=0.0.0.0:{BOOTSTRAP_PORT}"),
                &format!("--health-listen=0.0.0.0:{BOOTSTRAP_HEALTH_PORT}"),
                &format!("--tls={TLS_FOLDER}"),
            ]
            .map(str::to_owned)
            .to_vec(),
            env: Vec::new(),
            ports: vec![("https", BOOTSTRAP_PORT), ("health", BOOTSTRAP_HEALTH_PORT)],
            probe_port: "health",
            probes: ("/healthz", "/readyz"),
            volumes: vec![tls],
            requests: ("10m", "16Mi"),
            memory_limit: "128Mi",
            replicas: 1,
        },
    )
}

/// The Service.
pub fn service(settings: &Settings) -> Service {
    Service {
        metadata: metadata(settings, BOOTSTRAP),
        spec: Some(ServiceSpec {
            type_: Some("NodePort".to_owned()),
            selector: Some(BTreeMap::from([("app.kubernetes.io/name".to_owned(), BOOTSTRAP.to_owned())])),
            ports: Some(vec![ServicePort {
                name: Some("https".to_owned()),
                port: i32::from(BOOTSTRAP_PORT),
                target_port: Some(IntOrString::String("https".to_owned())),
                protocol: Some("TCP".to_owned()),
                ..ServicePort::default()
            }]),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    }
}
