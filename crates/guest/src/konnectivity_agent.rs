//! konnectivity agents: they dial the konnectivity server through their host's local proxy, and kube-apiserver reaches nodes
//! through them.

use hoist_api::dynamic::dynamic;
use std::collections::BTreeMap;

use hoist_plan::HostPort;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{
    HTTPGetAction, PodSecurityContext, PodSpec, Probe, Secret, SecretVolumeSource, Volume,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::DynamicObject;

use crate::daemon::{USER, container, daemon_set, field, mount, pull_secrets, requests, unprivileged};
use crate::metadata::{namespaced, service_account};

/// Name of its objects.
pub const NAME: &str = "konnectivity-agent";
/// HyperShift's.
const HEALTH_PORT: i32 = 2041;
const CERTIFICATES: &str = "/etc/konnectivity";

/// What differs from one cluster to the next.
#[derive(Clone, PartialEq, Eq)]
pub struct KonnectivityAgent {
    /// Image.
    pub image: String,
    /// The server, as a node reaches it.
    pub server: HostPort,
    /// PEM of the agents' certificate.
    pub certificate_pem: String,
    /// PEM of its key.
    pub key_pem: String,
    /// PEM of the server's authority.
    pub certificate_authority_pem: String,
    /// Anything that changes when the three before do; a change restarts the agents.
    pub certificate_hash: String,
    /// Pull secret in `kube-system`.
    pub pull_secret: Option<String>,
}

/// All its objects, in the order in which they are applied.
pub fn konnectivity_agent(parameters: &KonnectivityAgent) -> Vec<DynamicObject> {
    vec![
        dynamic(&service_account(NAME)),
        dynamic(&secret(parameters)),
        dynamic(&daemon_set(NAME, NAME, pod(parameters), &parameters.certificate_hash)),
    ]
}

fn secret(parameters: &KonnectivityAgent) -> Secret {
    let value = |pem: &str| ByteString(pem.as_bytes().to_vec());
    Secret {
        metadata: namespaced(NAME),
        type_: Some("Opaque".to_owned()),
        data: Some(BTreeMap::from([
            ("ca.crt".to_owned(), value(&parameters.certificate_authority_pem)),
            ("tls.crt".to_owned(), value(&parameters.certificate_pem)),
            ("tls.key".to_owned(), value(&parameters.key_pem)),
        ])),
        ..Secret::default()
    }
}

fn pod(parameters: &KonnectivityAgent) -> PodSpec {
    let arguments = [
        format!("--proxy-server-host={}", parameters.server.host),
        format!("--proxy-server-port={}", parameters.server.port),
        format!("--ca-cert={CERTIFICATES}/ca.crt"),
        format!("--agent-cert={CERTIFICATES}/tls.crt"),
        format!("--agent-key={CERTIFICATES}/tls.key"),
        // A node is reached through its own agent; what belongs to no node, through any.
        "--agent-identifiers=ipv4=$(NODE_IP)&host=$(NODE_NAME)&default-route=true".to_owned(),
        "--agent-id=$(NODE_NAME)".to_owned(),
        // Servers come and go with upgrades of the control plane.
        "--sync-forever=true".to_owned(),
        "--sync-interval=1s".to_owned(),
        "--sync-interval-cap=10s".to_owned(),
        "--probe-interval=1s".to_owned(),
        "--keepalive-time=30s".to_owned(),
        "--health-server-host=127.0.0.1".to_owned(),
        format!("--health-server-port={HEALTH_PORT}"),
        "--admin-server-port=8094".to_owned(),
        "--v=1".to_owned(),
    ];
    let mut agent = container(NAME, &parameters.image, "/usr/bin/proxy-agent", &arguments);
    agent.env = Some(vec![field("NODE_NAME", "spec.nodeName"), field("NODE_IP", "status.hostIP")]);
    agent.security_context = Some(unprivileged());
    agent.resources = Some(requests(10, 20));
    agent.readiness_probe = Some(Probe {
        http_get: Some(HTTPGetAction {
            path: Some("/readyz".to_owned()),
            host: Some("127.0.0.1".to_owned()),
            port: IntOrString::Int(HEALTH_PORT),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(2),
        timeout_seconds: Some(2),
        ..Probe::default()
    });
    agent.volume_mounts = Some(vec![mount("certificates", CERTIFICATES, true)]);
    PodSpec {
        containers: vec![agent],
        automount_service_account_token: Some(false),
        image_pull_secrets: pull_secrets(parameters.pull_secret.as_deref()),
        security_context: Some(PodSecurityContext { fs_group: Some(USER), ..PodSecurityContext::default() }),
        volumes: Some(vec![Volume {
            name: "certificates".to_owned(),
            secret: Some(SecretVolumeSource {
                secret_name: Some(NAME.to_owned()),
                default_mode: Some(0o440),
                ..SecretVolumeSource::default()
            }),
            ..Volume::default()
        }]),
        ..PodSpec::default()
    }
}
