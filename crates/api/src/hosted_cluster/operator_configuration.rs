//! `spec.operatorConfiguration`: settings of OpenShift's operators that act in a hosted cluster.

pub mod cluster_network;
pub mod ingress;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

pub use cluster_network::ClusterNetworkOperatorSpec;
pub use ingress::IngressOperatorSpec;

/// Settings of operators.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorConfiguration {
    /// Of the network.
    pub cluster_network_operator: Option<ClusterNetworkOperatorSpec>,
    /// Of routers.
    pub ingress_operator: Option<IngressOperatorSpec>,
}
