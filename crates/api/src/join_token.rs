//! `JoinToken`: the right to bring hosts into one NodePool, for a while.
//!
//! Only the SHA-256 of the secret is stored, so reading these objects lets nobody join.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a token is good for. The token that a person sees is `<object name>.<secret>`.
#[derive(CustomResource, Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "hoist.internal",
    version = "v1alpha1",
    kind = "JoinToken",
    plural = "jointokens",
    namespaced,
    derive = "PartialEq",
    status = "JoinTokenStatus",
    printcolumn = r#"{"name":"NodePool","type":"string","jsonPath":".spec.nodePool"}"#,
    printcolumn = r#"{"name":"Uses","type":"integer","jsonPath":".spec.uses"}"#,
    printcolumn = r#"{"name":"Used","type":"integer","jsonPath":".status.used"}"#,
    printcolumn = r#"{"name":"Expires","type":"date","jsonPath":".spec.expirationTime"}"#,
    printcolumn = r#"{"name":"Revoked","type":"boolean","jsonPath":".spec.revoked"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct JoinTokenSpec {
    /// NodePool that hosts join with this token; its namespace is that of the HostedCluster.
    pub node_pool: String,
    /// SHA-256 of the secret part, lowercase hexadecimal.
    #[schemars(length(equal = 64))]
    pub secret_hash: String,
    /// The token is refused from this moment on.
    pub expiration_time: Time,
    /// How many different hosts may use it.
    #[schemars(range(min = 1))]
    pub uses: i32,
    /// Refuses the token before it expires.
    #[serde(default)]
    pub revoked: bool,
}

/// Who used the token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JoinTokenStatus {
    /// Length of `usedBy`, for the table.
    #[serde(default)]
    pub used: i32,
    /// One entry a host key: a host that repeats its request uses the token once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<TokenUse>,
}

/// One host's use of a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenUse {
    /// SHA-256 of the host's public key (SubjectPublicKeyInfo), lowercase hexadecimal.
    pub key_fingerprint: String,
    /// Name of the Host object.
    pub host: String,
    /// When it was used.
    pub time: Time,
}
