//! Encryption of Secrets and ConfigMaps at rest with AES-CBC.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_plan::Plan;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::files::hexadecimal;

/// Name of the Secret. HyperShift's.
pub const SECRET: &str = "kas-secret-encryption-config-file";
/// Key in it.
pub const KEY: &str = "config.yaml";

/// The Secret that kube-apiserver reads: `active` encrypts, `backup` still decrypts, and what was written before encryption
/// is read as it is. Both are 32 bytes; validation saw to it.
pub fn secret(plan: &Plan, active: &[u8], backup: Option<&[u8]>) -> Secret {
    let keys: Vec<_> = std::iter::once(active)
        .chain(backup)
        .map(|key| json!({"name": key_name(key), "secret": STANDARD.encode(key)}))
        .collect();
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{
            "resources": ["secrets", "configmaps"],
            "providers": [{"aescbc": {"keys": keys}}, {"identity": {}}],
        }],
    });
    Secret {
        metadata: plan.identity.metadata(SECRET),
        type_: Some("Opaque".to_owned()),
        data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(configuration.to_string().into_bytes()))])),
        ..Secret::default()
    }
}

/// The name goes into every stored value, so it must stay the same for the same key whatever its place in the list.
fn key_name(key: &[u8]) -> String {
    hexadecimal(&Sha256::digest(key)[..4])
}
