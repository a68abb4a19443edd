//! Where the `kubernetes` Service points: to every node's own loopback, where hoist-node's proxy listens.
//!
//! kube-apiserver runs with `--endpoint-reconciler-type=none` and leaves these two objects alone.

use hoist_api::dynamic::dynamic;
use std::net::SocketAddr;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints};
use k8s_openapi::api::discovery::v1 as discovery;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicObject;

use crate::metadata::cluster_wide;

const NAME: &str = "kubernetes";
/// Name of the Service's port.
const PORT_NAME: &str = "https";

/// Endpoints and EndpointSlice. Source: HyperShift `HCCO/resources`, `reconcileKASEndpoints`.
pub fn objects(address: SocketAddr) -> Vec<DynamicObject> {
    vec![dynamic(&endpoints(address)), dynamic(&endpoint_slice(address))]
}

fn metadata(label: (&str, &str)) -> ObjectMeta {
    let mut metadata = ObjectMeta { namespace: Some("default".to_owned()), ..cluster_wide(NAME) };
    metadata.labels.get_or_insert_default().insert(label.0.to_owned(), label.1.to_owned());
    metadata
}

fn endpoints(address: SocketAddr) -> Endpoints {
    Endpoints {
        // The slice below is written by us; a mirrored second one would only double the address.
        metadata: metadata(("endpointslice.kubernetes.io/skip-mirror", "true")),
        subsets: Some(vec![EndpointSubset {
            addresses: Some(vec![EndpointAddress { ip: address.ip().to_string(), ..EndpointAddress::default() }]),
            not_ready_addresses: None,
            ports: Some(vec![EndpointPort {
                name: Some(PORT_NAME.to_owned()),
                port: address.port().into(),
                protocol: Some("TCP".to_owned()),
                app_protocol: None,
            }]),
        }]),
    }
}

fn endpoint_slice(address: SocketAddr) -> discovery::EndpointSlice {
    discovery::EndpointSlice {
        metadata: metadata(("kubernetes.io/service-name", NAME)),
        address_type: if address.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned(),
        endpoints: Some(vec![discovery::Endpoint {
            addresses: vec![address.ip().to_string()],
            conditions: Some(discovery::EndpointConditions {
                ready: Some(true),
                ..discovery::EndpointConditions::default()
            }),
            ..discovery::Endpoint::default()
        }]),
        ports: Some(vec![discovery::EndpointPort {
            name: Some(PORT_NAME.to_owned()),
            port: Some(address.port().into()),
            protocol: Some("TCP".to_owned()),
            app_protocol: None,
        }]),
    }
}
