//! Settings of OpenShift's routers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Settings of routers; Hoist runs none.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressOperatorSpec {
    /// How routers are reached.
    pub endpoint_publishing_strategy: Option<EndpointPublishingStrategy>,
}

/// How routers are reached.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
pub struct EndpointPublishingStrategy {
    /// Which of the following.
    #[serde(rename = "type")]
    pub type_: EndpointPublishingStrategyType,
    /// Through a load balancer.
    pub load_balancer: Option<LoadBalancerStrategy>,
    /// On ports of the nodes' own addresses.
    pub host_network: Option<HostNetworkStrategy>,
    /// From inside the cluster alone.
    pub private: Option<ProtocolStrategy>,
    /// On a node port.
    pub node_port: Option<ProtocolStrategy>,
}

/// Ways to routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "OpenShift's words")]
pub enum EndpointPublishingStrategyType {
    LoadBalancerService,
    HostNetwork,
    Private,
    NodePortService,
}

/// What routers expect before HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum IngressProtocol {
    /// The default, `TCP`.
    #[serde(rename = "")]
    Unset,
    /// Nothing.
    TCP,
    /// A header of the PROXY protocol.
    PROXY,
}

/// Ways with nothing but a protocol.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProtocolStrategy {
    /// What routers expect before HTTP.
    pub protocol: Option<IngressProtocol>,
}

/// On ports of the nodes' own addresses.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostNetworkStrategy {
    /// What routers expect before HTTP.
    pub protocol: Option<IngressProtocol>,
    /// Port of HTTP.
    #[serde(default = "http_port")]
    #[schemars(range(min = 0, max = 65_535))]
    pub http_port: i32,
    /// Port of HTTPS.
    #[serde(default = "https_port")]
    #[schemars(range(min = 0, max = 65_535))]
    pub https_port: i32,
    /// Port of figures.
    #[serde(default = "stats_port")]
    #[schemars(range(min = 0, max = 65_535))]
    pub stats_port: i32,
}

fn http_port() -> i32 {
    80
}

fn https_port() -> i32 {
    443
}

fn stats_port() -> i32 {
    1936
}

/// Through a load balancer.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadBalancerStrategy {
    /// For whom.
    pub scope: LoadBalancerScope,
    /// Networks that may reach it; all when absent.
    #[schemars(
        inner(regex(pattern = r"^(\d{1,3}(\.\d{1,3}){3}/\d{1,2}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/\d{1,3})$")),
        extend("x-kubernetes-list-type" = "atomic", "x-hoist-nullable" = true)
    )]
    pub allowed_source_ranges: Option<Vec<String>>,
    /// Settings of an infrastructure.
    pub provider_parameters: Option<ProviderLoadBalancerParameters>,
    /// Who writes the names of routes.
    #[serde(default, rename = "dnsManagementPolicy")]
    #[schemars(extend("x-hoist-required" = true))]
    pub dns_management_policy: LoadBalancerDnsManagementPolicy,
}

/// For whom a load balancer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum LoadBalancerScope {
    Internal,
    External,
}

/// Who writes the names of routes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LoadBalancerDnsManagementPolicy {
    /// The operator.
    #[default]
    Managed,
    /// The user.
    Unmanaged,
}

/// Settings of an infrastructure; those of clouds are not ours.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProviderLoadBalancerParameters {
    /// Which.
    #[serde(rename = "type")]
    pub type_: LoadBalancerProviderType,
    /// IBM's way to load balance, outside its cloud too.
    pub ibm: Option<ProtocolStrategy>,
}

/// Infrastructures with settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "proper names")]
pub enum LoadBalancerProviderType {
    AWS,
    Azure,
    BareMetal,
    GCP,
    Nutanix,
    OpenStack,
    VSphere,
    IBM,
}
