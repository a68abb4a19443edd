//! `version`: of this program, of the operator, and of the releases that it hosts.

pub mod supported;

use anyhow::Result;
use clap::Args;

use crate::args::kubeconfig::KubeconfigFlags;
use crate::commands::Context;
use crate::session::Session;

use supported::SupportedVersions;

/// `version`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp version
  hcp version --client-only")]
pub struct VersionArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Do not ask the management cluster
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", default_value_t = false, hide_default_value = true, hide_possible_values = true)]
    client_only: bool,
}

/// Runs `version`.
pub async fn version(arguments: VersionArguments, context: &Context) -> Result<()> {
    context.printer.data(&format!("Client Version: hoist {}", env!("CARGO_PKG_VERSION")))?;
    if arguments.client_only {
        return Ok(());
    }
    let session = Session::open(&arguments.kubeconfig).await?;
    let Some(supported) = SupportedVersions::read(&session).await? else {
        context.printer.note("The operator is not installed there; see `install --help`.");
        return Ok(());
    };
    context.printer.data(&format!(
        "Server Version: hoist {}\nServer Supports Versions: {}",
        supported.server_version().unwrap_or("unknown"),
        supported.versions().join(", ")
    ))?;
    Ok(())
}
