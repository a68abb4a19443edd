//! Where the cluster's datastore keeps its data.

use crate::args::quantity::Quantity;

/// The flag group.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct EtcdFlags {
    /// StorageClass of etcd's volumes; the default class when left out
    #[arg(long = "etcd-storage-class", value_name = "CLASS", help_heading = "etcd")]
    pub storage_class: Option<String>,
    /// Size of each of etcd's volumes [default: 8Gi]
    #[arg(long = "etcd-storage-size", value_name = "QUANTITY", help_heading = "etcd")]
    pub storage_size: Option<Quantity>,
}
