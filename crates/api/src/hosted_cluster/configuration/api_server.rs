//! Audit, TLS and certificates of the API server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;

/// Settings of kube-apiserver.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServerSpec {
    /// Certificates for names of the user's own.
    pub serving_certs: Option<ApiServerServingCerts>,
    /// ConfigMap with `ca-bundle.crt`: further authorities whose client certificates are taken.
    #[serde(rename = "clientCA")]
    pub client_ca: Option<NameReference>,
    /// Origins, as regular expressions, that browsers may call from.
    #[serde(rename = "additionalCORSAllowedOrigins")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub additional_cors_allowed_origins: Option<Vec<String>>,
    /// OpenShift's word for encryption at rest; `spec.secretEncryption` decides.
    pub encryption: Option<ApiServerEncryption>,
    /// TLS versions and cipher suites.
    pub tls_security_profile: Option<TlsSecurityProfile>,
    /// What is written to the audit log.
    #[serde(default = "default_audit")]
    pub audit: Option<Audit>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn default_audit() -> Option<Audit> {
    Some(Audit::default())
}

/// Certificates for names of the user's own.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServerServingCerts {
    /// Each with the names that it is shown for.
    #[schemars(length(max = 32), extend("x-kubernetes-list-type" = "atomic"))]
    pub named_certificates: Option<Vec<ApiServerNamedServingCert>>,
}

/// A certificate and the names that it is shown for.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiServerNamedServingCert {
    /// Names; those in the certificate when absent.
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "atomic"))]
    pub names: Option<Vec<String>>,
    /// Secret of type `kubernetes.io/tls`.
    pub serving_certificate: Option<NameReference>,
}

/// Encryption at rest, in OpenShift's words.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApiServerEncryption {
    /// How.
    #[serde(rename = "type")]
    pub type_: Option<EncryptionType>,
}

/// Ways to encrypt, in OpenShift's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EncryptionType {
    /// The default.
    #[serde(rename = "")]
    Unset,
    /// None.
    Identity,
    /// AES-CBC.
    Aescbc,
    /// AES-GCM.
    Aesgcm,
}

/// TLS versions and cipher suites.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TlsSecurityProfile {
    /// Which profile.
    #[serde(rename = "type")]
    pub type_: Option<TlsProfileType>,
    /// Says nothing beyond `type`.
    #[schemars(extend("x-hoist-nullable" = true))]
    pub old: Option<EmptyProfile>,
    /// Says nothing beyond `type`.
    #[schemars(extend("x-hoist-nullable" = true))]
    pub intermediate: Option<EmptyProfile>,
    /// Says nothing beyond `type`.
    #[schemars(extend("x-hoist-nullable" = true))]
    pub modern: Option<EmptyProfile>,
    /// For `Custom`.
    #[schemars(extend("x-hoist-nullable" = true))]
    pub custom: Option<CustomTlsProfile>,
}

/// Mozilla's profiles, and one's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TlsProfileType {
    /// TLS 1.0 and later.
    Old,
    /// TLS 1.2 and later.
    #[default]
    Intermediate,
    /// TLS 1.3.
    Modern,
    /// As `custom` says.
    Custom,
}

/// A profile without settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmptyProfile {}

/// One's own profile.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CustomTlsProfile {
    /// Cipher suites by OpenSSL's names.
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub ciphers: Option<Vec<String>>,
    /// Oldest version.
    #[serde(rename = "minTLSVersion")]
    pub min_tls_version: Option<TlsProtocolVersion>,
}

/// TLS versions by Go's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the names say it")]
pub enum TlsProtocolVersion {
    VersionTLS10,
    VersionTLS11,
    VersionTLS12,
    VersionTLS13,
}

/// What is written to the audit log.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// For requests of everybody.
    #[serde(default)]
    pub profile: AuditProfile,
    /// For requests of members of a group, first rule first.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["group"]))]
    pub custom_rules: Option<Vec<AuditCustomRule>>,
}

/// What is written for members of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditCustomRule {
    /// The group.
    #[schemars(length(min = 1))]
    pub group: String,
    /// For their requests.
    pub profile: AuditProfile,
}

/// How much is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AuditProfile {
    /// Who did what.
    #[default]
    Default,
    /// With the bodies of writes.
    WriteRequestBodies,
    /// With all bodies.
    AllRequestBodies,
    /// Nothing.
    None,
}
