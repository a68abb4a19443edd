//! Settings of OpenShift's network.

use kube::KubeSchema;
use kube::core::Rule as CelRule;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::rules::{immutable, not_removed};

/// Settings of the network.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = not_removed("ovnKubernetesConfig", "ovnKubernetesConfig is immutable once set and cannot be removed"))]
pub struct ClusterNetworkOperatorSpec {
    /// No second networks for pods.
    #[serde(default = "off")]
    #[x_kube(validation = immutable("disableMultiNetwork is immutable"))]
    pub disable_multi_network: Option<bool>,
    /// For network type OVNKubernetes.
    pub ovn_kubernetes_config: Option<OvnKubernetesConfig>,
}

#[allow(clippy::unnecessary_wraps, reason = "a serde default has the type of its field")]
fn off() -> Option<bool> {
    Some(false)
}

/// Settings of OVN-Kubernetes, a network that Hoist does not run.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
#[x_kube(
    validation = differ("ipv4", "internalJoinSubnet and internalTransitSwitchSubnet must not be the same"),
    validation = differ("ipv6", "ipv6 internalJoinSubnet and internalTransitSwitchSubnet must not be the same"),
    validation = not_removed("mtu", "mtu is immutable once set and cannot be removed"),
    validation = not_removed("ipv6", "ipv6 is immutable once set and cannot be removed"),
    validation = stays_in_ipv6("internalJoinSubnet"),
    validation = stays_in_ipv6("internalTransitSwitchSubnet"),
    validation = not_removed("v4InternalSubnet", "v4InternalSubnet is immutable once set and cannot be removed"),
    validation = not_removed("v6InternalSubnet", "v6InternalSubnet is immutable once set and cannot be removed")
)]
pub struct OvnKubernetesConfig {
    /// Inner networks.
    pub ipv4: Option<OvnIpv4Config>,
    /// Inner networks of IPv6.
    pub ipv6: Option<OvnIpv6Config>,
    /// Size of the largest packet.
    #[schemars(range(min = 576, max = 9216))]
    #[x_kube(validation = immutable("mtu is immutable once set"))]
    pub mtu: Option<i32>,
    /// Inner network, in its former place.
    #[serde(rename = "v4InternalSubnet")]
    #[schemars(length(min = 9, max = 18))]
    #[x_kube(
        validation = immutable("v4InternalSubnet is immutable once set"),
        validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 4").message("Subnet must be in a valid IPv4 CIDR format"),
        validation = Rule::new("isCIDR(self) && cidr(self).prefixLength() <= 30").message("subnet must be in the range /0 to /30 inclusive"),
        validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 4 && int(self.split('.')[0]) > 0").message("first IP address octet must not be 0")
    )]
    pub v4_internal_subnet: Option<String>,
    /// Inner network of IPv6, in its former place.
    #[serde(rename = "v6InternalSubnet")]
    #[schemars(length(min = 4, max = 48))]
    #[x_kube(
        validation = immutable("v6InternalSubnet is immutable once set"),
        validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 6").message("Subnet must be in valid IPv6 CIDR format"),
        validation = ipv6_prefix()
    )]
    pub v6_internal_subnet: Option<String>,
}

fn differ(family: &str, message: &str) -> CelRule {
    CelRule::new(format!(
        "!has(self.{family}) || !has(self.{family}.internalJoinSubnet) || !has(self.{family}.internalTransitSwitchSubnet) || self.{family}.internalJoinSubnet != self.{family}.internalTransitSwitchSubnet"
    ))
    .message(message)
}

fn stays_in_ipv6(name: &str) -> CelRule {
    CelRule::new(format!(
        "!(has(oldSelf.ipv6) && has(oldSelf.ipv6.{name})) || (has(self.ipv6) && has(self.ipv6.{name}))"
    ))
    .message(format!("ipv6.{name} cannot be removed once set").as_str())
}

/// Inner networks of IPv4.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct OvnIpv4Config {
    /// Joins a node to the transit switch.
    #[schemars(length(min = 9, max = 18))]
    #[x_kube(
        validation = ipv4_network("Subnet must be in a valid IPv4 CIDR format (e.g., 192.168.1.1/24)"),
        validation = ipv4_prefix(),
        validation = ipv4_first_octet()
    )]
    pub internal_join_subnet: Option<String>,
    /// Joins the nodes.
    #[schemars(length(min = 9, max = 18))]
    #[x_kube(
        validation = ipv4_network("Subnet must be in a valid IPv4 CIDR format"),
        validation = ipv4_prefix(),
        validation = ipv4_first_octet()
    )]
    pub internal_transit_switch_subnet: Option<String>,
}

fn ipv4_network(message: &str) -> CelRule {
    CelRule::new(r"self.matches('^([0-9]{1,3}\\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$') && self.split('/')[0].split('.').all(octet, int(octet) <= 255)")
        .message(message)
}

fn ipv4_prefix() -> CelRule {
    CelRule::new("self.matches('^.*/[0-9]+$') && int(self.split('/')[1]) <= 30")
        .message("subnet must be in the range /0 to /30 inclusive")
}

fn ipv4_first_octet() -> CelRule {
    CelRule::new(r"self.matches('^[0-9]{1,3}\\..*') && int(self.split('.')[0]) > 0")
        .message("first IP address octet must not be 0")
}

/// Inner networks of IPv6.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct OvnIpv6Config {
    /// Joins a node to the transit switch.
    #[schemars(length(min = 3, max = 48))]
    #[x_kube(
        validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 6").message("Subnet must be in valid IPv6 CIDR format (e.g., fd98::/64)"),
        validation = ipv6_prefix(),
        validation = immutable("internalJoinSubnet is immutable")
    )]
    pub internal_join_subnet: Option<String>,
    /// Joins the nodes.
    #[schemars(length(min = 3, max = 48))]
    #[x_kube(
        validation = Rule::new("isCIDR(self) && cidr(self).ip().family() == 6").message("Subnet must be in valid IPv6 CIDR format (e.g., fd97::/64)"),
        validation = ipv6_prefix(),
        validation = immutable("internalTransitSwitchSubnet is immutable")
    )]
    pub internal_transit_switch_subnet: Option<String>,
}

fn ipv6_prefix() -> CelRule {
    CelRule::new("isCIDR(self) && cidr(self).prefixLength() <= 125")
        .message("subnet must be in the range /0 to /125 inclusive")
}
