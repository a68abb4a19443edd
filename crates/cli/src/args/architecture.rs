//! Architectures of nodes, and which platform has which.

use crate::failure::usage;

/// In the order of HyperShift's enum.
pub const ARCHITECTURES: [&str; 4] = ["arm64", "amd64", "ppc64le", "s390x"];

/// Refuses an architecture that HyperShift's rules keep from the platform.
///
/// Source: the rules of NodePool's `spec`.
pub fn check(architecture: &str, platform: &str) -> anyhow::Result<()> {
    match (architecture, platform) {
        ("arm64", "KubeVirt") => Err(usage(
            "--arch arm64: Setting Arch to arm64 is only supported for AWS, Azure, Agent, GCP and None; expected amd64 or s390x on KubeVirt",
        )),
        ("s390x", other) if other != "KubeVirt" => {
            Err(usage(format!("--arch s390x: s390x is only supported on KubeVirt platform; found {other}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("amd64", "KubeVirt", true)]
    #[case("s390x", "KubeVirt", true)]
    #[case("arm64", "KubeVirt", false)]
    #[case("arm64", "Agent", true)]
    #[case("arm64", "None", true)]
    #[case("s390x", "Agent", false)]
    #[case("ppc64le", "None", true)]
    fn each_platform_has_its_architectures(#[case] architecture: &str, #[case] platform: &str, #[case] fine: bool) {
        assert_eq!(check(architecture, platform).is_ok(), fine);
    }
}
