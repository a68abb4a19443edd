//! Why a pass over a HostedCluster stopped.

use std::time::Duration;

use hoist_controller::ApiError;

/// Why a pass stopped. The variant's name is a metric label.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The control plane namespace belongs to somebody else.
    #[error(
        "namespace {namespace} exists and is not the control plane namespace of this HostedCluster; choose another name for the cluster, or delete that namespace"
    )]
    ForeignNamespace {
        /// The namespace.
        namespace: String,
    },
}

impl Error {
    /// When to try again; `None` waits for an edit.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // Rights that were just given are seen a moment later.
            Self::Api(error) if error.is_forbidden() || error.is_conflict() => Some(Duration::from_millis(150)),
            Self::Api(_) => Some(Duration::from_secs(3)),
            Self::ForeignNamespace { .. } => Some(Duration::from_secs(15)),
        }
    }
}
