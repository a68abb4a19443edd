//! The stages of a host's life, as its Host object shows them.
//!
//! The order of the variants is the order of the join; `Failed` keeps the stage that failed in the report beside it.

use serde::{Deserialize, Serialize};

/// Where a host is between first contact and farewell.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::EnumIter,
)]
pub enum Stage {
    /// The bootstrap server was reached and is the pinned one.
    Contacted,
    /// The host was checked.
    Preflight,
    /// The token was traded for a credential, and the node's configuration was read with it.
    Credential,
    /// The release's components are on the host, verified.
    Payload,
    /// containerd answers.
    Runtime,
    /// kubelet runs and has its own certificate.
    Kubelet,
    /// The Node object is Ready.
    NodeReady,
    /// Everything is done; the host only listens for orders.
    Joined,
    /// The host asked to leave or was told to.
    Leaving,
    /// The host restored itself and said so.
    Left,
    /// The join stopped; cause and next step are beside it.
    Failed,
}

impl Stage {
    /// The stages that a join passes, in order.
    pub const JOIN: [Self; 8] = [
        Self::Contacted,
        Self::Preflight,
        Self::Credential,
        Self::Payload,
        Self::Runtime,
        Self::Kubelet,
        Self::NodeReady,
        Self::Joined,
    ];
}
