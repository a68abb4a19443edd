//! Features and capabilities: what the API would refuse is refused here, in its words.

use anyhow::Result;

use crate::args::cluster::ClusterFlags;
use crate::args::names;
use crate::failure::usage;

/// Feature sets in the order of the API's enum.
const FEATURE_SETS: [&str; 4] = ["CustomNoUpgrade", "DevPreviewNoUpgrade", "TechPreviewNoUpgrade", "OKD"];

/// Checks the feature set, then the capabilities, as HyperShift does.
pub fn check(flags: &ClusterFlags) -> Result<()> {
    let content = &flags.content;
    if let Some(set) = content.feature_set.as_deref().filter(|set| !set.is_empty())
        && !FEATURE_SETS.contains(&set)
    {
        return Err(usage(format!("--feature-set {set:?}: expected one of {}", FEATURE_SETS.join(", "))));
    }
    let (enabled, disabled) = (&content.enable_cluster_capabilities, &content.disable_cluster_capabilities);
    if let Some(both) = enabled.iter().find(|name| disabled.contains(name)) {
        return Err(usage(format!(
            "--enable-cluster-capabilities and --disable-cluster-capabilities both name {both}: Capabilities can not be both enabled and disabled at once."
        )));
    }
    let is_disabled = |name: &str| disabled.iter().any(|disabled| disabled == name);
    if is_disabled("Ingress") && !is_disabled("Console") {
        return Err(usage(
            "--disable-cluster-capabilities Ingress: Ingress capability can only be disabled if Console capability is also disabled",
        ));
    }
    if let Some(name) = flags.kas_dns_name.as_deref().filter(|name| !name.is_empty())
        && !names::is_dns_name(name)
    {
        return Err(usage(format!(
            "--kas-dns-name {name:?}: kubeAPIServerDNSName must be a valid URL name (e.g., api.example.com)"
        )));
    }
    Ok(())
}
