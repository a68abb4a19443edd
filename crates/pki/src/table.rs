//! Sets of certificates as data: one [`Row`] a Secret or bundle, in an order in which nothing comes before what it needs.

pub mod bootstrap_server;
pub mod control_plane;
pub mod names;

use jiff::SignedDuration;

use crate::{AlternativeName, Subject, Usage};

/// One Secret, or one bundle of certificates for a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// An authority: keys `ca.crt`, `ca.key`.
    Authority {
        /// Name of the Secret, and common name of the authority.
        name: &'static str,
        /// Validity.
        lifetime: SignedDuration,
    },
    /// A leaf: `<stem>.crt`, `<stem>.key`, and the signer's `ca.crt`.
    Leaf {
        /// Name of the Secret.
        name: &'static str,
        /// Name of the authority's Secret.
        signer: &'static str,
        /// Whom it names.
        subject: Subject,
        /// What it speaks for.
        names: Vec<AlternativeName>,
        /// What it is for.
        usage: Usage,
        /// Validity.
        lifetime: SignedDuration,
        /// File name without ending; `tls` for most.
        stem: &'static str,
    },
    /// The service-account key pair: `service-account.key`, `service-account.pub`.
    SigningKey {
        /// Name of the Secret.
        name: &'static str,
        /// PEM of the user's own key, instead of one made here.
        given: Option<String>,
    },
    /// A kubeconfig: key `kubeconfig`.
    Kubeconfig {
        /// Name of the Secret.
        name: &'static str,
        /// Name of the leaf that its user presents.
        client: &'static str,
        /// Name of the authority of the server's certificate.
        authority: &'static str,
        /// `https://host:port`.
        server: String,
        /// PEM of further authorities that the server's certificate may be checked against.
        more: String,
    },
    /// Certificates of authorities, one after the other: a ConfigMap with key `ca.crt`.
    Bundle {
        /// Name of the ConfigMap.
        name: &'static str,
        /// Names of the authorities' Secrets.
        authorities: Vec<&'static str>,
        /// PEM of authorities that are in none of those Secrets.
        more: String,
    },
}

impl Row {
    /// Name of the object.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authority { name, .. }
            | Self::Leaf { name, .. }
            | Self::SigningKey { name, .. }
            | Self::Kubeconfig { name, .. }
            | Self::Bundle { name, .. } => name,
        }
    }

    /// Whether it is a Secret, not a ConfigMap.
    pub fn is_secret(&self) -> bool {
        !matches!(self, Self::Bundle { .. })
    }
}
