//! Encryption of Secrets and ConfigMaps at rest with AES-CBC.

pub mod rotation;

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use data_encoding::HEXLOWER;
use hoist_plan::Plan;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Name of the Secret. HyperShift's.
pub const SECRET: &str = "kas-secret-encryption-config-file";
/// Key in it.
pub const KEY: &str = "config.yaml";
/// What is encrypted, by the names that the API has for it.
pub const RESOURCES: [&str; 2] = ["secrets", "configmaps"];

/// A key of AES-CBC: 32 bytes; validation saw to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Vec<u8>);

impl Key {
    /// The key of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The name goes into every stored value, so it must stay the same for the same key whatever its place in the list.
    pub fn name(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.0)[..4])
    }

    /// What tells it from every other key, and nothing else about it: 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(&self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Key").field(&self.name()).finish()
    }
}

/// What kube-apiserver knows of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// All of them decrypt; the first encrypts.
    pub keys: Vec<Key>,
    /// Nothing is encrypted yet: the first key that a cluster ever gets must be known everywhere before one server uses it.
    pub writes_plain: bool,
}

impl Keys {
    /// These keys, of which the first encrypts.
    pub fn encrypting(keys: Vec<Key>) -> Self {
        Self { keys, writes_plain: false }
    }
}

/// The Secret that kube-apiserver reads. What was written before encryption is read as it is.
pub fn secret(plan: &Plan, keys: &Keys) -> Secret {
    let own: Vec<_> =
        keys.keys.iter().map(|key| json!({"name": key.name(), "secret": STANDARD.encode(&key.0)})).collect();
    let mut providers = vec![json!({"aescbc": {"keys": own}}), json!({"identity": {}})];
    if keys.writes_plain {
        providers.reverse();
    }
    let configuration = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "EncryptionConfiguration",
        "resources": [{"resources": RESOURCES, "providers": providers}],
    });
    Secret {
        metadata: plan.identity.metadata(SECRET),
        type_: Some("Opaque".to_owned()),
        data: Some(BTreeMap::from([(KEY.to_owned(), ByteString(configuration.to_string().into_bytes()))])),
        ..Secret::default()
    }
}

/// What [`secret`] said; `None` when it is not of its making.
pub fn read(secret: &Secret) -> Option<Keys> {
    let configuration: Value = serde_json::from_slice(&secret.data.as_ref()?.get(KEY)?.0).ok()?;
    let providers = configuration["resources"][0]["providers"].as_array()?;
    let place = |name: &str| providers.iter().position(|provider| provider.get(name).is_some());
    let aescbc = place("aescbc")?;
    let decode = |key: &Value| Some(Key(STANDARD.decode(key["secret"].as_str()?).ok()?));
    let keys = providers[aescbc]["aescbc"]["keys"].as_array()?.iter().map(decode).collect::<Option<Vec<Key>>>()?;
    (!keys.is_empty()).then(|| Keys { keys, writes_plain: place("identity").is_some_and(|identity| identity < aescbc) })
}
