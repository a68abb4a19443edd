//! Flag groups and value forms that several commands share.

pub mod agent;
pub mod architecture;
pub mod cluster;
pub mod cluster_reference;
pub mod files;
pub mod go_bool;
pub mod key_value;
pub mod kubeconfig;
pub mod kubevirt;
pub mod label_selector;
pub mod names;
pub mod output;
pub mod quantity;
pub mod toleration;
