//! Which versions may run together, and which may follow each other.
//!
//! Kubernetes' own rules, which HyperShift's match: nodes never newer than their API server and at most three minors older;
//! a control plane moves one minor at a time and never back to an older minor. Going back within a minor is allowed.

use semver::Version;

/// Oldest Kubernetes minor (of major 1) that this version of Hoist builds manifests for.
pub const OLDEST_MINOR: u64 = 35;
/// Newest Kubernetes minor (of major 1) that this version of Hoist builds manifests for.
pub const NEWEST_MINOR: u64 = 36;
/// How many minors a node may lag behind its control plane.
pub const NODE_LAG: u64 = 3;

/// Why two versions do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkewError {
    /// This version of Hoist does not know that Kubernetes.
    #[error("version {version} is not supported by this Hoist; choose one from 1.{OLDEST_MINOR} to 1.{NEWEST_MINOR}")]
    Unsupported {
        /// The version asked for.
        version: Version,
    },
    /// A NodePool would be newer than its control plane.
    #[error("node version {node} is newer than control plane version {control_plane}; upgrade the control plane first")]
    NodeNewer {
        /// Version of the NodePool.
        node: Version,
        /// Version of the control plane.
        control_plane: Version,
    },
    /// A NodePool lags too far behind.
    #[error(
        "node version {node} is more than {NODE_LAG} minors older than control plane version {control_plane}; upgrade the nodes first"
    )]
    NodeTooOld {
        /// Version of the NodePool.
        node: Version,
        /// Version of the control plane.
        control_plane: Version,
    },
    /// The control plane would go back to an older minor.
    #[error("the control plane cannot go back from {from} to {to}; stay at 1.{minor} or restore a backup", minor = from.minor)]
    Downgrade {
        /// Version that runs.
        from: Version,
        /// Version asked for.
        to: Version,
    },
    /// The control plane would skip a minor.
    #[error("the control plane cannot go from {from} to {to} at once; go to 1.{next} first", next = from.minor + 1)]
    SkipsMinor {
        /// Version that runs.
        from: Version,
        /// Version asked for.
        to: Version,
    },
}

/// Whether this version of Hoist can run `version` at all.
pub fn check_supported(version: &Version) -> Result<(), SkewError> {
    if version.major == 1 && (OLDEST_MINOR..=NEWEST_MINOR).contains(&version.minor) {
        Ok(())
    } else {
        Err(SkewError::Unsupported { version: version.clone() })
    }
}

/// Whether nodes of version `node` may serve a control plane of version `control_plane`.
pub fn check_node_pool(control_plane: &Version, node: &Version) -> Result<(), SkewError> {
    if node > control_plane {
        return Err(SkewError::NodeNewer { node: node.clone(), control_plane: control_plane.clone() });
    }
    if node.major != control_plane.major || control_plane.minor - node.minor > NODE_LAG {
        return Err(SkewError::NodeTooOld { node: node.clone(), control_plane: control_plane.clone() });
    }
    Ok(())
}

/// Whether a control plane may go from one version to another in one step.
pub fn check_upgrade(from: &Version, to: &Version) -> Result<(), SkewError> {
    if (to.major, to.minor) < (from.major, from.minor) {
        return Err(SkewError::Downgrade { from: from.clone(), to: to.clone() });
    }
    if to.major != from.major || to.minor > from.minor + 1 {
        return Err(SkewError::SkipsMinor { from: from.clone(), to: to.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn version(text: &str) -> Version {
        Version::parse(text).unwrap()
    }

    #[rstest]
    #[case("1.36.3", "1.36.3", None)]
    #[case("1.36.3", "1.35.4", None)]
    #[case("1.36.3", "1.33.9", None)]
    #[case("1.36.3", "1.32.0", Some("more than 3 minors older"))]
    #[case("1.36.3", "1.36.4", Some("newer than control plane"))]
    #[case("1.35.4", "1.36.3", Some("newer than control plane"))]
    #[case("2.0.0", "1.36.3", Some("more than 3 minors older"))]
    fn a_node_may_lag_three_minors_and_never_lead(
        #[case] control_plane: &str,
        #[case] node: &str,
        #[case] refusal: Option<&str>,
    ) {
        let outcome = check_node_pool(&version(control_plane), &version(node)).map_err(|error| error.to_string());
        match refusal {
            None => assert_eq!(outcome, Ok(())),
            Some(text) => assert!(outcome.unwrap_err().contains(text)),
        }
    }

    #[rstest]
    #[case("1.35.4", "1.36.3", None)]
    #[case("1.36.3", "1.36.1", None)]
    #[case("1.36.3", "1.36.3", None)]
    #[case("1.36.3", "1.35.4", Some("cannot go back"))]
    #[case("1.34.2", "1.36.3", Some("go to 1.35 first"))]
    fn a_control_plane_moves_one_minor_at_a_time(#[case] from: &str, #[case] to: &str, #[case] refusal: Option<&str>) {
        let outcome = check_upgrade(&version(from), &version(to)).map_err(|error| error.to_string());
        match refusal {
            None => assert_eq!(outcome, Ok(())),
            Some(text) => assert!(outcome.unwrap_err().contains(text)),
        }
    }

    #[test]
    fn only_known_minors_are_supported() {
        assert!(check_supported(&version("1.36.3")).is_ok());
        assert!(check_supported(&version("1.35.4")).is_ok());
        assert!(check_supported(&version("1.34.4")).is_err());
        assert!(check_supported(&version("1.37.0")).is_err());
    }
}
