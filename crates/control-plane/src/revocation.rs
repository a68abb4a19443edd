//! Break-glass certificates: names of their signers, and taking all of a signer's certificates back.
//!
//! A request first has the signer's certificate saved, then a new signer takes its place while the former still counts, and when
//! every API server knows the new one, the former counts no more. kube-apiserver takes up a changed bundle by itself, but within
//! minutes and without saying so: here it starts anew, so that the end of a step can be seen.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use hoist_api::certificates::{CertificateRevocationRequest, RevocationConditionType, SignerClass};
use hoist_pki::table::control_plane::{BreakGlass, BreakGlassClass, CUSTOMER_BREAK_GLASS, SRE_BREAK_GLASS};
use hoist_pki::table::names;
use hoist_pki::{CertificateFacts, pin};
use hoist_plan::Plan;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use sha2::{Digest as _, Sha256};

use crate::Pki;

/// ConfigMap whose change makes kube-apiserver start anew.
pub const SIGNERS: &str = "kas-break-glass-signers";
/// Key in it: fingerprints of the signers' keys, a line each. A renewed certificate of the same key is no change.
pub const SIGNERS_KEY: &str = "fingerprints";
/// Domain of the names of signers. HyperShift's.
const DOMAIN: &str = "hypershift.openshift.io";

/// What the certificates of a class are made of.
pub fn class(class: SignerClass) -> BreakGlassClass {
    match class {
        SignerClass::CustomerBreakGlass => CUSTOMER_BREAK_GLASS,
        SignerClass::SreBreakGlass => SRE_BREAK_GLASS,
    }
}

/// What certificate requests name as their signer.
pub fn signer_name(namespace: &str, class: SignerClass) -> String {
    format!("{DOMAIN}/{namespace}.{class}")
}

/// Control plane namespace and class of a signer's name; `None` when it is another's.
pub fn parse_signer_name(name: &str) -> Option<(String, SignerClass)> {
    let (namespace, class) = name.strip_prefix(DOMAIN)?.strip_prefix('/')?.rsplit_once('.')?;
    let is_it = |candidate: &SignerClass| candidate.as_ref() == class;
    let class = [SignerClass::CustomerBreakGlass, SignerClass::SreBreakGlass].into_iter().find(is_it)?;
    (!namespace.is_empty()).then(|| (namespace.to_owned(), class))
}

/// A request as a pass finds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Revocation {
    /// The request.
    pub request: CertificateRevocationRequest,
    /// Secret that keeps the former authority's certificate.
    pub previous_name: String,
    /// That certificate; `None` while there is no signer at all.
    pub previous: Option<String>,
    /// Whether the request's status says so already: only then the signer may change.
    pub is_announced: bool,
}

/// All requests of a control plane, given its Secrets as they are.
pub fn begin(requests: &[CertificateRevocationRequest], existing: &[Secret]) -> Vec<Revocation> {
    let certificate = |name: &str| {
        let secret = existing.iter().find(|secret| secret.metadata.name.as_deref() == Some(name))?;
        let value = secret.data.as_ref()?.get(names::CA_CERTIFICATE_KEY)?;
        String::from_utf8(value.0.clone()).ok()
    };
    let begin_one = |request: &CertificateRevocationRequest| {
        let signer = class(request.spec.signer_class).signer;
        let metadata = &request.metadata;
        let uid = metadata.uid.as_deref().or(metadata.name.as_deref()).unwrap_or_default();
        let previous_name = format!("{signer}-{}", HEXLOWER.encode(&Sha256::digest(uid)[..5]));
        let saved = certificate(&previous_name);
        let is_announced =
            saved.is_some() && request.status.as_ref().is_some_and(|status| status.revocation_timestamp.is_some());
        Revocation {
            request: request.clone(),
            previous: saved.or_else(|| certificate(signer)),
            previous_name,
            is_announced,
        }
    };
    requests.iter().map(begin_one).collect()
}

impl Revocation {
    /// What the class is made of.
    pub fn class(&self) -> BreakGlassClass {
        class(self.request.spec.signer_class)
    }

    /// Whether a condition of the request was published as true.
    pub fn is(&self, type_: RevocationConditionType) -> bool {
        let conditions = self.request.status.iter().flat_map(|status| &status.conditions);
        conditions.into_iter().any(|condition| condition.type_ == type_.as_ref() && condition.status == "True")
    }

    /// Whether the signer still has the key that is taken back.
    pub fn is_same_signer(&self, certificate: &str) -> bool {
        let key = |text: &str| CertificateFacts::from_pem(text).ok().map(|facts| facts.public_key);
        self.previous.as_deref().is_some_and(|previous| key(previous).is_some() && key(previous) == key(certificate))
    }

    /// The former authority, as long as it counts.
    fn still_trusted(&self) -> Option<&str> {
        let counts = self.is_announced && !self.is(RevocationConditionType::NewCertificatesTrusted);
        self.previous.as_deref().filter(|_| counts)
    }
}

/// The Secrets that certificates are made from: without signers that are to be made anew.
pub fn kept(existing: Vec<Secret>, revocations: &[Revocation]) -> Vec<Secret> {
    let is_over = |secret: &Secret| {
        revocations.iter().any(|revocation| {
            let certificate = secret.data.as_ref().and_then(|data| data.get(names::CA_CERTIFICATE_KEY));
            let text = certificate.and_then(|value| std::str::from_utf8(&value.0).ok());
            revocation.is_announced
                && secret.metadata.name.as_deref() == Some(revocation.class().signer)
                && text.is_some_and(|text| revocation.is_same_signer(text))
        })
    };
    existing.into_iter().filter(|secret| !is_over(secret)).collect()
}

/// Former authorities that still count.
pub fn former(revocations: &[Revocation]) -> BreakGlass {
    let of = |wanted: BreakGlassClass| {
        let own = revocations.iter().filter(|revocation| revocation.class() == wanted);
        let mut all: Vec<&str> = own.filter_map(Revocation::still_trusted).collect();
        all.dedup();
        all.concat()
    };
    BreakGlass { former_customer: of(CUSTOMER_BREAK_GLASS), former_sre: of(SRE_BREAK_GLASS) }
}

/// The Secrets that keep former authorities' certificates; never their keys.
pub fn secrets(plan: &Plan, revocations: &[Revocation]) -> Vec<Secret> {
    let secret = |revocation: &Revocation| {
        let certificate = revocation.previous.clone()?;
        let data = BTreeMap::from([(names::CA_CERTIFICATE_KEY.to_owned(), ByteString(certificate.into_bytes()))]);
        Some(Secret {
            metadata: plan.identity.metadata(&revocation.previous_name),
            type_: Some("Opaque".to_owned()),
            data: Some(data),
            ..Secret::default()
        })
    };
    revocations.iter().filter_map(secret).collect()
}

/// The ConfigMap [`SIGNERS`].
pub fn signers(plan: &Plan, pki: &Pki) -> ConfigMap {
    let bundles =
        [CUSTOMER_BREAK_GLASS.bundle, SRE_BREAK_GLASS.bundle].map(|name| pki.bundle(name).unwrap_or_default());
    let mut lines = String::new();
    for facts in bundles.iter().flat_map(|bundle| CertificateFacts::all_from_pem(bundle).unwrap_or_default()) {
        lines.push_str(&pin::fingerprint(&facts.public_key));
        lines.push('\n');
    }
    ConfigMap {
        metadata: plan.identity.metadata(SIGNERS),
        data: Some(BTreeMap::from([(SIGNERS_KEY.to_owned(), lines)])),
        ..ConfigMap::default()
    }
}

#[cfg(test)]
mod tests;
