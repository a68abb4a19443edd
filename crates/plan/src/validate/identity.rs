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
    if !is_issuer(issuer) {
        findings.invalid::<()>(format!(
            "spec.issuerURL {issuer:?} is no issuer: expected an https:// URL without query and fragment; leave it out for \
             https://kubernetes.default.svc"
        ));
    }
}

/// Whether kube-apiserver starts with `text` as issuer, and clients find its keys there.
fn is_issuer(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    !host.is_empty()
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte))
}

/// Whether `text` is a DNS-1123 label.
fn is_label(text: &str) -> bool {
    (1..=LABEL_LENGTH).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}
