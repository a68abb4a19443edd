//! Why a pass over a Host stopped.

use std::time::Duration;

use hoist_api::host::{CREDENTIAL_REFUSED, NODE_NAME_TAKEN};
use hoist_controller::ApiError;

use super::credential::CredentialError;

/// Why a pass over a Host stopped.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The name is that of a Node of somebody else.
    #[error("{}", super::ownership::taken(node))]
    NodeTaken {
        /// Name of the Node.
        node: String,
    },
    /// No credential was issued.
    #[error("no credential was issued")]
    Credential(#[from] CredentialError),
}

impl Error {
    /// Reason of the condition that says so.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Api(_) => "ApiCallFailed",
            Self::NodeTaken { .. } => NODE_NAME_TAKEN,
            Self::Credential(_) => CREDENTIAL_REFUSED,
        }
    }

    /// When to try again; `None` waits for a change.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) if error.is_conflict() => Some(Duration::from_millis(200)),
            Self::Api(error) if error.is_not_found() => Some(Duration::from_secs(2)),
            Self::Api(_) => Some(Duration::from_secs(3)),
            // Nobody tells that the Node went.
            Self::NodeTaken { .. } => Some(Duration::from_secs(10)),
            Self::Credential(_) => None,
        }
    }
}
