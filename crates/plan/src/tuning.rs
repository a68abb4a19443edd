//! What annotations change of kube-apiserver; what is absent keeps the value that Hoist chose.

/// The changes, each checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiServerTuning {
    /// `GOGC`.
    pub gogc: Option<String>,
    /// `GOMEMLIMIT`.
    pub gomemlimit: Option<String>,
    /// `--max-requests-inflight`.
    pub max_requests_inflight: Option<u32>,
    /// `--max-mutating-requests-inflight`.
    pub max_mutating_requests_inflight: Option<u32>,
    /// `--v`.
    pub verbosity: Option<u8>,
    /// `--goaway-chance`.
    pub goaway_chance: Option<String>,
    /// `--service-account-max-token-expiration`.
    pub max_token_expiration: Option<String>,
}
