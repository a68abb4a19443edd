//! `HCPEtcdBackup`: one snapshot of a hosted cluster's etcd, put where it is safe.
//!
//! Source: HyperShift `api/hypershift/v1beta1/etcdbackup_types.go`. The stores of the API belong to clouds; S3 is spoken
//! elsewhere too, so its settings are here.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::secret_encryption::SecretReference;
use crate::schema::rules::{exactly_when, immutable, not_removed};

/// Where the snapshot goes.
#[derive(CustomResource, Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "hypershift.openshift.io",
    version = "v1beta1",
    kind = "HCPEtcdBackup",
    plural = "hcpetcdbackups",
    shortname = "hcpetcdbk",
    namespaced,
    derive = "PartialEq",
    status = "HCPEtcdBackupStatus",
    printcolumn = r#"{"name":"Completed","type":"string","jsonPath":".status.conditions[?(@.type==\"BackupCompleted\")].status","description":"Whether it is done"}"#,
    printcolumn = r#"{"name":"URL","type":"string","jsonPath":".status.snapshotURL","description":"Where the snapshot is"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#
)]
#[x_kube(validation = immutable("HCPEtcdBackupSpec is immutable"))]
pub struct HCPEtcdBackupSpec {
    /// The store.
    pub storage: HCPEtcdBackupStorage,
}

/// A store.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = exactly_when("self.storageType == 'S3'", "s3", "s3 configuration is required when storageType is S3, and forbidden otherwise"),
    validation = exactly_when("self.storageType == 'AzureBlob'", "azureBlob", "azureBlob configuration is required when storageType is AzureBlob, and forbidden otherwise")
)]
pub struct HCPEtcdBackupStorage {
    /// Which of the following.
    pub storage_type: HCPEtcdBackupStorageType,
    /// For `S3`.
    pub s3: Option<HCPEtcdBackupS3>,
    /// For `AzureBlob`.
    pub azure_blob: Option<HCPEtcdBackupAzureBlob>,
}

/// Stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "proper names")]
pub enum HCPEtcdBackupStorageType {
    S3,
    AzureBlob,
}

/// A bucket.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = not_removed("kmsKeyARN", "kmsKeyARN cannot be removed once set"))]
pub struct HCPEtcdBackupS3 {
    /// The bucket.
    #[schemars(length(min = 3, max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9][a-z0-9.-]*[a-z0-9]$')").message("bucket must consist of lowercase letters, numbers, hyphens, and periods, and must start and end with a letter or number"),
        validation = Rule::new("!self.contains('..')").message("bucket must not contain consecutive periods")
    )]
    pub bucket: String,
    /// Its region.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z][a-z0-9-]*[a-z0-9]$')").message("region must consist of lowercase letters, digits, and hyphens, must start with a letter and end with an alphanumeric character"),
        validation = Rule::new("!self.contains('--')").message("region must not contain consecutive hyphens")
    )]
    pub region: String,
    /// Before the names of snapshots.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = Rule::new(r"self.matches('^[a-zA-Z0-9!_.*\'()/-]+$')").message("keyPrefix must consist of safe S3 key characters: alphanumeric characters, forward slashes, hyphens, underscores, periods, exclamation marks, asterisks, single quotes, and parentheses"))]
    pub key_prefix: String,
    /// Secret with what the store wants to know.
    pub credentials: SecretReference,
    /// Key of a cloud.
    #[serde(rename = "kmsKeyARN")]
    #[schemars(length(min = 1, max = 256))]
    #[x_kube(
        validation = Rule::new("self.matches('^arn:(aws|aws-cn|aws-us-gov):kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$')").message("kmsKeyARN must be a valid AWS KMS key ARN (arn:<partition>:kms:<region>:<account-id>:key/<key-id>)"),
        validation = immutable("kmsKeyARN is immutable")
    )]
    pub kms_key_arn: Option<String>,
}

/// A container of blobs.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = not_removed("encryptionKeyURL", "encryptionKeyURL cannot be removed once set"))]
pub struct HCPEtcdBackupAzureBlob {
    /// The container.
    #[schemars(length(min = 3, max = 63))]
    #[x_kube(
        validation = Rule::new("self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')").message("container must consist of lowercase letters, numbers, and hyphens, and must start and end with a letter or number"),
        validation = Rule::new("!self.contains('--')").message("container must not contain consecutive hyphens")
    )]
    pub container: String,
    /// Its account.
    #[schemars(length(min = 3, max = 24))]
    #[x_kube(validation = Rule::new("self.matches('^[a-z0-9]+$')").message("storageAccount must consist of lowercase letters and numbers only"))]
    pub storage_account: String,
    /// Before the names of snapshots.
    #[schemars(length(min = 1, max = 1024))]
    #[x_kube(validation = Rule::new("self.matches('^[a-zA-Z0-9/_.-]+$')").message("keyPrefix must consist of alphanumeric characters, forward slashes, hyphens, underscores, and periods"))]
    pub key_prefix: String,
    /// Secret with what the store wants to know.
    pub credentials: SecretReference,
    /// Key of a cloud.
    #[serde(rename = "encryptionKeyURL")]
    #[schemars(length(min = 1, max = 210))]
    #[x_kube(validation = immutable("encryptionKeyURL is immutable"))]
    pub encryption_key_url: Option<String>,
}

/// What became of the snapshot.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct HCPEtcdBackupStatus {
    /// `BackupCompleted`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::one_to_ten_conditions")]
    pub conditions: Vec<Condition>,
    /// Where it is.
    #[serde(rename = "snapshotURL")]
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = Rule::new("self.matches('^(https|s3)://.*')").message("snapshotURL must be a valid URL with scheme https or s3"))]
    pub snapshot_url: Option<String>,
    /// What a cloud encrypted it with.
    pub encryption_metadata: Option<EncryptionMetadata>,
}

/// What a cloud encrypted a snapshot with; blocks of clouds are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct EncryptionMetadata {}
