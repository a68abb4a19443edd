//! The controllers of hosted clusters, one folder each.
//!
//! A library beside the program only so that tests can run whole passes; nothing else depends on it.

pub mod bootstrap_server;
pub mod break_glass;
pub mod context;
pub mod copies;
pub mod front;
pub mod guest;
pub mod hosted_cluster;
pub mod hosted_control_plane;
pub mod kept_releases;
pub mod keys;
pub mod management;
pub mod node_bootstrap;
pub mod node_facts;
pub mod node_pool;
pub mod paused;
pub mod references;
pub mod releases;
pub mod rights;
pub mod settings;
pub mod supported_releases;
pub mod triggers;
pub mod unserved;
pub mod wait_for_tcp;
pub mod watches;

#[cfg(test)]
mod fixtures;
