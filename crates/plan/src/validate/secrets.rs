//! What the spec refers to: Secrets and ConfigMaps that exist and hold what they should. Their contents never reach a message.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hoist_api::hosted_cluster::SecretEncryptionType;
use serde_json::Value;

use super::{Findings, Inputs};
use crate::Encryption;

/// Length of an AES-256 key.
const ENCRYPTION_KEY_LENGTH: usize = 32;
const DOCKER_CONFIGURATION: &str = ".dockerconfigjson";
const SSH_KEY: &str = "id_rsa.pub";
const TRUST_BUNDLE: &str = "ca-bundle.crt";
const KEY: &str = "key";
/// First words of public keys as OpenSSH writes them.
const SSH_KEY_TYPES: [&str; 4] = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-sha2-"];

/// Names of what was checked and is read later.
pub(super) struct Secrets {
    pub encryption: Option<Encryption>,
    pub trust_bundle: Option<String>,
    pub service_account_signing_key: Option<String>,
}

pub(super) fn secrets(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Secrets> {
    let before = findings.refusals.len();
    pull_secret(inputs, findings);
    ssh_key(inputs, findings);
    let encryption = encryption(inputs, findings);
    let trust_bundle = trust_bundle(inputs, findings);
    let service_account_signing_key = signing_key(inputs, findings);
    (findings.refusals.len() == before).then_some(Secrets { encryption, trust_bundle, service_account_signing_key })
}

/// The value of `key` in Secret `name`, or a finding.
pub(super) fn value<'a>(
    inputs: &Inputs<'a>,
    field: &str,
    name: &str,
    key: &str,
    create: &str,
    findings: &mut Findings,
) -> Option<&'a [u8]> {
    let Some(secret) = inputs.observed.secrets.get(name) else {
        return findings.invalid(format!(
            "{field} names Secret {name:?}, which does not exist: create it in the namespace of the HostedCluster ({create})"
        ));
    };
    match secret.get(key) {
        Some(value) => Some(value),
        None => findings.invalid(format!("{field}: Secret {name:?} has no key `{key}`: add it ({create})")),
    }
}

fn pull_secret(inputs: &Inputs<'_>, findings: &mut Findings) {
    const FIELD: &str = "spec.pullSecret";
    const CREATE: &str = "kubectl create secret generic NAME --type=kubernetes.io/dockerconfigjson \
                          --from-file=.dockerconfigjson=FILE";
    let name = inputs.spec.pull_secret.name.as_str();
    if name.is_empty() {
        findings.invalid::<()>(format!("{FIELD}.name is empty: name a Secret with registry credentials ({CREATE})"));
        return;
    }
    let Some(bytes) = value(inputs, FIELD, name, DOCKER_CONFIGURATION, CREATE, findings) else { return };
    if let Err(problem) = check_docker_configuration(bytes) {
        findings.invalid::<()>(format!(
            "{FIELD}: key `{DOCKER_CONFIGURATION}` of Secret {name:?} {problem}: expected the JSON of registry credentials, \
             {{\"auths\": {{\"REGISTRY\": {{\"auth\": \"…\"}}}}}}"
        ));
    }
}

fn check_docker_configuration(bytes: &[u8]) -> Result<(), &'static str> {
    let configuration: Value = serde_json::from_slice(bytes).map_err(|_| "is no JSON")?;
    let auths = configuration.get("auths").and_then(Value::as_object).ok_or("has no object `auths`")?;
    for entry in auths.values() {
        let entry = entry.as_object().ok_or("has an entry that is no object")?;
        if let Some(auth) = entry.get("auth") {
            let decoded = auth.as_str().and_then(|text| STANDARD.decode(text.trim()).ok());
            if !decoded.is_some_and(|pair| pair.contains(&b':')) {
                return Err("has an `auth` that is not the base64 of `user:password`");
            }
        }
    }
    Ok(())
}

fn ssh_key(inputs: &Inputs<'_>, findings: &mut Findings) {
    const FIELD: &str = "spec.sshKey";
    const CREATE: &str = "kubectl create secret generic NAME --from-file=id_rsa.pub=FILE";
    let name = inputs.spec.ssh_key.name.as_str();
    if name.is_empty() {
        return;
    }
    let Some(bytes) = value(inputs, FIELD, name, SSH_KEY, CREATE, findings) else { return };
    let is_key = std::str::from_utf8(bytes).is_ok_and(|text| {
        let mut words = text.split_whitespace();
        let is_type = words.next().is_some_and(|word| SSH_KEY_TYPES.iter().any(|prefix| word.starts_with(prefix)));
        is_type && words.next().is_some_and(|word| STANDARD.decode(word).is_ok_and(|key| key.len() > 16))
    });
    if !is_key {
        findings.invalid::<()>(format!(
            "{FIELD}: key `{SSH_KEY}` of Secret {name:?} is no public key: expected one line such as `ssh-ed25519 AAAA… comment`"
        ));
    }
}

fn encryption(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<Encryption> {
    const FIELD: &str = "spec.secretEncryption";
    let spec = inputs.spec.secret_encryption.as_ref()?;
    if spec.type_ == SecretEncryptionType::Kms {
        return findings.invalid(format!(
            "{FIELD}.type kms is not served by this version of Hoist, which serves aescbc: create the cluster with it"
        ));
    }
    let Some(keys) = &spec.aescbc else {
        return findings.invalid(format!("{FIELD}.aescbc is missing: name the Secret of the key in aescbc.activeKey"));
    };
    let active = encryption_key(inputs, &format!("{FIELD}.aescbc.activeKey"), &keys.active_key.name, findings);
    let backup_key = match &keys.backup_key {
        Some(backup) if !backup.name.is_empty() => {
            Some(encryption_key(inputs, &format!("{FIELD}.aescbc.backupKey"), &backup.name, findings)?)
        }
        _ => None,
    };
    Some(Encryption { active_key: active?, backup_key })
}

fn encryption_key(inputs: &Inputs<'_>, field: &str, name: &str, findings: &mut Findings) -> Option<String> {
    const CREATE: &str = "head -c 32 /dev/urandom > FILE && kubectl create secret generic NAME --from-file=key=FILE";
    let bytes = value(inputs, field, name, KEY, CREATE, findings)?;
    if bytes.len() == ENCRYPTION_KEY_LENGTH {
        return Some(name.to_owned());
    }
    findings.invalid(format!(
        "{field}: key `{KEY}` of Secret {name:?} has {} bytes: expected {ENCRYPTION_KEY_LENGTH} ({CREATE})",
        bytes.len()
    ))
}

fn trust_bundle(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<String> {
    const FIELD: &str = "spec.additionalTrustBundle";
    let name = inputs.spec.additional_trust_bundle.as_ref().map(|reference| reference.name.as_str())?;
    if name.is_empty() {
        return None;
    }
    trusted(inputs, FIELD, name, findings)
}

/// The name of a ConfigMap whose bundle holds certificates, or a finding.
pub(super) fn trusted(inputs: &Inputs<'_>, field: &str, name: &str, findings: &mut Findings) -> Option<String> {
    let text = bundle(inputs, field, name, findings)?;
    match hoist_pki::CertificateFacts::from_pem(text) {
        Ok(_) => Some(name.to_owned()),
        Err(error) => findings.invalid(format!("{field}: key `{TRUST_BUNDLE}` of ConfigMap {name:?}: {error}")),
    }
}

/// The bundle of certificates in ConfigMap `name`, or a finding.
fn bundle<'a>(inputs: &Inputs<'a>, field: &str, name: &str, findings: &mut Findings) -> Option<&'a str> {
    match config_map(inputs, field, name, TRUST_BUNDLE, findings)?.get(TRUST_BUNDLE) {
        Some(text) => Some(text),
        None => findings.invalid(format!("{field}: ConfigMap {name:?} has no key `{TRUST_BUNDLE}`: add it")),
    }
}

/// ConfigMap `name`, which should have keys such as `key`, or a finding.
pub(super) fn config_map<'a>(
    inputs: &Inputs<'a>,
    field: &str,
    name: &str,
    key: &str,
    findings: &mut Findings,
) -> Option<&'a BTreeMap<String, String>> {
    let found = inputs.observed.config_maps.get(name);
    if found.is_none() {
        findings.invalid::<()>(format!(
            "{field} names ConfigMap {name:?}, which does not exist: create it in the namespace of the HostedCluster \
             (kubectl create configmap NAME --from-file={key}=FILE)"
        ));
    }
    found
}

/// The PEM of authorities in ConfigMap `name`, or a finding.
pub(super) fn authorities<'a>(
    inputs: &Inputs<'a>,
    field: &str,
    name: &str,
    findings: &mut Findings,
) -> Option<&'a str> {
    let text = bundle(inputs, field, name, findings)?;
    match hoist_pki::CertificateFacts::all_from_pem(text) {
        Ok(all) if all.iter().all(|facts| facts.is_authority) => Some(text),
        Ok(_) => findings.invalid(format!(
            "{field}: key `{TRUST_BUNDLE}` of ConfigMap {name:?} holds a certificate that is not that of an authority: expected certificates of authorities alone"
        )),
        Err(error) => findings.invalid(format!("{field}: key `{TRUST_BUNDLE}` of ConfigMap {name:?}: {error}")),
    }
}

fn signing_key(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<String> {
    const FIELD: &str = "spec.serviceAccountSigningKey";
    const CREATE: &str = "openssl genrsa -out FILE 4096 && kubectl create secret generic NAME --from-file=key=FILE";
    let name = inputs.spec.service_account_signing_key.as_ref().map(|reference| reference.name.as_str())?;
    if name.is_empty() {
        return None;
    }
    let bytes = value(inputs, FIELD, name, KEY, CREATE, findings)?;
    let is_key = std::str::from_utf8(bytes).is_ok_and(|pem| hoist_pki::keys::check_signing_key(pem).is_ok());
    if is_key {
        return Some(name.to_owned());
    }
    findings.invalid(format!(
        "{FIELD}: key `{KEY}` of Secret {name:?} is no private key: expected the PEM of an RSA key ({CREATE})"
    ))
}
