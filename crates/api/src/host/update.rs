//! An update of a host that has joined, from the decision to its end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

/// What a host is being updated to, and how far that is. Begun and ended by the operator; it lies in the Host, so that an
/// operator that was killed goes on where it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostUpdate {
    /// Revision of the node configuration that it shall run.
    pub revision: String,
    /// Kubernetes version of that.
    pub version: String,
    /// How far it is.
    pub phase: UpdatePhase,
    /// Whether the Node goes and comes back anew, with nothing left of its pods.
    #[serde(default)]
    pub replace: bool,
    /// Whether the Node was cordoned before, by somebody else: then it stays so.
    #[serde(default)]
    pub was_cordoned: bool,
    /// When the phase was entered.
    pub since: Time,
    /// What is waited for, or why it failed, with the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How far an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display, IntoStaticStr)]
pub enum UpdatePhase {
    /// Its pods are moved to other hosts.
    Draining,
    /// It was told to change.
    Ordered,
    /// It could not change, and runs as before if it can. It is tried again after a while.
    Failed,
}
