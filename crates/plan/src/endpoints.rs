//! Where a hosted cluster is reached: known only after its Services were applied, so it is not part of the Plan.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// A host name or address with a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostPort {
    /// DNS name or IP address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl HostPort {
    /// A pair of both.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The `https://` address, with brackets around IPv6.
    pub fn https_url(&self) -> String {
        format!("https://{self}")
    }

    /// The host as an IP address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

/// The published addresses of one hosted cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Its kube-apiserver.
    pub api_server: HostPort,
    /// Its konnectivity server, to which agents on nodes connect.
    pub konnectivity: HostPort,
    /// The bootstrap server, to which joining hosts connect.
    pub bootstrap: HostPort,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_addresses_get_brackets_in_urls_and_names_do_not() {
        assert_eq!(HostPort::new("fd00::1", 6443).https_url(), "https://[fd00::1]:6443");
        assert_eq!(HostPort::new("api.example", 6443).https_url(), "https://api.example:6443");
    }
}
