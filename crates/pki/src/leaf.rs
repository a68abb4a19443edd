//! What a leaf certificate says.

use std::fmt;
use std::net::IpAddr;

use jiff::SignedDuration;
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyUsagePurpose, SanType};

use crate::Error;

/// A name or address that a certificate speaks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlternativeName {
    /// A DNS name, possibly with a leading `*.`.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl AlternativeName {
    /// An address if `text` is one, else a DNS name.
    pub fn of(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Dns(text.to_owned()), Self::Ip)
    }

    /// The same for many.
    pub fn all<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Vec<Self> {
        texts.into_iter().map(|text| Self::of(text.as_ref())).collect()
    }

    fn to_san(&self) -> Result<SanType, Error> {
        match self {
            Self::Dns(name) => name
                .as_str()
                .try_into()
                .map(SanType::DnsName)
                .map_err(|source| Error::Name { name: name.clone(), source }),
            Self::Ip(address) => Ok(SanType::IpAddress(*address)),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => formatter.write_str(name),
            Self::Ip(address) => address.fmt(formatter),
        }
    }
}

/// Whom a certificate names; Kubernetes reads the common name as user and the organizations as groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// CN.
    pub common_name: String,
    /// O, each once.
    pub organizations: Vec<String>,
}

impl Subject {
    /// A user without groups.
    pub fn user(common_name: impl Into<String>) -> Self {
        Self { common_name: common_name.into(), organizations: Vec::new() }
    }

    /// A user with one group.
    pub fn member(common_name: impl Into<String>, group: impl Into<String>) -> Self {
        Self { common_name: common_name.into(), organizations: vec![group.into()] }
    }
}

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// TLS servers.
    Server,
    /// TLS clients.
    Client,
    /// Both, as etcd members are to each other.
    Both,
}

impl Usage {
    /// Whether servers may use it.
    pub fn is_server(self) -> bool {
        matches!(self, Self::Server | Self::Both)
    }

    /// Whether clients may use it.
    pub fn is_client(self) -> bool {
        matches!(self, Self::Client | Self::Both)
    }
}

/// A leaf certificate to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Whom it names.
    pub subject: Subject,
    /// What it speaks for; for servers.
    pub names: Vec<AlternativeName>,
    /// What it is for.
    pub usage: Usage,
    /// Validity from the moment it is made.
    pub lifetime: SignedDuration,
}

impl Leaf {
    pub(crate) fn parameters(&self) -> Result<CertificateParams, Error> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = self.subject.distinguished_name();
        parameters.subject_alt_names = self.names.iter().map(AlternativeName::to_san).collect::<Result<_, _>>()?;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if self.usage.is_server() {
            parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        if self.usage.is_client() {
            parameters.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        }
        parameters.use_authority_key_identifier_extension = true;
        Ok(parameters)
    }
}

impl Subject {
    pub(crate) fn distinguished_name(&self) -> DistinguishedName {
        let mut name = DistinguishedName::new();
        for organization in &self.organizations {
            name.push(DnType::OrganizationName, organization.as_str());
        }
        name.push(DnType::CommonName, self.common_name.as_str());
        name
    }
}
