//! Names that become names of namespaces, and the token issuer, which becomes part of every token.

use super::{Findings, Inputs};

/// Longest name of a namespace.
const LABEL_LENGTH: usize = 63;

pub(super) fn check(inputs: &Inputs<'_>, findings: &mut Findings) {
    let identity = inputs.identity;
    let name = &identity.hosted_cluster_name;
    if !is_label(&name.replace('.', "-")) {
        findings.invalid::<()>(format!(
            "metadata.name {name:?} cannot name a cluster: expected lower-case letters, digits and `-`, beginning and ending \
             with a letter or digit; create the cluster under another name"
        ));
    } else if identity.namespace.len() > LABEL_LENGTH {
        findings.invalid::<()>(format!(
            "the control plane namespace of {}/{name} would be {:?}, which has {} characters: a namespace has at most \
             {LABEL_LENGTH}; choose a shorter name for the cluster",
            identity.hosted_cluster_namespace,
            identity.namespace,
            identity.namespace.len(),
        ));
    }
    let issuer = &inputs.spec.issuer_url;
    if !issuer.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' '])) {
        findings.invalid::<()>(format!(
            "spec.issuerURL {issuer:?} is no issuer: expected an https:// URL without query and fragment; leave it out for \
             https://kubernetes.default.svc"
        ));
    }
}

/// Whether `text` is a DNS-1123 label.
fn is_label(text: &str) -> bool {
    (1..=LABEL_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
