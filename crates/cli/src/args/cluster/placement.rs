//! Where on the management cluster the control plane runs.

use crate::args::key_value::KeyValue;
use crate::args::toleration::Toleration;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct PlacementFlags {
    /// Nodes of the management cluster that may run the control plane; comma-separated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', help_heading = "Placement")]
    pub node_selector: Vec<KeyValue>,
    /// Labels of the control plane's pods; comma-separated
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', help_heading = "Placement")]
    pub pods_labels: Vec<KeyValue>,
    /// Toleration of the control plane's pods; repeatable
    #[arg(long, value_name = "key=KEY,effect=EFFECT,…", help_heading = "Placement")]
    pub toleration: Vec<Toleration>,
}
