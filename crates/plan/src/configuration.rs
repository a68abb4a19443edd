//! What `spec.configuration` and `spec.auditWebhook` make of kube-apiserver.

use hoist_api::hosted_cluster::configuration::api_server::{AuditCustomRule, AuditProfile};

use crate::authentication::Authentication;
use crate::certificates::NamedCertificate;

/// Settings of kube-apiserver, each checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiServerConfiguration {
    /// What is written to the audit log; absent for nothing.
    pub audit: Option<AuditPolicy>,
    /// Secret in the control plane namespace with key `webhook-kubeconfig`: where audit events are sent.
    pub audit_webhook: Option<String>,
    /// TLS versions and cipher suites.
    pub tls: TlsSettings,
    /// Regular expressions of origins that browsers may call from.
    pub cors_allowed_origins: Vec<String>,
    /// Certificates for names of the user's own.
    pub named_certificates: Vec<NamedCertificate>,
    /// ConfigMap in the control plane namespace with key `ca-bundle.crt`: further authorities of client certificates.
    pub client_authorities: Option<String>,
    /// Whose tokens are taken besides those of service accounts.
    pub authentication: Option<Authentication>,
    /// Ports of Services of type NodePort, first and last; Kubernetes' default when absent.
    pub service_node_ports: Option<(u16, u16)>,
}

impl ApiServerConfiguration {
    /// The certificate of the user's own that is shown to who asks for `name`.
    pub fn certificate_for(&self, name: &str) -> Option<&NamedCertificate> {
        self.named_certificates.iter().find(|certificate| certificate.covers(name))
    }
}

/// What is written to the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPolicy {
    /// For members of groups, first rule first.
    pub custom_rules: Vec<AuditCustomRule>,
    /// For everybody else.
    pub profile: AuditProfile,
}

/// TLS versions and cipher suites.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// Oldest version, by Go's name.
    pub min_version: &'static str,
    /// Cipher suites by Go's names; Go's own choice when empty.
    pub cipher_suites: Vec<&'static str>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self { min_version: "VersionTLS12", cipher_suites: Vec::new() }
    }
}
