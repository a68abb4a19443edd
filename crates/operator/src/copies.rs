//! Copies in a control plane namespace of what the HostedCluster's spec names in its own namespace.
//!
//! They have fixed names, HyperShift's where it has one: a user's Secret that happens to be called like one of ours would
//! otherwise replace it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hoist_api::HostedCluster;
use hoist_api::annotations::COPY_OF;
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

/// Copy of the user's own authorities of client certificates.
pub const CLIENT_AUTHORITIES: &str = "user-client-ca";
/// Copy of the authorities of the issuer of users' tokens.
pub const ISSUER_AUTHORITIES: &str = "oidc-ca";

/// Name of the copy of a certificate for names of the user's own.
pub fn named_certificate(original: &str) -> String {
    format!("named-certificate-{original}")
}

/// Something that the spec names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Name in the HostedCluster's namespace.
    pub original: String,
    /// Name of the copy.
    pub copy: Cow<'static, str>,
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
    let reference = |name: &str, copy: &'static str, is_secret| {
        (!name.is_empty()).then(|| Named { original: name.to_owned(), copy: Cow::Borrowed(copy), is_secret })
    };
    let mut named: Vec<Named> = [
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
    .collect();
    let api_server = configuration.and_then(|configuration| configuration.api_server.as_ref());
    let client_authorities = api_server.and_then(|api_server| api_server.client_ca.as_ref());
    named.extend(client_authorities.and_then(|map| reference(&map.name, CLIENT_AUTHORITIES, false)));
    let certificates = api_server.and_then(|api_server| api_server.serving_certs.as_ref());
    for certificate in certificates.iter().flat_map(|certificates| certificates.named_certificates.iter().flatten()) {
        let secret = certificate.serving_certificate.as_ref().map(|secret| secret.name.clone()).unwrap_or_default();
        let certificate = Named { copy: Cow::Owned(named_certificate(&secret)), original: secret, is_secret: true };
        if !certificate.original.is_empty() && !named.contains(&certificate) {
            named.push(certificate);
        }
    }
    let providers =
        configuration.and_then(|configuration| configuration.authentication.as_ref()?.oidc_providers.as_ref());
    let issuer = providers.and_then(|providers| providers.first()?.issuer.issuer_certificate_authority.as_ref());
    named.extend(issuer.and_then(|map| reference(&map.name, ISSUER_AUTHORITIES, false)));
    named
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
            let mut metadata = identity.metadata(&named.copy);
            let annotations = metadata.annotations.get_or_insert_default();
            annotations.insert(COPY_OF.to_owned(), named.original.clone());
            if named.is_secret {
                let data = secrets.get(&named.original)?;
                let is_pull_secret = named.copy == PULL_SECRET;
                Some(dynamic(&Secret {
                    metadata,
                    // Pods can be pulled with it only when it has this type.
                    type_: Some(if is_pull_secret { "kubernetes.io/dockerconfigjson" } else { "Opaque" }.to_owned()),
                    data: Some(data.iter().map(|(key, value)| (key.clone(), ByteString(value.clone()))).collect()),
                    ..Secret::default()
                }))
            } else {
                let data = config_maps.get(&named.original)?;
                Some(dynamic(&ConfigMap { metadata, data: Some(data.clone()), ..ConfigMap::default() }))
            }
        })
        .collect()
}
