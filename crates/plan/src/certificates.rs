//! Certificates that the API server shows under names of the user's own.

/// A certificate for names of the user's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedCertificate {
    /// Secret in the control plane namespace with keys `tls.crt` and `tls.key`.
    pub secret: String,
    /// The names that it is shown for.
    pub names: Vec<String>,
    /// Whether the user listed them; otherwise they are the certificate's own, also when it is renewed with others.
    pub are_listed: bool,
}

impl NamedCertificate {
    /// Whether it is shown to who asks for `name`.
    pub fn covers(&self, name: &str) -> bool {
        self.names.iter().any(|pattern| matches(pattern, name))
    }
}

/// Whether a name of a certificate, possibly with a wildcard as its first label, stands for `name`.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_ascii_lowercase(), name.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(domain) => name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(matches("*.example.com", "API.example.com"));
        assert!(!matches("*.example.com", "a.b.example.com") && !matches("*.example.com", "example.com"));
        assert!(matches("api.example.com", "api.example.com") && !matches("api.example.com", "b.example.com"));
    }
}
