//! The konnectivity agent on every node: the hosted API server's way to kubelets, Services and pods.

use std::collections::BTreeMap;

use hoist_api::dynamic::dynamic;
use hoist_plan::HostPort;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Container, PodSecurityContext, PodSpec, Secret, ServiceAccount};
use kube::core::DynamicObject;

use crate::metadata::in_kube_system;
use crate::pod;

/// Name of the DaemonSet, and value of its pods' label `k8s-app`.
pub const NAME: &str = "konnectivity-agent";
const CA_BUNDLE: &str = "konnectivity-ca-bundle";
/// Port of its health check on the node's loopback interface.
const HEALTH_PORT: i32 = 8093;

/// What agents identify themselves with, PEM.
#[derive(Debug)]
pub struct AgentCertificate<'a> {
    /// CA of the konnectivity server.
    pub authority: &'a str,
    /// Client certificate.
    pub certificate: &'a [u8],
    /// Its key.
    pub key: &'a [u8],
}

/// ServiceAccount, certificate, CA bundle and DaemonSet.
pub fn objects(image: &str, server: &HostPort, certificate: &AgentCertificate<'_>) -> Vec<DynamicObject> {
    let account = ServiceAccount {
        metadata: in_kube_system(NAME),
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    };
    let secret = Secret {
        metadata: in_kube_system(NAME),
        type_: Some("kubernetes.io/tls".to_owned()),
        data: Some(BTreeMap::from([
            ("tls.crt".to_owned(), ByteString(certificate.certificate.to_vec())),
            ("tls.key".to_owned(), ByteString(certificate.key.to_vec())),
        ])),
        ..Secret::default()
    };
    let bundle = ConfigMap {
        metadata: in_kube_system(CA_BUNDLE),
        data: Some(BTreeMap::from([("ca.crt".to_owned(), certificate.authority.to_owned())])),
        ..ConfigMap::default()
    };
    let daemon_set = pod::daemon_set(
        NAME,
        BTreeMap::new(),
        PodSpec {
            service_account_name: Some(NAME.to_owned()),
            automount_service_account_token: Some(false),
            security_context: Some(PodSecurityContext { fs_group: Some(65532), ..PodSecurityContext::default() }),
            containers: vec![container(image, server)],
            volumes: Some(vec![
                pod::secret_volume("certificate", NAME),
                pod::config_map_volume("authority", CA_BUNDLE),
            ]),
            ..PodSpec::default()
        },
    );
    vec![dynamic(&account), dynamic(&secret), dynamic(&bundle), dynamic(&daemon_set)]
}

fn container(image: &str, server: &HostPort) -> Container {
    Container {
        env: Some(vec![pod::field("NODE_IP", "status.hostIP")]),
        resources: Some(pod::requests("10m", "24Mi")),
        security_context: Some(pod::no_privileges(&[])),
        volume_mounts: Some(vec![
            pod::mount("certificate", "/etc/konnectivity/agent", true),
            pod::mount("authority", "/etc/konnectivity/authority", true),
        ]),
        readiness_probe: Some(pod::http_probe(Some("127.0.0.1"), HEALTH_PORT, "/readyz", 1)),
        ..pod::container(
            NAME,
            image,
            "/usr/bin/proxy-agent",
            vec![
                "--logtostderr=true".to_owned(),
                "--ca-cert=/etc/konnectivity/authority/ca.crt".to_owned(),
                "--agent-cert=/etc/konnectivity/agent/tls.crt".to_owned(),
                "--agent-key=/etc/konnectivity/agent/tls.key".to_owned(),
                format!("--proxy-server-host={}", server.host),
                format!("--proxy-server-port={}", server.port),
                // The server prefers the agent on the node that it wants to reach; any agent reaches the rest.
                "--agent-identifiers=ipv4=$(NODE_IP)&default-route=true".to_owned(),
                "--health-server-host=127.0.0.1".to_owned(),
                format!("--health-server-port={HEALTH_PORT}"),
                "--admin-bind-address=127.0.0.1".to_owned(),
                "--keepalive-time=30s".to_owned(),
                "--probe-interval=1s".to_owned(),
                "--sync-interval=1s".to_owned(),
                "--sync-interval-cap=5s".to_owned(),
            ],
        )
    }
}
