//! Why a pass over a HostedControlPlane stopped.

use std::time::Duration;

use hoist_control_plane::encryption::rotation::MissingKey;
use hoist_controller::ApiError;

/// Why a pass stopped. The variant's name is a metric label.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Certificates could not be made, or an existing one must not be replaced.
    #[error("the control plane's certificates cannot be made")]
    Pki(#[from] hoist_pki::Error),
    /// A key of stored data is nowhere.
    #[error("kube-apiserver is left as it is")]
    EncryptionKey(#[from] MissingKey),
    /// Making keys was interrupted: the process is ending.
    #[error("making the control plane's keys was interrupted")]
    Interrupted,
    /// Nobody knows which HostedCluster it belongs to.
    #[error(
        "the HostedControlPlane in {namespace} names no HostedCluster in annotation {}; HostedControlPlanes are made by the operator alone, delete it",
        hoist_api::annotations::HOSTED_CLUSTER
    )]
    NoHostedCluster {
        /// Its namespace.
        namespace: String,
    },
}

impl Error {
    /// When to try again; `None` waits for a change.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            // Rights that were just given are seen a moment later.
            Self::Api(error) if error.is_forbidden() || error.is_conflict() => Some(Duration::from_millis(200)),
            Self::Api(_) => Some(Duration::from_secs(3)),
            Self::Pki(_) | Self::EncryptionKey(_) => Some(Duration::from_secs(30)),
            Self::Interrupted => Some(Duration::from_secs(1)),
            Self::NoHostedCluster { .. } => None,
        }
    }
}
