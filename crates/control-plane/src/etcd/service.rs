//! Services of etcd. Source: HyperShift `etcd-client` and `etcd-discovery`.

use hoist_plan::Plan;
use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{CLIENT_PORT, PEER_PORT};
use crate::{ComponentName, workload};

/// For clients.
pub const CLIENT_SERVICE: &str = "etcd-client";
/// Gives each member its DNS name.
pub const DISCOVERY_SERVICE: &str = "etcd-discovery";

/// Both Services.
///
/// They answer for members that are not ready: kube-apiserver may begin before kubelet has seen the first probe succeed, and
/// members must find each other before any of them can be ready.
pub fn services(plan: &Plan) -> Vec<Service> {
    let port = |name: &str, number: u16| ServicePort {
        name: Some(name.to_owned()),
        port: number.into(),
        target_port: Some(IntOrString::String(name.to_owned())),
        protocol: Some("TCP".to_owned()),
        ..ServicePort::default()
    };
    let service = |name: &str, cluster_ip: Option<&str>, ports| Service {
        metadata: plan.identity.metadata(name),
        spec: Some(ServiceSpec {
            cluster_ip: cluster_ip.map(str::to_owned),
            publish_not_ready_addresses: Some(true),
            selector: Some(workload::selector(ComponentName::Etcd)),
            ports: Some(ports),
            ..ServiceSpec::default()
        }),
        ..Service::default()
    };
    vec![
        service(CLIENT_SERVICE, None, vec![port("client", CLIENT_PORT)]),
        service(DISCOVERY_SERVICE, Some("None"), vec![port("peer", PEER_PORT), port("client", CLIENT_PORT)]),
    ]
}
