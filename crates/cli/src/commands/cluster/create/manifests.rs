//! The objects of a new cluster, as plain JSON with the very fields that HyperShift's command line writes.
//!
//! Go writes some empty fields (`sshKey: {}`, `fips: false`, a zero status) and leaves others out; typed Rust structs would write
//! a different set, so the manifests are spelled out here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_api::labels;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::apply::Object;
use crate::args::cluster::ClusterFlags;
use crate::args::key_value;
use crate::args::toleration::Toleration;

use super::input::Input;

/// Services of platform None, in the order that HyperShift writes.
const SERVICES: [&str; 5] = ["APIServer", "Ignition", "Konnectivity", "OAuthServer", "OIDC"];
/// ConfigMap of `--additional-trust-bundle`.
const TRUST_BUNDLE: &str = "user-ca-bundle";
/// Domain of clusters without `--base-domain`.
const BASE_DOMAIN: &str = "example.com";
/// Ends the name of the Secret with the key of the encryption at rest.
const ENCRYPTION_KEY_SUFFIX: &str = "-etcd-encryption-key";

/// Everything that `create cluster` writes.
pub struct Manifests {
    /// The namespace of the HostedCluster.
    pub namespace: Object,
    /// Authorities to trust.
    pub trust_bundle: Option<Object>,
    /// Pull secret, SSH key, encryption key.
    pub secrets: Vec<Object>,
    /// The cluster.
    pub hosted_cluster: Object,
    /// Its pool.
    pub node_pool: Option<Object>,
}

/// Whether an object is the Secret of the encryption at rest.
pub fn is_encryption_key(object: &Object) -> bool {
    object.kind() == "Secret" && object.name().ends_with(ENCRYPTION_KEY_SUFFIX)
}

impl Manifests {
    /// Builds all of them.
    pub fn build(flags: &ClusterFlags, input: &Input) -> Self {
        Self {
            namespace: Object::new(json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": flags.namespace},
                "spec": {},
                "status": {},
            })),
            trust_bundle: input.trust_bundle.as_ref().map(|bundle| trust_bundle(flags, bundle)),
            secrets: secrets(flags, input),
            hosted_cluster: Object::new(hosted_cluster(flags, input)),
            node_pool: (flags.node_pool_replicas >= 0).then(|| Object::new(node_pool(flags, input))),
        }
    }

    /// The objects in the order in which HyperShift renders them.
    pub fn rendered(self, sensitive: bool) -> Vec<Object> {
        let secrets = if sensitive { self.secrets } else { Vec::new() };
        [self.namespace]
            .into_iter()
            .chain(self.trust_bundle)
            .chain(secrets)
            .chain([self.hosted_cluster])
            .chain(self.node_pool)
            .collect()
    }
}

fn trust_bundle(flags: &ClusterFlags, bundle: &str) -> Object {
    Object::new(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": TRUST_BUNDLE,
            "namespace": flags.namespace,
            "labels": {labels::SAFE_TO_DELETE_WITH_CLUSTER: "true"},
        },
        "data": {"ca-bundle.crt": bundle},
    }))
}

fn secrets(flags: &ClusterFlags, input: &Input) -> Vec<Object> {
    let name = |suffix: &str| format!("{}{suffix}", flags.name);
    let pull_secret = json!({".dockerconfigjson": STANDARD.encode(input.pull_secret.expose_secret())});
    let encryption_key = json!({"key": STANDARD.encode(input.encryption_key.expose_secret())});
    let mut secrets = vec![secret(flags, &name("-pull-secret"), &pull_secret, None)];
    if let Some(key) = &input.ssh_key {
        secrets.push(secret(flags, &name("-ssh-key"), &json!({"id_rsa.pub": STANDARD.encode(key)}), None));
    }
    secrets.push(secret(flags, &name(ENCRYPTION_KEY_SUFFIX), &encryption_key, Some("Opaque")));
    secrets
}

fn secret(flags: &ClusterFlags, name: &str, data: &Value, kind: Option<&str>) -> Object {
    let mut manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": flags.namespace,
            "labels": {labels::SAFE_TO_DELETE_WITH_CLUSTER: "true"},
        },
        "data": data,
    });
    if let Some(kind) = kind {
        manifest["type"] = kind.into();
    }
    Object::new(manifest)
}

fn hosted_cluster(flags: &ClusterFlags, input: &Input) -> Value {
    let address = input.address.as_deref().unwrap_or_default();
    let services: Vec<Value> = SERVICES
        .iter()
        .map(|service| {
            json!({
                "service": service,
                "servicePublishingStrategy": {"type": "NodePort", "nodePort": {"address": address}},
            })
        })
        .collect();
    let mut spec = json!({
        "autoscaling": {},
        "capabilities": {},
        "configuration": {},
        "controllerAvailabilityPolicy": input.availability.as_ref(),
        "dns": {"baseDomain": flags.base_domain.as_deref().unwrap_or(BASE_DOMAIN)},
        "etcd": {
            "managementType": "Managed",
            "managed": {"storage": {
                "type": "PersistentVolume",
                "persistentVolume": {"size": flags.etcd_storage_size.as_deref().unwrap_or("8Gi")},
            }},
        },
        "fips": false,
        "infraID": input.infra_id,
        "networking": {
            "clusterNetwork": cidrs(&flags.cluster_cidr),
            "networkType": flags.network_type,
            "serviceNetwork": cidrs(&flags.service_cidr),
        },
        "olmCatalogPlacement": "management",
        "platform": {"type": "None"},
        "pullSecret": {"name": format!("{}-pull-secret", flags.name)},
        "release": {"image": input.release_image},
        "secretEncryption": {
            "type": "aescbc",
            "aescbc": {"activeKey": {"name": format!("{}{ENCRYPTION_KEY_SUFFIX}", flags.name)}},
        },
        "services": services,
        "sshKey": {},
    });
    if let Some(policy) = &flags.infra_availability_policy {
        spec["infrastructureAvailabilityPolicy"] = policy.as_str().into();
    }
    if let Some(prefix) = &flags.base_domain_prefix {
        spec["dns"]["baseDomainPrefix"] = if prefix == "none" { "" } else { prefix.as_str() }.into();
    }
    if let Some(class) = &flags.etcd_storage_class {
        spec["etcd"]["managed"]["storage"]["persistentVolume"]["storageClassName"] = class.as_str().into();
    }
    if !flags.machine_cidr.is_empty() {
        spec["networking"]["machineNetwork"] = cidrs(&flags.machine_cidr);
    }
    if let Some(allocate) = flags.allocate_node_cidrs {
        spec["networking"]["allocateNodeCIDRs"] = if allocate { "Enabled" } else { "Disabled" }.into();
    }
    if input.ssh_key.is_some() {
        spec["sshKey"]["name"] = format!("{}-ssh-key", flags.name).into();
    }
    if input.trust_bundle.is_some() {
        spec["additionalTrustBundle"] = json!({"name": TRUST_BUNDLE});
    }
    if let Some(until) = &flags.paused_until {
        spec["pausedUntil"] = until.as_str().into();
    }
    if !flags.node_selector.is_empty() {
        spec["nodeSelector"] = key_value::object(&flags.node_selector).into();
    }
    if !flags.pods_labels.is_empty() {
        spec["labels"] = key_value::object(&flags.pods_labels).into();
    }
    if !flags.toleration.is_empty() {
        spec["tolerations"] = flags.toleration.iter().map(Toleration::manifest).collect();
    }
    let mut metadata = json!({"name": flags.name, "namespace": flags.namespace});
    if !flags.annotations.is_empty() {
        metadata["annotations"] = key_value::object(&flags.annotations).into();
    }
    if !flags.labels.is_empty() {
        metadata["labels"] = key_value::object(&flags.labels).into();
    }
    json!({
        "apiVersion": "hypershift.openshift.io/v1beta1",
        "kind": "HostedCluster",
        "metadata": metadata,
        "spec": spec,
        "status": {"controlPlaneEndpoint": {"host": "", "port": 0}},
    })
}

fn node_pool(flags: &ClusterFlags, input: &Input) -> Value {
    let mut spec = json!({
        "arch": flags.arch,
        "clusterName": flags.name,
        "management": {"autoRepair": false, "upgradeType": "InPlace"},
        "nodeDrainTimeout": flags.node_drain_timeout.to_string(),
        "nodeVolumeDetachTimeout": flags.node_volume_detach_timeout.to_string(),
        "platform": {"type": "None"},
        "release": {"image": input.release_image},
        "replicas": flags.node_pool_replicas,
    });
    if let Some(until) = &flags.paused_until {
        spec["pausedUntil"] = until.as_str().into();
    }
    json!({
        "apiVersion": "hypershift.openshift.io/v1beta1",
        "kind": "NodePool",
        "metadata": {"name": flags.name, "namespace": flags.namespace},
        "spec": spec,
        "status": {"replicas": 0},
    })
}

fn cidrs(texts: &[String]) -> Value {
    texts.iter().map(|text| json!({"cidr": text})).collect()
}
