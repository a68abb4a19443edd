//! How a hosted cluster's services are reached from outside the management cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;
use strum::{AsRefStr, Display, IntoStaticStr};

use crate::schema::rules::{exactly_when, host_name};

/// One service and its way out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServicePublishingStrategyMapping {
    /// Which service.
    pub service: ServiceType,
    /// Its way out.
    pub service_publishing_strategy: ServicePublishingStrategy,
}

/// Services in the order of HyperShift's enum.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
    AsRefStr,
    Display,
    IntoStaticStr,
)]
#[allow(missing_docs, reason = "proper names")]
pub enum ServiceType {
    #[default]
    APIServer,
    OAuthServer,
    OIDC,
    Konnectivity,
    Ignition,
    OVNSbDb,
}

/// A way out: the type and the settings that belong to it.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = exactly_when("self.type == 'NodePort'", "nodePort", "nodePort is required when type is NodePort, and forbidden otherwise"),
    validation = Rule::new("self.type == 'Route' ? !has(self.nodePort) && !has(self.loadBalancer) : !has(self.route)").message("only route is allowed when type is Route, and forbidden otherwise"),
    validation = Rule::new("self.type == 'LoadBalancer' ? !has(self.nodePort) && !has(self.route) : !has(self.loadBalancer)").message("only loadBalancer is required when type is LoadBalancer, and forbidden otherwise"),
    validation = nothing_beside("None"),
    validation = nothing_beside("S3")
)]
pub struct ServicePublishingStrategy {
    /// Which way.
    #[serde(rename = "type")]
    pub type_: PublishingStrategyType,
    /// For type NodePort.
    pub node_port: Option<NodePortPublishingStrategy>,
    /// For type LoadBalancer.
    pub load_balancer: Option<HostnamePublishingStrategy>,
    /// For type Route.
    pub route: Option<HostnamePublishingStrategy>,
}

fn nothing_beside(type_: &str) -> kube::core::Rule {
    kube::core::Rule::new(format!(
        "self.type != '{type_}' || !has(self.nodePort) && !has(self.route) && !has(self.loadBalancer)"
    ))
    .message(format!("{type_} does not allowed any configuration for loadBalancer, nodePort, or route").as_str())
}

/// Ways out in the order of HyperShift's enum.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display, IntoStaticStr,
)]
#[allow(missing_docs, reason = "Kubernetes' and HyperShift's own words")]
pub enum PublishingStrategyType {
    LoadBalancer,
    #[default]
    NodePort,
    Route,
    None,
    S3,
}

/// A port on every node of the management cluster.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePortPublishingStrategy {
    /// Host name or IP address at which nodes of the management cluster are reached.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = address())]
    pub address: String,
    /// Port; 0 or absent lets the management cluster choose.
    pub port: Option<i32>,
}

/// A host name, an IPv4 address, or an IPv6 address in any of its short forms.
fn address() -> kube::core::Rule {
    kube::core::Rule::new(
        r"self == 'localhost' || self.matches('^([a-zA-Z0-9][-a-zA-Z0-9]*\\.)+[a-zA-Z]{2,}$') || self.matches('^(\\d{1,3}\\.){3}\\d{1,3}$') || (self.contains(':') && isIP(self))",
    )
    .message("address must be a valid hostname, IPv4, or IPv6 address")
}

/// A host name.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostnamePublishingStrategy {
    /// The name; absent lets the platform choose.
    #[schemars(length(min = 1, max = 253))]
    #[x_kube(validation = host_name())]
    pub hostname: Option<String>,
}
