//! What a cluster needs besides itself: credentials, keys, authorities.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_api::labels;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::apply::Object;
use crate::args::cluster::ClusterFlags;
use crate::commands::cluster::create::input::Input;

use super::TRUST_BUNDLE;

/// Ends the name of the Secret with the key of the encryption at rest.
pub const ENCRYPTION_KEY_SUFFIX: &str = "-etcd-encryption-key";
/// Ends the name of the Secret with a kubeconfig of the cluster that runs the virtual machines.
const INFRA_CREDENTIALS_SUFFIX: &str = "-infra-credentials";

/// Whether HyperShift tells of an object after the HostedCluster.
pub fn comes_after_the_cluster(object: &Object) -> bool {
    object.kind() == "Secret"
        && [ENCRYPTION_KEY_SUFFIX, INFRA_CREDENTIALS_SUFFIX].iter().any(|suffix| object.name().ends_with(suffix))
}

/// The ConfigMap of `--additional-trust-bundle`.
pub fn trust_bundle(flags: &ClusterFlags, bundle: &str) -> Object {
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

/// All Secrets, in the order in which HyperShift renders them.
pub fn secrets(flags: &ClusterFlags, input: &Input) -> Vec<Object> {
    let secret = |suffix: &str, data: &Value| secret(flags, suffix, data, None);
    let mut secrets =
        vec![secret("-pull-secret", &json!({".dockerconfigjson": STANDARD.encode(input.pull_secret.expose_secret())}))];
    if let Some(key) = &input.ssh_key {
        let mut data = json!({"id_rsa.pub": STANDARD.encode(&key.public)});
        if let Some(private) = &key.private {
            data["id_rsa"] = STANDARD.encode(private.expose_secret()).into();
        }
        secrets.push(secret("-ssh-key", &data));
    }
    if let Some(kubeconfig) = &input.platform.infra_kubeconfig {
        secrets.push(secret(INFRA_CREDENTIALS_SUFFIX, &json!({"kubeconfig": STANDARD.encode(kubeconfig)})));
    }
    let key = json!({"key": STANDARD.encode(input.encryption_key.expose_secret())});
    secrets.push(self::secret(flags, ENCRYPTION_KEY_SUFFIX, &key, Some("Opaque")));
    secrets
}

fn secret(flags: &ClusterFlags, suffix: &str, data: &Value, kind: Option<&str>) -> Object {
    let mut manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": format!("{}{suffix}", flags.name),
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
