//! Prepares, checks, supervises and restores a Linux host.
//!
//! Whatever touches files takes a [`HostRoot`], so that a host's file system can be prepared from outside it.

pub mod api_proxy;
pub mod cni_waiter;
pub mod facts;
pub mod init_system;
pub mod netlink;
pub mod preflight;
pub mod prepare;
mod processes;
mod root;
pub mod supervisor;
pub mod sysctl;
pub mod teardown;
pub mod undo;
pub mod wipe;

pub use root::HostRoot;
