//! Certificate requests as a kubelet, or somebody who would like to be one, sends them.

use anyhow::Context;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};

/// Signer of kubelets' client certificates.
pub const CLIENT: &str = "kubernetes.io/kube-apiserver-client-kubelet";
/// Signer of kubelets' serving certificates.
pub const SERVING: &str = "kubernetes.io/kubelet-serving";

/// A CertificateSigningRequest object for a certificate of node `node`, valid for `names`.
pub fn of_node(object: &str, signer: &str, node: &str, names: &[&str]) -> anyhow::Result<Value> {
    let mut parameters = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::OrganizationName, "system:nodes");
    parameters.distinguished_name.push(DnType::CommonName, format!("system:node:{node}"));
    let key = KeyPair::generate()?;
    let pem = parameters.serialize_request(&key)?.pem()?;
    let purpose = if signer == CLIENT { "client auth" } else { "server auth" };
    Ok(json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": object},
        "spec": {"request": STANDARD.encode(pem), "signerName": signer, "usages": ["digital signature", purpose]},
    }))
}

/// A CertificateSigningRequest object for a client certificate of `user` in `group`, and the key, PEM.
pub fn of_user(object: &str, signer: &str, user: &str, group: &str) -> anyhow::Result<(Value, String)> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::OrganizationName, group);
    parameters.distinguished_name.push(DnType::CommonName, user);
    let key = KeyPair::generate()?;
    let pem = parameters.serialize_request(&key)?.pem()?;
    let request = json!({
        "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": object},
        "spec": {
            "request": STANDARD.encode(pem), "signerName": signer, "usages": ["digital signature", "client auth"],
            "expirationSeconds": 3600
        },
    });
    Ok((request, key.serialize_pem()))
}

/// A request with a key of its own, PEM, as a joining host sends it.
pub fn of_host() -> anyhow::Result<String> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = DistinguishedName::new();
    parameters.serialize_request(&KeyPair::generate()?)?.pem().context("no PEM")
}

/// A private key that belongs to nobody, PEM.
pub fn another_key() -> anyhow::Result<String> {
    Ok(KeyPair::generate()?.serialize_pem())
}
