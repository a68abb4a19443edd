//! How a hosted cluster's services are reached from outside the management cluster.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.type == 'NodePort' ? has(self.nodePort) : !has(self.nodePort)").message("nodePort is required when type is NodePort, and forbidden otherwise"),
    validation = Rule::new("self.type == 'Route' || !has(self.route)").message("only route is allowed when type is Route, and forbidden otherwise"),
    validation = Rule::new("self.type == 'LoadBalancer' || !has(self.loadBalancer)").message("only loadBalancer is required when type is LoadBalancer, and forbidden otherwise")
)]
pub struct ServicePublishingStrategy {
    /// Which way.
    #[serde(rename = "type")]
    pub type_: PublishingStrategyType,
    /// For type NodePort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_port: Option<NodePortPublishingStrategy>,
    /// For type LoadBalancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_balancer: Option<HostnamePublishingStrategy>,
    /// For type Route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<HostnamePublishingStrategy>,
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodePortPublishingStrategy {
    /// Host name or IP address at which nodes of the management cluster are reached.
    pub address: String,
    /// Port; 0 or absent lets the management cluster choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
}

/// A host name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostnamePublishingStrategy {
    /// The name; empty lets the platform choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
}
