//! How much of a failure a cluster takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, Display, EnumString, IntoStaticStr};

/// One copy of each part, or enough to lose a node.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    JsonSchema,
    AsRefStr,
    Display,
    IntoStaticStr,
    EnumString,
)]
pub enum AvailabilityPolicy {
    /// Three members or two replicas, on different nodes.
    #[default]
    HighlyAvailable,
    /// One of each.
    SingleReplica,
}

impl AvailabilityPolicy {
    pub(crate) fn single_replica() -> Self {
        Self::SingleReplica
    }
}
