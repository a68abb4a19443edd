//! `spec.configuration` of kube-apiserver, and the audit webhook.

use hoist_api::hosted_cluster::configuration::api_server::{
    AuditProfile, CustomTlsProfile, TlsProfileType, TlsProtocolVersion, TlsSecurityProfile,
};

use super::certificates::OwnNames;
use super::secrets::value;
use super::{Findings, Inputs, authentication, certificates};
use crate::configuration::{ApiServerConfiguration, AuditPolicy, TlsSettings};
use crate::{Network, Publishing};

const WEBHOOK_KUBECONFIG: &str = "webhook-kubeconfig";

/// Cipher suites by OpenSSL's name, as OpenShift has them, and by Go's. Those of TLS 1.3 are not a matter of choice in Go.
const CIPHERS: &[(&str, Option<&str>)] = &[
    ("TLS_AES_128_GCM_SHA256", None),
    ("TLS_AES_256_GCM_SHA384", None),
    ("TLS_CHACHA20_POLY1305_SHA256", None),
    ("ECDHE-ECDSA-AES128-GCM-SHA256", Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")),
    ("ECDHE-RSA-AES128-GCM-SHA256", Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")),
    ("ECDHE-ECDSA-AES256-GCM-SHA384", Some("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")),
    ("ECDHE-RSA-AES256-GCM-SHA384", Some("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384")),
    ("ECDHE-ECDSA-CHACHA20-POLY1305", Some("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")),
    ("ECDHE-RSA-CHACHA20-POLY1305", Some("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256")),
    ("ECDHE-ECDSA-AES128-SHA256", Some("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256")),
    ("ECDHE-RSA-AES128-SHA256", Some("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256")),
    ("ECDHE-ECDSA-AES128-SHA", Some("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA")),
    ("ECDHE-RSA-AES128-SHA", Some("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA")),
    ("ECDHE-ECDSA-AES256-SHA", Some("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA")),
    ("ECDHE-RSA-AES256-SHA", Some("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA")),
];

pub(super) fn api_server(
    inputs: &Inputs<'_>,
    network: Option<&Network>,
    publishing: Option<&Publishing>,
    findings: &mut Findings,
) -> ApiServerConfiguration {
    let configuration = inputs.spec.configuration.clone().unwrap_or_default();
    let api_server = configuration.api_server.unwrap_or_default();
    let audit_webhook = audit_webhook(inputs, findings);
    let own_names = OwnNames::new(inputs, network, publishing);
    let named_certificates = certificates::named(inputs, &api_server, &own_names, findings);
    let client_authorities = certificates::client_authorities(inputs, &api_server, findings);
    let authentication = authentication::authentication(inputs, findings);
    let audit = api_server
        .audit
        .map(|audit| AuditPolicy { custom_rules: audit.custom_rules.unwrap_or_default(), profile: audit.profile });
    let audit = audit.filter(|policy| policy.profile != AuditProfile::None || !policy.custom_rules.is_empty());
    ApiServerConfiguration {
        // A webhook without a policy would be sent nothing.
        audit: audit.or_else(|| {
            audit_webhook.is_some().then(|| AuditPolicy { custom_rules: Vec::new(), profile: AuditProfile::Default })
        }),
        audit_webhook,
        tls: api_server.tls_security_profile.map(|profile| tls(&profile, findings)).unwrap_or_default(),
        cors_allowed_origins: api_server.additional_cors_allowed_origins.unwrap_or_default(),
        named_certificates,
        client_authorities,
        authentication,
        service_node_ports: configuration
            .network
            .and_then(|network| network.service_node_port_range)
            .and_then(|text| node_ports(&text, findings)),
    }
}

fn audit_webhook(inputs: &Inputs<'_>, findings: &mut Findings) -> Option<String> {
    const CREATE: &str = "kubectl create secret generic NAME --from-file=webhook-kubeconfig=FILE";
    let name = inputs.spec.audit_webhook.as_ref().map(|secret| secret.name.as_str()).filter(|name| !name.is_empty())?;
    value(inputs, "spec.auditWebhook", name, WEBHOOK_KUBECONFIG, CREATE, findings)?;
    Some(name.to_owned())
}

fn tls(profile: &TlsSecurityProfile, findings: &mut Findings) -> TlsSettings {
    match profile.type_.unwrap_or_default() {
        TlsProfileType::Old => TlsSettings { min_version: "VersionTLS10", cipher_suites: Vec::new() },
        TlsProfileType::Intermediate => TlsSettings::default(),
        TlsProfileType::Modern => TlsSettings { min_version: "VersionTLS13", cipher_suites: Vec::new() },
        TlsProfileType::Custom => custom_tls(profile.custom.as_ref(), findings),
    }
}

fn custom_tls(profile: Option<&CustomTlsProfile>, findings: &mut Findings) -> TlsSettings {
    const FIELD: &str = "spec.configuration.apiServer.tlsSecurityProfile";
    let Some(profile) = profile else {
        findings.invalid::<()>(format!("{FIELD}.type is Custom and {FIELD}.custom is missing: add it"));
        return TlsSettings::default();
    };
    let min_version = match profile.min_tls_version {
        Some(TlsProtocolVersion::VersionTLS10) => "VersionTLS10",
        Some(TlsProtocolVersion::VersionTLS11) => "VersionTLS11",
        Some(TlsProtocolVersion::VersionTLS13) => "VersionTLS13",
        Some(TlsProtocolVersion::VersionTLS12) | None => "VersionTLS12",
    };
    let mut cipher_suites = Vec::new();
    for wanted in profile.ciphers.iter().flatten() {
        if let Some((_, suite)) =
            CIPHERS.iter().find(|(open_ssl, go)| open_ssl == wanted || *go == Some(wanted.as_str()))
        {
            cipher_suites.extend(*suite);
        } else {
            let known: Vec<&str> = CIPHERS.iter().map(|(name, _)| *name).collect();
            findings.invalid::<()>(format!(
                "{FIELD}.custom.ciphers has {wanted:?}, which kube-apiserver does not offer: expected some of {}",
                known.join(", ")
            ));
        }
    }
    TlsSettings { min_version, cipher_suites }
}

/// The form is the API server's to check.
fn node_ports(text: &str, findings: &mut Findings) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-')?;
    let range = (first.parse().ok()?, last.parse().ok()?);
    if range.0 == 0 || range.0 > range.1 {
        return findings.invalid(format!(
            "spec.configuration.network.serviceNodePortRange {text:?} is no range: expected first and last port, such as 30000-32767"
        ));
    }
    Some(range)
}
