//! The one-machine management cluster: local hosts, network, provisioner and loopback proxy.
//!
//! A *local host* is a machine of its own as far as software can tell, made of namespaces; an
//! *instance* is a set of them behind one switch, with everything it owns in one folder. The
//! program that uses this crate must hand its hidden subcommands to [`init::main`] and
//! [`daemon::main`] before it starts any thread.

pub mod address_plan;
pub mod cgroup;
pub mod commands;
pub mod daemon;
mod files;
pub mod host;
pub mod init;
pub mod instance;
pub mod machine;
pub mod management;
pub mod network;
pub mod process;
pub mod progress;

pub use instance::Instance;

/// An error and its causes in one line.
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Transparent variants repeat their source.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}
