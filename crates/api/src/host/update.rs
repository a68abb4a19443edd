//! An update of a host that has joined, from the decision to its end.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, IntoStaticStr};

use super::HostStatus;

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
    /// Set when this repairs a host that already runs the revision: a name of this repair, by which the host can tell it from
    /// one that it has done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
    /// Whether the Node was cordoned before, by somebody else: then it stays so.
    #[serde(default)]
    pub was_cordoned: bool,
    /// When the phase was entered.
    pub since: Time,
    /// What is waited for, or why it failed, with the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl HostUpdate {
    /// Whether the host of this status says that it has done it.
    pub fn is_done(&self, status: &HostStatus) -> bool {
        status.revision.as_ref() == Some(&self.revision) && (self.repair.is_none() || status.last_repair == self.repair)
    }

    /// What goes on, as the end of a sentence about the host.
    pub fn in_words(&self) -> String {
        let said = self.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let version = &self.version;
        match (self.phase, self.repair.is_some()) {
            (UpdatePhase::Calling, _) => {
                "is to be repaired as soon as it gives a sign; if its machine is gone, take it out \
                                          with `hcp remove host`"
                    .to_owned()
            }
            (UpdatePhase::Draining, false) => format!("is drained for its update to {version}{said}"),
            (UpdatePhase::Ordered, false) => format!("changes to {version}"),
            (UpdatePhase::Failed, false) => format!("could not change to {version}{said}"),
            (UpdatePhase::Draining | UpdatePhase::Ordered, true) => {
                "is repaired: it comes back as a new node".to_owned()
            }
            (UpdatePhase::Failed, true) => format!("could not be repaired{said}"),
        }
    }
}

/// How far an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, AsRefStr, Display, IntoStaticStr)]
pub enum UpdatePhase {
    /// It is to be repaired, and a sign of it is waited for: the Node of one that cannot hear is left alone.
    Calling,
    /// Its pods are moved to other hosts.
    Draining,
    /// It was told to change.
    Ordered,
    /// It could not change, and runs as before if it can. It is tried again after a while.
    Failed,
}
