//! A valid base of everything that validation takes, for tests of this and other crates.
//!
//! Fixtures panic when they are wrong: only tests use them.
#![allow(clippy::expect_used, reason = "fixtures are constants")]

use std::collections::BTreeMap;

use hoist_api::hosted_cluster::platform::PlatformSpec;
use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_api::hosted_cluster::services::{
    NodePortPublishingStrategy, PublishingStrategyType, ServicePublishingStrategy, ServicePublishingStrategyMapping,
    ServiceType,
};
use hoist_api::hosted_cluster::{AescbcSpec, AvailabilityPolicy, DnsSpec, SecretEncryptionSpec, SecretEncryptionType};
use hoist_api::hosted_control_plane::HostedControlPlaneSpec;
use hoist_release::{BuiltComponent, Digest, ImageReference, ImageReferences, Release, ReleaseMetadata, component};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use semver::Version;

use crate::observed::{Management, StorageClass};
use crate::validate::{Inputs, validate};
use crate::{Checked, Endpoints, Finding, HostPort, Identity, Observed, Plan};

/// Address of the only management node.
pub const NODE_ADDRESS: &str = "10.200.0.10";

/// Everything that validation takes. Change fields, then call [`Case::check`].
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the same as in `Inputs`")]
pub struct Case {
    pub identity: Identity,
    pub spec: HostedControlPlaneSpec,
    pub annotations: BTreeMap<String, String>,
    pub observed: Observed,
}

impl Case {
    /// Validates it.
    pub fn check(&self) -> Result<Checked, Vec<Finding>> {
        validate(&Inputs {
            identity: &self.identity,
            spec: &self.spec,
            annotations: &self.annotations,
            observed: &self.observed,
        })
    }

    /// Its plan.
    ///
    /// # Panics
    /// When the case is not valid.
    pub fn plan(&self) -> Plan {
        self.check().expect("the case is valid").plan
    }
}

/// When [`case`] is looked at.
pub fn now() -> jiff::Timestamp {
    "2026-11-22T12:00:00Z".parse().expect("a constant")
}

/// A valid single-replica cluster `clusters/demo`.
pub fn case() -> Case {
    Case {
        identity: identity(),
        spec: spec(),
        annotations: BTreeMap::new(),
        observed: Observed {
            release: Ok(release("1.36.3")),
            running_version: None,
            secrets: BTreeMap::from([
                (
                    "pull-secret".to_owned(),
                    secret(".dockerconfigjson", br#"{"auths":{"10.200.0.10:5000":{"auth":"dTpw"}}}"#),
                ),
                ("etcd-encryption-key".to_owned(), secret("key", b"0123456789abcdef0123456789abcdef")),
            ]),
            config_maps: BTreeMap::new(),
            management: Management {
                pod_networks: vec!["10.201.0.0/16".parse().expect("a constant")],
                service_networks: vec!["10.202.0.0/16".parse().expect("a constant")],
                schedulable_nodes: vec!["management-0".to_owned()],
                node_addresses: vec![NODE_ADDRESS.parse().expect("a constant")],
                node_port_range: None,
                storage_classes: vec![StorageClass { name: "local".to_owned(), is_default: true }],
                router: None,
                taken_routes: Vec::new(),
            },
            now: now(),
        },
    }
}

/// The same, highly available, on three nodes.
pub fn highly_available() -> Case {
    let mut case = case();
    case.spec.controller_availability_policy = AvailabilityPolicy::HighlyAvailable;
    case.spec.infrastructure_availability_policy = AvailabilityPolicy::HighlyAvailable;
    case.observed.management.schedulable_nodes = (0..3).map(|index| format!("management-{index}")).collect();
    case
}

/// The plan of [`case`].
pub fn plan() -> Plan {
    case().plan()
}

/// Names of [`case`].
pub fn identity() -> Identity {
    Identity {
        hosted_cluster_namespace: "clusters".to_owned(),
        hosted_cluster_name: "demo".to_owned(),
        namespace: "clusters-demo".to_owned(),
        infra_id: "demo-x7k2p".to_owned(),
        cluster_id: "6f8f3f3a-5b1e-4f0e-9a39-2f5f8c1f8d11".to_owned(),
        owner: Some(OwnerReference {
            api_version: "hypershift.openshift.io/v1beta1".to_owned(),
            kind: "HostedControlPlane".to_owned(),
            name: "demo".to_owned(),
            uid: "00000000-0000-4000-8000-000000000001".to_owned(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }),
    }
}

/// Spec of [`case`].
pub fn spec() -> HostedControlPlaneSpec {
    HostedControlPlaneSpec {
        release_image: format!("{NODE_ADDRESS}:5000/hoist/release:1.36.3"),
        cluster_id: identity().cluster_id,
        infra_id: identity().infra_id,
        platform: PlatformSpec::default(),
        controller_availability_policy: AvailabilityPolicy::SingleReplica,
        infrastructure_availability_policy: AvailabilityPolicy::SingleReplica,
        dns: DnsSpec { base_domain: "example.com".to_owned(), ..DnsSpec::default() },
        services: [ServiceType::APIServer, ServiceType::OAuthServer, ServiceType::Konnectivity, ServiceType::Ignition]
            .map(|service| node_port(service, NODE_ADDRESS, None))
            .into(),
        pull_secret: LocalObjectReference::new("pull-secret"),
        issuer_url: "https://kubernetes.default.svc".to_owned(),
        secret_encryption: Some(SecretEncryptionSpec {
            kms: None,
            type_: SecretEncryptionType::Aescbc,
            aescbc: Some(AescbcSpec { active_key: LocalObjectReference::new("etcd-encryption-key"), backup_key: None }),
        }),
        ..HostedControlPlaneSpec::default()
    }
}

/// Publishing of `service` by a node port.
pub fn node_port(service: ServiceType, address: &str, port: Option<i32>) -> ServicePublishingStrategyMapping {
    ServicePublishingStrategyMapping {
        service,
        service_publishing_strategy: ServicePublishingStrategy {
            type_: PublishingStrategyType::NodePort,
            node_port: Some(NodePortPublishingStrategy { address: address.to_owned(), port }),
            ..ServicePublishingStrategy::default()
        },
    }
}

/// Endpoints that go with [`case`].
pub fn endpoints() -> Endpoints {
    Endpoints {
        api_server: HostPort::new(NODE_ADDRESS, 30443),
        konnectivity: HostPort::new(NODE_ADDRESS, 30891),
        bootstrap: HostPort::new(NODE_ADDRESS, 30943),
    }
}

/// A complete release of `version`; digests are those of the components' names.
///
/// # Panics
/// When `version` is no version.
pub fn release(version: &str) -> Release {
    release_of(version, &component::REQUIRED)
}

/// A release of `version` with only these components.
///
/// # Panics
/// When `version` is no version.
pub fn release_of(version: &str, components: &[&str]) -> Release {
    let version: Version = version.parse().expect("fixtures name real versions");
    let components = components
        .iter()
        .map(|name| BuiltComponent {
            name: (*name).into(),
            digest: Digest::of(name.as_bytes()),
            version: version.to_string(),
            source: "example.com/source".to_owned(),
        })
        .collect();
    let reference = ImageReference::repository_of(&format!("{NODE_ADDRESS}:5000"), "hoist/release")
        .expect("a constant")
        .with_digest(Digest::of(b"release"));
    Release::parse(
        reference,
        &ImageReferences::new(&version, components).to_json(),
        &ReleaseMetadata::new(version, Vec::new()).to_json(),
    )
    .expect("what was just made can be read")
}

/// Data of a Secret with one key.
pub fn secret(key: &str, value: &[u8]) -> BTreeMap<String, Vec<u8>> {
    BTreeMap::from([(key.to_owned(), value.to_vec())])
}
