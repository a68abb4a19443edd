//! Why a pass over a Host stopped.

use std::time::Duration;

use hoist_controller::ApiError;

use super::credential::CredentialError;

/// Why a pass over a Host stopped.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No credential was issued.
    #[error("no credential was issued")]
    Credential(#[from] CredentialError),
}

impl Error {
    /// When to try again; `None` waits for a change.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) if error.is_conflict() => Some(Duration::from_millis(200)),
            Self::Api(error) if error.is_not_found() => Some(Duration::from_secs(2)),
            Self::Api(_) => Some(Duration::from_secs(3)),
            Self::Credential(_) => None,
        }
    }
}
