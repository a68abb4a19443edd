//! Under which of its names the program was started; a few defaults differ between them, as upstream's do.

use std::ffi::OsStr;
use std::path::Path;

use hoist_api::hosted_cluster::AvailabilityPolicy;

/// The name in `argv[0]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invocation {
    /// `hcp`, and every other name.
    Hcp,
    /// `hypershift`.
    Hypershift,
    /// `kubectl-hcp`, which kubectl starts for `kubectl hcp`.
    Kubectl,
}

impl Invocation {
    /// Reads the program's name from the first argument.
    pub fn of(program: Option<&OsStr>) -> Self {
        match program.map(Path::new).and_then(Path::file_name) {
            Some(name) if name == "hypershift" => Self::Hypershift,
            Some(name) if name == "kubectl-hcp" => Self::Kubectl,
            _ => Self::Hcp,
        }
    }

    /// The name that help and messages use: what a person types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hcp => "hcp",
            Self::Hypershift => "hypershift",
            Self::Kubectl => "kubectl hcp",
        }
    }

    /// The name of the file, which shells complete.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Hcp | Self::Hypershift => self.name(),
            Self::Kubectl => "kubectl-hcp",
        }
    }

    /// Default of `--control-plane-availability-policy`.
    pub fn availability(self) -> AvailabilityPolicy {
        match self {
            Self::Hcp | Self::Kubectl => AvailabilityPolicy::HighlyAvailable,
            Self::Hypershift => AvailabilityPolicy::SingleReplica,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_file_name_counts() {
        assert_eq!(Invocation::of(Some(OsStr::new("/usr/local/bin/hypershift"))), Invocation::Hypershift);
        assert_eq!(Invocation::of(Some(OsStr::new("./hcp"))), Invocation::Hcp);
        assert_eq!(Invocation::of(Some(OsStr::new("/root/.krew/bin/kubectl-hcp"))), Invocation::Kubectl);
        assert_eq!(Invocation::of(None), Invocation::Hcp);
    }
}
