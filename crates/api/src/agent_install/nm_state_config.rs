//! `NMStateConfig`: the network of a host that is being found.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// A network, in nmstate's language, and the host that it is for.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "NMStateConfig",
    plural = "nmstateconfigs",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "NMStateConfigStatus"
)]
pub struct NMStateConfigSpec {
    /// The host's interfaces: its names for them, and their hardware addresses.
    #[schemars(length(min = 1))]
    pub interfaces: Option<Vec<Interface>>,
    /// The network.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::open_object")]
    pub config: Option<serde_json::Value>,
}

/// Nothing is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NMStateConfigStatus {}

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Interface {
    /// Its name in `config`.
    pub name: String,
    /// Its hardware address.
    #[schemars(regex(pattern = "^([0-9A-Fa-f]{2}[:]){5}([0-9A-Fa-f]{2})$"))]
    pub mac_address: String,
}
