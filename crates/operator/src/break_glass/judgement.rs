//! Whether a break-glass certificate is signed: a pure judgement with a reason for every refusal.

use std::collections::BTreeSet;

use hoist_api::certificates::SignerClass;
use hoist_control_plane::revocation::class;
use hoist_pki::{CertificateRequest, Leaf, Usage, lifetime};
use jiff::SignedDuration;
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;

/// Group of those who may do everything.
const MASTERS: &str = "system:masters";
/// What a client certificate is for; a key of RSA may ask for encipherment too.
const USAGES: [&str; 3] = ["client auth", "digital signature", "key encipherment"];

/// What is signed.
#[derive(Debug)]
pub struct Judged {
    /// The key.
    pub request: CertificateRequest,
    /// What is said of it.
    pub leaf: Leaf,
}

/// What is to be signed, or why nothing will ever be.
pub fn judge(request: &CertificateSigningRequest, signer: SignerClass) -> Result<Judged, String> {
    let prefix = class(signer).user_prefix;
    let text = std::str::from_utf8(&request.spec.request.0).map_err(|_| "spec.request is no PEM text".to_owned())?;
    let content = CertificateRequest::from_pem(text).map_err(|error| format!("spec.request: {error}"))?;
    let subject = &content.subject;
    if subject.common_name.strip_prefix(prefix).is_none_or(str::is_empty) {
        return Err(format!(
            "spec.request names user {:?}: expected a common name that begins with {prefix:?}, such as \"{prefix}admin\"",
            subject.common_name
        ));
    }
    let reserved = subject.organizations.iter().find(|group| group.starts_with("system:") && *group != MASTERS);
    if let Some(group) = reserved {
        return Err(format!(
            "spec.request asks for group {group:?}, which is Kubernetes' own: expected {MASTERS:?} or groups of yours"
        ));
    }
    if !content.names.is_empty() || content.has_other_names {
        return Err("spec.request asks for alternative names: a client certificate has none".to_owned());
    }
    let asked: BTreeSet<&str> = request.spec.usages.iter().flatten().map(String::as_str).collect();
    let is_client = asked.contains(USAGES[0]);
    if let Some(other) = asked.iter().find(|usage| !USAGES.contains(usage)) {
        return Err(format!("spec.usages has {other:?}: expected \"client auth\" and \"digital signature\""));
    }
    if !is_client {
        return Err("spec.usages lacks \"client auth\"".to_owned());
    }
    let wanted = request.spec.expiration_seconds.map(|seconds| SignedDuration::from_secs(seconds.into()));
    let leaf = Leaf {
        subject: subject.clone(),
        names: Vec::new(),
        usage: Usage::Client,
        lifetime: wanted.unwrap_or(lifetime::BREAK_GLASS).min(lifetime::BREAK_GLASS),
    };
    Ok(Judged { request: content, leaf })
}
