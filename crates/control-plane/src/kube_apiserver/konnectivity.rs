//! The konnectivity server: agents on nodes dial it, kube-apiserver reaches nodes through them.

use hoist_pki::table::names;

use crate::arguments::Arguments;
use crate::container::{Health, container, port};
use crate::files::{self, Need};
use crate::pod::{Part, mount};

/// Volume that the socket lies in.
pub const SOCKET_VOLUME: &str = "konnectivity-socket";
/// Where the volume is.
pub const SOCKET_MOUNT: &str = "/run/konnectivity";
/// The socket.
pub const SOCKET: &str = "/run/konnectivity/konnectivity.sock";
/// Port for agents. HyperShift's.
pub const AGENT_PORT: u16 = 8091;
/// Port for health. HyperShift's.
const HEALTH_PORT: u16 = 2041;
/// Port for administration, on loopback. HyperShift's.
const ADMIN_PORT: u16 = 8093;

/// The container. `replicas` is told to agents, so that each connects to all of them.
pub fn part(image: &str, replicas: u8) -> Part {
    let arguments = Arguments::new()
        .flag("mode", "grpc")
        .flag("uds-name", SOCKET)
        .flag("delete-existing-uds-file", true)
        .flag("server-port", 0)
        .flag("agent-port", AGENT_PORT)
        .flag("cluster-cert", files::secret(names::KONNECTIVITY_CLUSTER, "tls.crt"))
        .flag("cluster-key", files::secret(names::KONNECTIVITY_CLUSTER, "tls.key"))
        .flag("cluster-ca-cert", files::config_map(names::KONNECTIVITY_CA_BUNDLE, "ca.crt"))
        .flag("server-count", replicas)
        // A node is reached through its own agent: nodes of different sites may not reach each other.
        .flag("proxy-strategies", "destHost,defaultRoute,default")
        .flag("keepalive-time", "30s")
        .flag("frontend-keepalive-time", "30s")
        .flag("health-port", HEALTH_PORT)
        .flag("admin-port", ADMIN_PORT)
        .flag("v", 1);
    let health = Health { scheme: "HTTP", port: HEALTH_PORT };
    let mut server = container("konnectivity-server", image, "/usr/bin/proxy-server", arguments.into_vec());
    server.ports = Some(vec![port("agent", AGENT_PORT)]);
    // `/readyz` fails until the first agent comes, and a cluster without nodes is ready too.
    server.startup_probe = Some(health.startup("/healthz"));
    server.readiness_probe = Some(health.readiness("/healthz"));
    server.liveness_probe = Some(health.liveness("/healthz"));
    server.volume_mounts = Some(vec![mount(SOCKET_VOLUME, SOCKET_MOUNT)]);
    Part {
        container: server,
        needs: vec![
            Need::secret(names::KONNECTIVITY_CLUSTER, &["tls.crt", "tls.key"]),
            Need::config_map(names::KONNECTIVITY_CA_BUNDLE, &["ca.crt"]),
        ],
    }
}
