//! Plan to the objects inside a hosted cluster.
//!
//! CoreDNS and kube-proxy have their own parameters and serve management clusters too. [`rights`] and the CRDs of
//! [`cluster_config`] must be applied by an administrator; everything else by the operator's own user, which [`rights`] made.

pub mod admission;
pub mod api_address;
pub mod apply_sets;
pub mod cluster_config;
pub mod coredns;
pub mod daemon;
pub mod flannel;
pub mod konnectivity_agent;
pub mod kube_proxy;
pub mod metadata;
pub mod node_bootstrap;
pub mod objects;
pub mod rights;
#[cfg(test)]
mod tests;

pub use objects::{Credentials, objects};
