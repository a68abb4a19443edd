//! Under which of its two names the program was started; a few defaults differ between them, as upstream's do.

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
}

impl Invocation {
    /// Reads the program's name from the first argument.
    pub fn of(program: Option<&OsStr>) -> Self {
        match program.map(Path::new).and_then(Path::file_name) {
            Some(name) if name == "hypershift" => Self::Hypershift,
            _ => Self::Hcp,
        }
    }

    /// The name that messages use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hcp => "hcp",
            Self::Hypershift => "hypershift",
        }
    }

    /// Default of `--control-plane-availability-policy`.
    pub fn availability(self) -> AvailabilityPolicy {
        match self {
            Self::Hcp => AvailabilityPolicy::HighlyAvailable,
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
        assert_eq!(Invocation::of(None), Invocation::Hcp);
    }
}
