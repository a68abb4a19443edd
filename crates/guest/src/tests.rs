//! Snapshots of what is applied inside a hosted cluster, and laws that hold for all of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hoist_plan::HostPort;
use kube::core::DynamicObject;

use crate::{
    AgentCertificate, access, dns, konnectivity_agent, kubernetes_endpoint, network, node_pool, pull_secret,
    service_proxy,
};

fn api() -> HostPort {
    HostPort::new("172.20.0.1", 6443)
}

fn proxy() -> Vec<DynamicObject> {
    service_proxy::objects(&service_proxy::Parameters {
        image: "registry.example/release@sha256:aa".to_owned(),
        cluster_network: "10.132.0.0/14".parse().unwrap(),
        api: api(),
    })
}

fn core_dns() -> Vec<DynamicObject> {
    dns::objects(&dns::Parameters {
        image: "registry.example/release@sha256:bb".to_owned(),
        service_ip: IpAddr::V4(Ipv4Addr::new(172, 31, 0, 10)),
        domain: "cluster.local".to_owned(),
        replicas: 1,
    })
}

fn flannel() -> Vec<DynamicObject> {
    network::objects("registry.example/release@sha256:cc", "10.132.0.0/14".parse().unwrap(), &api())
}

fn agents() -> Vec<DynamicObject> {
    konnectivity_agent::objects(
        "registry.example/release@sha256:dd",
        &HostPort::new("192.0.2.10", 30091),
        &AgentCertificate { authority: "CA", certificate: b"CERTIFICATE", key: b"KEY" },
    )
}

fn endpoint() -> Vec<DynamicObject> {
    kubernetes_endpoint::objects(SocketAddr::from(([172, 20, 0, 1], 6443)))
}

#[test]
fn service_proxy_manifests() {
    insta::assert_yaml_snapshot!(proxy());
}

#[test]
fn dns_manifests() {
    insta::assert_yaml_snapshot!(core_dns());
}

#[test]
fn network_manifests() {
    insta::assert_yaml_snapshot!(flannel());
}

#[test]
fn konnectivity_agent_manifests() {
    insta::assert_yaml_snapshot!(agents());
}

#[test]
fn kubernetes_endpoint_manifests() {
    insta::assert_yaml_snapshot!(endpoint());
}

#[test]
fn access_manifests() {
    insta::assert_yaml_snapshot!(access::objects());
}

#[test]
fn node_pool_manifests() {
    insta::assert_yaml_snapshot!(node_pool::objects("demo", "{}"));
}

#[test]
fn nobody_gets_a_wildcard_or_a_way_to_more_rights() {
    for object in access::objects().iter().chain(&node_pool::objects("demo", "{}")) {
        for rule in object.data["rules"].as_array().into_iter().flatten() {
            let text = rule.to_string();
            for word in ["\"*\"", "escalate", "\"bind\"", "impersonate"] {
                assert!(!text.contains(word), "{:?}: {text}", object.metadata.name);
            }
        }
    }
}

#[test]
fn every_namespaced_object_says_its_namespace_and_every_workload_its_requests() {
    let mut objects = [proxy(), core_dns(), flannel(), agents(), endpoint()].concat();
    objects.push(pull_secret::secret(b"{}"));
    for object in objects {
        assert!(object.metadata.namespace.is_some(), "{:?}", object.metadata.name);
        for container in object.data["spec"]["template"]["spec"]["containers"].as_array().into_iter().flatten() {
            assert!(container["resources"]["requests"]["memory"].is_string(), "{container}");
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{container}");
        }
    }
}
