//! The `kubernetes` Service's endpoint: on every node its own loopback proxy.
//!
//! The hosted kube-apiserver runs with `--endpoint-reconciler-type=none`, since its own address means nothing to nodes.
//! Source: HyperShift's config operator writes the same objects (`resources.go`, `reconcileKASEndpoints`).

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hoist_api::dynamic::dynamic;
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort, EndpointSubset, Endpoints};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort as SlicePort, EndpointSlice};
use kube::core::DynamicObject;

use crate::metadata::in_namespace;

/// The Endpoints object and the EndpointSlice, in namespace `default`.
pub fn objects(node_api: SocketAddr) -> Vec<DynamicObject> {
    let mut endpoints = Endpoints {
        metadata: in_namespace("default", "kubernetes"),
        subsets: Some(vec![EndpointSubset {
            addresses: Some(vec![EndpointAddress { ip: node_api.ip().to_string(), ..EndpointAddress::default() }]),
            ports: Some(vec![EndpointPort {
                name: Some("https".to_owned()),
                port: node_api.port().into(),
                protocol: Some("TCP".to_owned()),
                ..EndpointPort::default()
            }]),
            ..EndpointSubset::default()
        }]),
    };
    // The slice is written here as well; the mirror would make a second one.
    endpoints
        .metadata
        .labels
        .get_or_insert_default()
        .insert("endpointslice.kubernetes.io/skip-mirror".to_owned(), "true".to_owned());

    let mut slice = EndpointSlice {
        metadata: in_namespace("default", "kubernetes"),
        address_type: if node_api.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned(),
        endpoints: Some(vec![Endpoint {
            addresses: vec![node_api.ip().to_string()],
            conditions: Some(EndpointConditions { ready: Some(true), ..EndpointConditions::default() }),
            ..Endpoint::default()
        }]),
        ports: Some(vec![SlicePort {
            name: Some("https".to_owned()),
            port: Some(node_api.port().into()),
            protocol: Some("TCP".to_owned()),
            ..SlicePort::default()
        }]),
    };
    slice
        .metadata
        .labels
        .get_or_insert_with(BTreeMap::new)
        .insert("kubernetes.io/service-name".to_owned(), "kubernetes".to_owned());
    vec![dynamic(&endpoints), dynamic(&slice)]
}
