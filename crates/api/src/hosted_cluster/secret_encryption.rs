//! Encryption of Secrets in etcd: what is wanted, and how far a change of keys is.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::references::LocalObjectReference;
use crate::schema::rules::{exactly_when, subdomain};

/// Encryption of Secrets in etcd.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretEncryptionSpec {
    /// `aescbc`; `kms` needs a cloud.
    #[serde(rename = "type")]
    pub type_: SecretEncryptionType,
    /// A key service of a cloud; told as not served.
    pub kms: Option<KmsSpec>,
    /// Keys of AES-CBC.
    pub aescbc: Option<AescbcSpec>,
}

/// Ways to encrypt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretEncryptionType {
    /// Needs a cloud; refused by a condition.
    Kms,
    /// A key in a Secret.
    #[default]
    Aescbc,
}

/// A key service; settings of clouds are not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KmsSpec {
    /// Whose service.
    pub provider: KmsProvider,
}

/// Clouds with a key service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "proper names")]
pub enum KmsProvider {
    IBMCloud,
    AWS,
    Azure,
}

/// Keys of AES-CBC, each a Secret with key `key` of 32 bytes.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AescbcSpec {
    /// Encrypts what is written.
    pub active_key: LocalObjectReference,
    /// Still decrypts.
    pub backup_key: Option<LocalObjectReference>,
}

/// How far encryption is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct SecretEncryptionStatus {
    /// The key that everything is encrypted with.
    pub active_key: Option<SecretEncryptionKeyStatus>,
    /// The key that everything is being encrypted with anew.
    pub target_key: Option<SecretEncryptionKeyStatus>,
    /// Changes of keys, newest first.
    #[schemars(length(min = 1, max = 5), extend("x-kubernetes-list-type" = "atomic"))]
    pub history: Option<Vec<EncryptionMigrationHistory>>,
}

/// A key, without the key.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = exactly_when("self.provider == 'AESCBC'", "aescbc", "aescbc is required when provider is AESCBC, and forbidden otherwise"))]
pub struct SecretEncryptionKeyStatus {
    /// What kind of key.
    pub provider: SecretEncryptionProvider,
    /// For `AESCBC`.
    pub aescbc: Option<AescbcKeyStatus>,
}

/// Kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "proper names")]
pub enum SecretEncryptionProvider {
    Azure,
    AWS,
    IBMCloud,
    AESCBC,
}

/// A key of AES-CBC, without the key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AescbcKeyStatus {
    /// Its Secret.
    pub secret: SecretReference,
    /// Hash of its content.
    #[schemars(length(min = 1, max = 64))]
    pub data_hash: String,
}

/// Name of a Secret, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
pub struct SecretReference {
    /// Name.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = subdomain())]
    pub name: String,
}

/// One change of keys.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptionMigrationHistory {
    /// How far it is.
    pub state: EncryptionMigrationState,
    /// When it began.
    pub started_time: Time,
    /// When it ended.
    pub completion_time: Option<Time>,
    /// From which key.
    pub from: EncryptionKeyFingerprint,
    /// To which key.
    pub to: EncryptionKeyFingerprint,
}

/// How far a change of keys is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EncryptionMigrationState {
    /// Every API server is learning to read the new key.
    ReadOnlyDeploy,
    /// Every API server begins to write with it.
    WritePromote,
    /// What was written before is written again.
    Migrating,
    /// Done.
    Completed,
    /// Another change came in between.
    Interrupted,
}

/// Enough of a key to tell it from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EncryptionKeyFingerprint {
    /// What kind of key.
    pub provider: SecretEncryptionProvider,
    /// Hash of what identifies it.
    #[schemars(length(min = 1, max = 64))]
    pub fingerprint: String,
}
