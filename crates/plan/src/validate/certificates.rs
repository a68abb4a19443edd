//! Certificates for names of the user's own, and the user's own authorities of client certificates.

use std::net::IpAddr;

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::hosted_cluster::configuration::api_server::{ApiServerNamedServingCert, ApiServerSpec};
use hoist_pki::{AlternativeName, CertificateFacts, keys};
use jiff::SignedDuration;

use super::secrets::{authorities, value};
use super::{Findings, Inputs};
use crate::certificates::{NamedCertificate, matches};
use crate::network::CLUSTER_DOMAIN;
use crate::{Finding, Network, Publishing};

const FIELD: &str = "spec.configuration.apiServer.servingCerts.namedCertificates";
const CREATE: &str = "kubectl create secret tls NAME --cert=FILE --key=FILE";
/// Longest name of an object, less what is put before the name of a copy.
const LONGEST_NAME: usize = 230;
/// So long before its end a certificate is told of.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the API server is reached by already.
pub(super) struct OwnNames(Vec<String>);

impl OwnNames {
    pub(super) fn new(inputs: &Inputs<'_>, network: Option<&Network>, publishing: Option<&Publishing>) -> Self {
        let namespace = &inputs.identity.namespace;
        let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        for (service, namespace, domain) in
            [("kubernetes", "default", CLUSTER_DOMAIN), ("kube-apiserver", namespace, CLUSTER_DOMAIN)]
        {
            names.extend([
                service.to_owned(),
                format!("{service}.{namespace}"),
                format!("{service}.{namespace}.svc"),
                format!("{service}.{namespace}.svc.{domain}"),
            ]);
        }
        names.extend(
            network
                .iter()
                .flat_map(|network| [network.node_api.ip(), network.kubernetes_service_ip])
                .map(|ip: IpAddr| ip.to_string()),
        );
        names.extend(publishing.and_then(|publishing| publishing.api_server.host()).map(str::to_owned));
        Self(names)
    }

    /// An own name that a certificate's name stands for too.
    fn hidden_by(&self, pattern: &str) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|own| matches(pattern, own))
    }
}

pub(super) fn named(
    inputs: &Inputs<'_>,
    api_server: &ApiServerSpec,
    own: &OwnNames,
    findings: &mut Findings,
) -> Vec<NamedCertificate> {
    let certificates =
        api_server.serving_certs.iter().flat_map(|certificates| certificates.named_certificates.iter().flatten());
    let mut ends = Vec::new();
    let mut checked: Vec<NamedCertificate> = Vec::new();
    for (index, certificate) in certificates.enumerate() {
        let field = format!("{FIELD}[{index}]");
        let Some((found, facts)) = one(inputs, &field, certificate, own, findings) else { continue };
        let earlier = checked.iter().find(|earlier| earlier.names.iter().any(|name| found.names.contains(name)));
        if let Some(earlier) = earlier {
            findings.invalid::<()>(format!(
                "{field}: Secret {:?} and Secret {:?} before it are for the same name: list each name once",
                found.secret, earlier.secret
            ));
            continue;
        }
        ends.push((found.secret.clone(), facts));
        checked.push(found);
    }
    tell_ends(inputs, &ends, findings);
    checked
}

fn one(
    inputs: &Inputs<'_>,
    field: &str,
    certificate: &ApiServerNamedServingCert,
    own: &OwnNames,
    findings: &mut Findings,
) -> Option<(NamedCertificate, CertificateFacts)> {
    let secret = certificate.serving_certificate.as_ref().map(|reference| reference.name.as_str()).unwrap_or_default();
    if secret.is_empty() || secret.len() > LONGEST_NAME {
        return findings.invalid(format!(
            "{field}.servingCertificate.name is {}: expected the name of a Secret of at most {LONGEST_NAME} characters ({CREATE})",
            if secret.is_empty() { "empty" } else { "too long" }
        ));
    }
    let field = &format!("{field}.servingCertificate");
    let certificate_pem = text(inputs, field, secret, "tls.crt", findings)?;
    let key_pem = text(inputs, field, secret, "tls.key", findings)?;
    let facts = match CertificateFacts::all_from_pem(certificate_pem) {
        Ok(chain) => chain.into_iter().next()?,
        Err(error) => return findings.invalid(format!("{field}: key `tls.crt` of Secret {secret:?}: {error}")),
    };
    match keys::public_half(key_pem) {
        Ok(public_key) if public_key == facts.public_key => {}
        Ok(_) => {
            return findings.invalid(format!(
                "{field}: keys `tls.crt` and `tls.key` of Secret {secret:?} do not belong together: expected the private key of the first certificate in `tls.crt`"
            ));
        }
        Err(error) => return findings.invalid(format!("{field}: key `tls.key` of Secret {secret:?}: {error}")),
    }
    let spoken_for: Vec<String> = facts.names.iter().map(ToString::to_string).collect();
    let listed = certificate.names.clone().unwrap_or_default();
    let are_listed = !listed.is_empty();
    let names = if are_listed { listed } else { spoken_for.clone() };
    if names.is_empty() {
        return findings.invalid(format!(
            "{field}: the certificate in Secret {secret:?} has no alternative names: name those that it shall be shown for in `names`, or use one that has them"
        ));
    }
    for name in &names {
        check_name(field, secret, name, are_listed, &facts, own, findings)?;
    }
    Some((NamedCertificate { secret: secret.to_owned(), names, are_listed }, facts))
}

fn text<'a>(inputs: &Inputs<'a>, field: &str, secret: &str, key: &str, findings: &mut Findings) -> Option<&'a str> {
    let bytes = value(inputs, field, secret, key, CREATE, findings)?;
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(_) => findings.invalid(format!("{field}: key `{key}` of Secret {secret:?} is no PEM text")),
    }
}

fn check_name(
    field: &str,
    secret: &str,
    name: &str,
    is_listed: bool,
    facts: &CertificateFacts,
    own: &OwnNames,
    findings: &mut Findings,
) -> Option<()> {
    if let Some(hidden) = own.hidden_by(name) {
        return findings.invalid(format!(
            "{field}: the certificate in Secret {secret:?} is for {name:?}, and the API server's own certificate is shown for {hidden:?}, by which nodes and the control plane reach it: use a name of yours, such as spec.kubeAPIServerDNSName"
        ));
    }
    if !is_listed {
        return Some(());
    }
    let is_name = |label: &str| {
        !label.is_empty()
            && label.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !name.strip_prefix("*.").unwrap_or(name).split('.').all(is_name) {
        return findings.invalid(format!(
            "{field}: {name:?} in `names` is no DNS name: expected one such as api.example.com or *.example.com"
        ));
    }
    let speaks_for = |spoken: &AlternativeName| {
        let spoken = spoken.to_string();
        matches(&spoken, name) || spoken.eq_ignore_ascii_case(name)
    };
    if facts.names.iter().any(speaks_for) {
        return Some(());
    }
    let names: Vec<String> = facts.names.iter().map(ToString::to_string).collect();
    findings.invalid(format!(
        "{field}: {name:?} in `names` is none that the certificate in Secret {secret:?} speaks for ({}): clients would refuse it",
        names.join(", ")
    ))
}

/// A certificate that ends is not refused: everything else of the cluster would stop with it.
fn tell_ends(inputs: &Inputs<'_>, certificates: &[(String, CertificateFacts)], findings: &mut Findings) {
    let Some((_, first)) = certificates.iter().min_by_key(|(_, facts)| facts.not_after) else { return };
    let now = inputs.observed.now;
    let ending: Vec<String> = certificates
        .iter()
        .filter(|(_, facts)| facts.not_after.duration_since(now) < EXPIRES_SOON)
        .map(|(secret, facts)| format!("the certificate in Secret {secret:?} ends at {}", facts.not_after))
        .collect();
    let (status, reason, message) = if ending.is_empty() {
        (true, Reason::AsExpected, format!("the first of the named certificates ends at {}", first.not_after))
    } else {
        let reason = if first.not_after <= now { Reason::CertificateExpired } else { Reason::CertificateExpiring };
        (
            false,
            reason,
            format!("{}; replace `tls.crt` and `tls.key`: they are taken up without a restart", ending.join("; ")),
        )
    };
    findings.notice(Finding { condition: ConditionType::ServingCertificatesValid, status, reason, message });
}

/// Name of the ConfigMap with the user's own authorities of client certificates.
pub(super) fn client_authorities(
    inputs: &Inputs<'_>,
    api_server: &ApiServerSpec,
    findings: &mut Findings,
) -> Option<String> {
    let name =
        api_server.client_ca.as_ref().map(|reference| reference.name.as_str()).filter(|name| !name.is_empty())?;
    authorities(inputs, "spec.configuration.apiServer.clientCA", name, findings).map(|_| name.to_owned())
}

#[cfg(test)]
mod tests;
