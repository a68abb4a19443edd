//! What the cluster is made of: features, capabilities, catalogs.

use clap::builder::PossibleValuesParser;

/// Capabilities in the order of HyperShift's enum.
const CAPABILITIES: [&str; 7] =
    ["ImageRegistry", "openshift-samples", "Insights", "baremetal", "Console", "NodeTuning", "Ingress"];

use crate::args::go_bool::GoBool;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ContentFlags {
    /// Set of features that are on
    #[arg(long, value_name = "SET", help_heading = "Content")]
    pub feature_set: Option<String>,
    /// Capabilities to do without; comma-separated
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(CAPABILITIES), help_heading = "Content")]
    pub disable_cluster_capabilities: Vec<String>,
    /// Capabilities to have; comma-separated
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = PossibleValuesParser::new(CAPABILITIES), help_heading = "Content")]
    pub enable_cluster_capabilities: Vec<String>,
    /// Use cryptography in FIPS mode
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Content")]
    pub fips: GoBool,
    /// Where operator catalogs run
    #[arg(
        long, value_name = "PLACE", default_value = "management", ignore_case = true, help_heading = "Content",
        value_parser = PossibleValuesParser::new(["management", "guest"])
    )]
    pub olm_catalog_placement: String,
    /// Do without the default operator catalogs
    #[arg(long, value_name = "BOOL", default_value_t, hide_default_value = true, help_heading = "Content")]
    pub olm_disable_default_sources: GoBool,
}
