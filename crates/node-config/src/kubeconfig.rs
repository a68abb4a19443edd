//! kubeconfig files of a node.
//!
//! Credentials are embedded where they are short-lived and named by path where kubelet renews them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

/// How a client proves who it is.
#[derive(Clone)]
pub enum Credential<'a> {
    /// Certificate chain and key as PEM, embedded.
    Embedded {
        /// PEM.
        certificate: &'a str,
        /// PEM.
        key: &'a str,
    },
    /// Paths on the host.
    Files {
        /// Path.
        certificate: &'a str,
        /// Path.
        key: &'a str,
    },
}

/// A kubeconfig with one cluster and one user.
pub fn kubeconfig(server: &str, certificate_authority_pem: &str, credential: &Credential<'_>) -> String {
    let user = match credential {
        Credential::Embedded { certificate, key } => json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        }),
        Credential::Files { certificate, key } => {
            json!({"client-certificate": certificate, "client-key": key})
        }
    };
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {
            "server": server,
            "certificate-authority-data": STANDARD.encode(certificate_authority_pem),
        }}],
        "users": [{"name": "node", "user": user}],
        "contexts": [{"name": "node", "context": {"cluster": "cluster", "user": "node"}}],
        "current-context": "node",
    });
    serde_saphyr::to_string(&document).expect("a tree of JSON values is always YAML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lived_credentials_are_embedded() {
        let credential = Credential::Embedded { certificate: "CERTIFICATE", key: "KEY" };
        insta::assert_snapshot!(kubeconfig("https://172.20.0.1:6443", "CA", &credential));
    }

    #[test]
    fn renewed_credentials_are_named_by_path() {
        let credential = Credential::Files { certificate: "/c.pem", key: "/k.pem" };
        let text = kubeconfig("https://172.20.0.1:6443", "CA", &credential);
        assert!(text.contains("client-certificate: /c.pem") && text.contains("client-key: /k.pem"), "{text}");
    }
}
