//! The pod of one member.

use hoist_pki::table::names;
use hoist_plan::Plan;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, ObjectFieldSelector};

use super::{CLIENT_PORT, DISCOVERY_SERVICE, METRICS_PORT, PEER_PORT};
use crate::ComponentName;
use crate::arguments::Arguments;
use crate::container::{Health, container, port};
use crate::files::{self, Need};
use crate::pod::{Part, Pod, mount};

/// Name of the volume, and of the claims made from it (`data-etcd-0`). HyperShift's.
pub const DATA_VOLUME: &str = "data";
/// Where the volume is. HyperShift's.
pub const DATA_MOUNT: &str = "/var/lib/data";

/// Largest database, in bytes: 8 GiB, etcd's own advice for a maximum and HyperShift's value.
const QUOTA: u64 = 8_589_934_592;

/// What differs from one member to the next place where etcd runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Image.
    pub image: String,
    /// Name of the member; may use `$(POD_NAME)`.
    pub name: String,
    /// Host part of the address that clients are told; may use `$(POD_NAME)`.
    pub advertised_host: String,
    /// Members at the first start, `name=https://host:2380,…`.
    pub initial_cluster: String,
    /// Tells this cluster from others that might reach its ports.
    pub token: String,
    /// Address to listen on.
    pub listen_address: String,
    /// Seconds that the pod has for its end.
    pub termination_grace_period: i64,
}

/// Settings of a hosted cluster.
pub fn hosted(plan: &Plan) -> Settings {
    let namespace = &plan.identity.namespace;
    let member = |name: &str| format!("{name}.{DISCOVERY_SERVICE}.{namespace}.svc");
    let initial_cluster = (0..plan.etcd.replicas)
        .map(|index| format!("etcd-{index}=https://{}:{PEER_PORT}", member(&format!("etcd-{index}"))))
        .collect::<Vec<_>>()
        .join(",");
    Settings {
        image: plan.images.etcd.clone(),
        name: "$(POD_NAME)".to_owned(),
        advertised_host: member("$(POD_NAME)"),
        initial_cluster,
        token: plan.identity.infra_id.clone(),
        listen_address: "0.0.0.0".to_owned(),
        // A member of three hands over its leadership first; a single one has nobody to hand it to.
        termination_grace_period: if plan.is_highly_available() { 30 } else { 5 },
    }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let Settings { advertised_host, listen_address, .. } = settings;
    let arguments = Arguments::new()
        .flag("name", &settings.name)
        .flag("data-dir", DATA_MOUNT)
        .flag("listen-client-urls", format_args!("https://{listen_address}:{CLIENT_PORT}"))
        .flag("advertise-client-urls", format_args!("https://{advertised_host}:{CLIENT_PORT}"))
        .flag("listen-peer-urls", format_args!("https://{listen_address}:{PEER_PORT}"))
        .flag("initial-advertise-peer-urls", format_args!("https://{advertised_host}:{PEER_PORT}"))
        .flag("listen-metrics-urls", format_args!("http://{listen_address}:{METRICS_PORT}"))
        .flag("initial-cluster", &settings.initial_cluster)
        .flag("initial-cluster-token", &settings.token)
        .flag("initial-cluster-state", "new")
        .flag("client-cert-auth", true)
        .flag("cert-file", files::secret(names::ETCD_SERVER, "server.crt"))
        .flag("key-file", files::secret(names::ETCD_SERVER, "server.key"))
        .flag("trusted-ca-file", files::config_map(names::ETCD_CA_BUNDLE, "ca.crt"))
        .flag("peer-client-cert-auth", true)
        .flag("peer-cert-file", files::secret(names::ETCD_PEER, "peer.crt"))
        .flag("peer-key-file", files::secret(names::ETCD_PEER, "peer.key"))
        .flag("peer-trusted-ca-file", files::config_map(names::ETCD_CA_BUNDLE, "ca.crt"))
        .flag("quota-backend-bytes", QUOTA)
        .flag("log-level", "warn");
    let health = Health { scheme: "HTTP", port: METRICS_PORT };
    let mut etcd = container("etcd", &settings.image, "/usr/bin/etcd", arguments.into_vec());
    etcd.env.get_or_insert_default().push(pod_name());
    etcd.ports = Some(vec![port("client", CLIENT_PORT), port("peer", PEER_PORT), port("metrics", METRICS_PORT)]);
    etcd.startup_probe = Some(health.startup("/readyz"));
    etcd.readiness_probe = Some(health.readiness("/readyz"));
    // Not `/readyz`: a member without quorum is not cured by a restart.
    etcd.liveness_probe = Some(health.liveness("/livez"));
    etcd.volume_mounts = Some(vec![mount(DATA_VOLUME, DATA_MOUNT)]);
    Pod {
        component: ComponentName::Etcd,
        before: Vec::new(),
        parts: vec![Part {
            container: etcd,
            needs: vec![
                // etcd reads its own certificates anew for each handshake, but never its trust.
                Need::secret(names::ETCD_SERVER, &["server.crt", "server.key"]).reloaded(),
                Need::secret(names::ETCD_PEER, &["peer.crt", "peer.key"]).reloaded(),
                Need::config_map(names::ETCD_CA_BUNDLE, &["ca.crt"]),
            ],
        }],
        volumes: Vec::new(),
        termination_grace_period: settings.termination_grace_period,
    }
}

fn pod_name() -> EnvVar {
    EnvVar {
        name: "POD_NAME".to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { api_version: None, field_path: "metadata.name".to_owned() }),
            ..EnvVarSource::default()
        }),
    }
}
