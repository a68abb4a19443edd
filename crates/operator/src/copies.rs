//! Copies in a control plane namespace of what the HostedCluster's spec names in its own namespace.
//!
//! They have fixed names, HyperShift's where it has one: a user's Secret that happens to be called like one of ours would
//! otherwise replace it.

use std::collections::BTreeMap;

use hoist_api::HostedCluster;
use hoist_api::dynamic::dynamic;
use hoist_plan::Identity;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::core::DynamicObject;

/// Value of the apply-set label of the copies.
pub const SET: &str = "hosted-cluster";
/// Copy of the pull secret.
pub const PULL_SECRET: &str = "pull-secret";
/// Copy of the ssh key.
pub const SSH_KEY: &str = "ssh-key";
/// Copy of the trust bundle.
pub const TRUST_BUNDLE: &str = "user-ca-bundle";
/// Copy of the authority of the hosts' proxy.
pub const PROXY_TRUST_BUNDLE: &str = "proxy-trusted-ca";
/// Copy of the authorities of single registries.
pub const IMAGE_TRUST: &str = "image-trusted-ca";
/// Copy of the key that encrypts.
pub const ACTIVE_ENCRYPTION_KEY: &str = "etcd-encryption-active-key";
/// Copy of the key that still decrypts.
pub const BACKUP_ENCRYPTION_KEY: &str = "etcd-encryption-backup-key";
/// Copy of the user's own service-account key.
pub const SERVICE_ACCOUNT_KEY: &str = "service-account-signing-key";
/// Copy of the audit webhook's kubeconfig.
pub const AUDIT_WEBHOOK: &str = "audit-webhook";

/// Something that the spec names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Name in the HostedCluster's namespace.
    pub original: String,
    /// Name of the copy.
    pub copy: &'static str,
    /// Whether it is a Secret, not a ConfigMap.
    pub is_secret: bool,
}

/// Everything that the spec names.
pub fn named(hosted_cluster: &HostedCluster) -> Vec<Named> {
    let spec = &hosted_cluster.spec;
    let aescbc = spec.secret_encryption.as_ref().and_then(|encryption| encryption.aescbc.as_ref());
    let configuration = spec.configuration.as_ref();
    let proxy_trust = configuration.and_then(|configuration| configuration.proxy.as_ref()?.trusted_ca.as_ref());
    let image_trust =
        configuration.and_then(|configuration| configuration.image.as_ref()?.additional_trusted_ca.as_ref());
    let reference =
        |name: &str, copy, is_secret| (!name.is_empty()).then(|| Named { original: name.to_owned(), copy, is_secret });
    [
        reference(&spec.pull_secret.name, PULL_SECRET, true),
        reference(&spec.ssh_key.name, SSH_KEY, true),
        aescbc.and_then(|keys| reference(&keys.active_key.name, ACTIVE_ENCRYPTION_KEY, true)),
        aescbc
            .and_then(|keys| keys.backup_key.as_ref())
            .and_then(|key| reference(&key.name, BACKUP_ENCRYPTION_KEY, true)),
        spec.service_account_signing_key.as_ref().and_then(|key| reference(&key.name, SERVICE_ACCOUNT_KEY, true)),
        spec.audit_webhook.as_ref().and_then(|secret| reference(&secret.name, AUDIT_WEBHOOK, true)),
        spec.additional_trust_bundle.as_ref().and_then(|bundle| reference(&bundle.name, TRUST_BUNDLE, false)),
        proxy_trust.and_then(|bundle| reference(&bundle.name, PROXY_TRUST_BUNDLE, false)),
        image_trust.and_then(|bundle| reference(&bundle.name, IMAGE_TRUST, false)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The copies of those that exist.
pub fn objects(
    identity: &Identity,
    named: &[Named],
    secrets: &BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    config_maps: &BTreeMap<String, BTreeMap<String, String>>,
) -> Vec<DynamicObject> {
    named
        .iter()
        .filter_map(|named| {
            if named.is_secret {
                let data = secrets.get(&named.original)?;
                let is_pull_secret = named.copy == PULL_SECRET;
                Some(dynamic(&Secret {
                    metadata: identity.metadata(named.copy),
                    // Pods can be pulled with it only when it has this type.
                    type_: Some(if is_pull_secret { "kubernetes.io/dockerconfigjson" } else { "Opaque" }.to_owned()),
                    data: Some(data.iter().map(|(key, value)| (key.clone(), ByteString(value.clone()))).collect()),
                    ..Secret::default()
                }))
            } else {
                let data = config_maps.get(&named.original)?;
                Some(dynamic(&ConfigMap {
                    metadata: identity.metadata(named.copy),
                    data: Some(data.clone()),
                    ..ConfigMap::default()
                }))
            }
        })
        .collect()
}
