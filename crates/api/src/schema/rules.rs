//! CEL rules that several fields share. Messages are HyperShift's to the letter: users' tooling looks for them.

use kube::core::Rule;

/// The value stays as it was first written.
pub fn immutable(message: &str) -> Rule {
    Rule::new("self == oldSelf").message(message)
}

/// An empty value may be filled once.
pub fn immutable_once_filled(message: &str) -> Rule {
    Rule::new("oldSelf == \"\" || self == oldSelf").message(message)
}

/// Field `name` of this object stays once it was set.
pub fn not_removed(name: &str, message: &str) -> Rule {
    Rule::new(format!("!has(oldSelf.{name}) || has(self.{name})")).message(message)
}

/// Field `name` is set exactly when `condition` holds.
pub fn exactly_when(condition: &str, name: &str, message: &str) -> Rule {
    Rule::new(format!("({condition}) == has(self.{name})")).message(message)
}

/// A domain name of one label or more, or nothing.
pub fn domain_or_empty(message: &str) -> Rule {
    Rule::new(r#"self == "" || self.matches('^(([a-zA-Z0-9-]+\\.)+[a-zA-Z]{2,}|[a-zA-Z0-9-]+)$')"#).message(message)
}

/// A domain name of two labels or more.
pub fn host_name() -> Rule {
    Rule::new(r"self.matches('^([a-zA-Z0-9-]+\\.)+[a-zA-Z]{2,}$')")
        .message("hostname must be a valid domain name (e.g., example.com)")
}

/// A network in CIDR notation, by its shape.
pub fn cidr() -> Rule {
    Rule::new(
        r"self.matches('^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$') || self.matches('^([0-9a-fA-F]{0,4}:){2,7}([0-9a-fA-F]{0,4})?/[0-9]{1,3}$')",
    )
    .message("cidr must be a valid IPv4 or IPv6 CIDR notation (e.g., 192.168.1.0/24 or 2001:db8::/64)")
}

/// Lower-case letters, digits and `-`; `what` begins the message.
pub fn lower_case_name(what: &str) -> Rule {
    Rule::new("self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')").message(format!("{what} must consist of lowercase alphanumeric characters or '-', start and end with an alphanumeric character, and be between 1 and 253 characters").as_str())
}

/// A DNS subdomain, as names of Secrets are.
pub fn subdomain() -> Rule {
    Rule::new(r"self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')").message(
        "name must consist only of lowercase alphanumeric characters, hyphens, and periods. Each period-separated segment must start and end with an alphanumeric character.",
    )
}

/// Until when reconciliation rests.
pub fn paused_until() -> Rule {
    Rule::new(
        r"self in ['true', 'True', 'false', 'False'] || self.matches('^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}.*$')",
    )
    .message("PausedUntil must be a date in RFC3339 format or 'True', 'true', 'False' or 'false'")
}

/// A version such as `1.36.3`.
pub fn version_prefix() -> Rule {
    Rule::new(r"self.matches('^\\d+\\.\\d+\\.\\d+.*')").message("version must start with semantic version prefix x.y.z")
}

/// Services of a control plane: four, or three where a cloud runs the rest.
pub fn enough_services() -> Rule {
    Rule::new("self.services.size() >= (self.platform.type == 'IBMCloud' ? 3 : 4)")
        .message("spec.services in body should have at least 4 items or 3 for IBMCloud")
}

/// Multus may be left out only beside a network of the user's own.
pub fn multi_network_needs_other() -> Rule {
    Rule::new(
        "!(has(self.operatorConfiguration) && has(self.operatorConfiguration.clusterNetworkOperator) && has(self.operatorConfiguration.clusterNetworkOperator.disableMultiNetwork) && self.operatorConfiguration.clusterNetworkOperator.disableMultiNetwork) || (has(self.networking) && self.networking.networkType == 'Other')",
    )
    .message("disableMultiNetwork can only be set to true when networkType is 'Other'")
}
