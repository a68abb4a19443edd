//! One valid object of each kind; tests change what they are about.

use std::collections::BTreeMap;

use hoist_api::host::{HostFactsSummary, HostSpec};
use hoist_api::hosted_cluster::references::{LocalObjectReference, Release};
use hoist_api::hosted_cluster::services::{
    NodePortPublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServicePublishingStrategyMapping,
    ServiceType,
};
use hoist_api::hosted_cluster::{
    AescbcSpec, AvailabilityPolicy, DnsSpec, HostedClusterSpec, SecretEncryptionSpec, SecretEncryptionType,
};
use hoist_api::node_pool::{NodePoolSpec, UpgradeType};
use hoist_api::{FINALIZER, Host, HostedCluster, NodePool};
use hoist_release::{BuiltComponent, Digest, ImageReferences, ReleaseMetadata, component};
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Node, NodeCondition, NodeSpec, NodeStatus, Secret};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

/// Repository of the fixtures' release images.
pub const REPOSITORY: &str = "registry.example.com:5000/hoist/release";
/// Address at which the fixtures publish services.
pub const PUBLISHED_ADDRESS: &str = "10.200.0.10";

/// A moment that fixtures and clocks of tests share.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).expect("a valid time")
}

/// Metadata with namespace, name and a uid made of them.
pub fn metadata(namespace: &str, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        uid: Some(format!("uid-of-{namespace}-{name}")),
        generation: Some(1),
        creation_timestamp: Some(Time(now())),
        ..ObjectMeta::default()
    }
}

/// HostedCluster `clusters/demo`: platform None, single replica, services by NodePort, encryption on; finalizer and ids are set.
pub fn hosted_cluster() -> HostedCluster {
    HostedCluster {
        metadata: ObjectMeta { finalizers: Some(vec![FINALIZER.to_owned()]), ..metadata("clusters", "demo") },
        spec: HostedClusterSpec {
            release: Release { image: format!("{REPOSITORY}:1.36.3") },
            cluster_id: Some("a4a1b2c3-0000-4000-8000-000000000001".to_owned()),
            infra_id: Some("demo-abcde".to_owned()),
            controller_availability_policy: AvailabilityPolicy::SingleReplica,
            infrastructure_availability_policy: AvailabilityPolicy::SingleReplica,
            dns: Some(DnsSpec { base_domain: "example.com".to_owned(), ..DnsSpec::default() }),
            services: [
                ServiceType::APIServer,
                ServiceType::OAuthServer,
                ServiceType::OIDC,
                ServiceType::Konnectivity,
                ServiceType::Ignition,
            ]
            .map(published_by_node_port)
            .to_vec(),
            pull_secret: LocalObjectReference::new("demo-pull-secret"),
            ssh_key: LocalObjectReference::default(),
            issuer_url: "https://kubernetes.default.svc".to_owned(),
            secret_encryption: Some(SecretEncryptionSpec {
                kms: None,
                type_: SecretEncryptionType::Aescbc,
                aescbc: Some(AescbcSpec {
                    active_key: LocalObjectReference::new("demo-etcd-encryption-key"),
                    backup_key: None,
                }),
            }),
            ..HostedClusterSpec::default()
        },
        status: None,
    }
}

fn published_by_node_port(service: ServiceType) -> ServicePublishingStrategyMapping {
    ServicePublishingStrategyMapping {
        service,
        service_publishing_strategy: ServicePublishingStrategy {
            type_: PublishingStrategyType::NodePort,
            node_port: Some(NodePortPublishingStrategy { address: PUBLISHED_ADDRESS.to_owned(), port: None }),
            ..ServicePublishingStrategy::default()
        },
    }
}

/// The Secrets that [`hosted_cluster`] names.
pub fn secrets_of_hosted_cluster() -> Vec<Secret> {
    let auth = r#"{"auths":{"registry.example.com:5000":{"auth":"dXNlcjpwYXNz"}}}"#;
    vec![
        secret("clusters", "demo-pull-secret", &[(".dockerconfigjson", auth.as_bytes())]),
        secret("clusters", "demo-etcd-encryption-key", &[("key", &[7; 32])]),
    ]
}

/// A Secret.
pub fn secret(namespace: &str, name: &str, data: &[(&str, &[u8])]) -> Secret {
    Secret {
        metadata: metadata(namespace, name),
        data: Some(data.iter().map(|(key, value)| ((*key).to_owned(), ByteString(value.to_vec()))).collect()),
        ..Secret::default()
    }
}

/// NodePool `clusters/demo` of [`hosted_cluster`] with two replicas.
pub fn node_pool() -> NodePool {
    let mut spec = NodePoolSpec {
        cluster_name: "demo".to_owned(),
        release: Release { image: format!("{REPOSITORY}:1.36.3") },
        replicas: Some(2),
        ..NodePoolSpec::default()
    };
    spec.management.upgrade_type = UpgradeType::Replace;
    NodePool { metadata: metadata("clusters", "demo"), spec, status: None }
}

/// Host `worker-0` of [`node_pool`].
pub fn host(name: &str) -> Host {
    Host {
        metadata: metadata("clusters-demo", name),
        spec: HostSpec {
            node_pool: "demo".to_owned(),
            node_name: name.to_owned(),
            key_fingerprint: "00".repeat(32),
            certificate_signing_request: String::new(),
            addresses: vec!["10.200.0.100".to_owned()],
            seen_address: "10.200.0.100".to_owned(),
            token: "abcdef".to_owned(),
            report_token_hash: "11".repeat(32),
            facts: HostFactsSummary::default(),
        },
        status: None,
    }
}

/// Node `name`, Ready, of NodePool `demo`.
pub fn node(name: &str) -> Node {
    Node {
        metadata: ObjectMeta { uid: Some(format!("uid-of-{name}")), ..metadata("", name) },
        spec: Some(NodeSpec::default()),
        status: Some(NodeStatus {
            conditions: Some(vec![NodeCondition {
                type_: "Ready".to_owned(),
                status: "True".to_owned(),
                reason: Some("KubeletReady".to_owned()),
                ..NodeCondition::default()
            }]),
            ..NodeStatus::default()
        }),
    }
}

/// The default storage class of a management cluster.
pub fn storage_class() -> StorageClass {
    StorageClass {
        metadata: ObjectMeta {
            annotations: Some(BTreeMap::from([(
                "storageclass.kubernetes.io/is-default-class".to_owned(),
                "true".to_owned(),
            )])),
            ..metadata("", "local")
        },
        provisioner: "example.com/local".to_owned(),
        ..StorageClass::default()
    }
}

/// A complete release of `version`.
pub fn release(version: &str) -> hoist_release::Release {
    let version: semver::Version = version.parse().expect("a version");
    let components = component::REQUIRED
        .iter()
        .map(|name| BuiltComponent {
            name: (*name).into(),
            digest: Digest::of(format!("{name}-{version}").as_bytes()),
            version: format!("v{version}"),
            source: String::new(),
        })
        .collect();
    let references = ImageReferences::new(&version, components).to_json();
    let metadata = ReleaseMetadata::new(version.clone(), Vec::new()).to_json();
    let reference = format!("{REPOSITORY}@{}", Digest::of(version.to_string().as_bytes()));
    hoist_release::Release::parse(reference.parse().expect("a reference"), &references, &metadata)
        .expect("a complete release")
}
