//! `version`: of this program, of the operator, and of the releases that it hosts.

pub mod supported;

use anyhow::Result;
use clap::Args;
use hoist_api::names;
use hoist_release::skew::NEWEST_MINOR;

use crate::args::go_bool::GoBool;
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::names::dns_label;
use crate::commands::Context;
use crate::failure::usage;
use crate::session::Session;

use supported::SupportedVersions;

/// Commit that the program is built from.
const COMMIT: &str = env!("HOIST_COMMIT");

/// `version`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp version
  hcp version --client-only
  hcp version --commit-only")]
pub struct VersionArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Print nothing but the commit of this program
    #[arg(long, value_name = "BOOL", default_value = "false")]
    commit_only: GoBool,
    /// Do not ask the management cluster
    #[arg(long, value_name = "BOOL", default_value = "false")]
    client_only: GoBool,
    /// Namespace of the operator
    #[arg(long, default_value = names::OPERATOR_NAMESPACE)]
    namespace: String,
}

/// Runs `version`.
pub async fn version(arguments: VersionArguments, context: &Context) -> Result<()> {
    dns_label(&arguments.namespace).map_err(|text| usage(format!("--namespace {text}")))?;
    if arguments.commit_only.0 {
        return Ok(context.printer.data(COMMIT)?);
    }
    context.printer.data(&format!(
        "Client Version: hoist {}: {COMMIT}. Latest supported Kubernetes: 1.{NEWEST_MINOR}",
        env!("CARGO_PKG_VERSION")
    ))?;
    if arguments.client_only.0 {
        return Ok(());
    }
    let session = Session::open(&arguments.kubeconfig).await?;
    let Some(supported) = SupportedVersions::read_in(&session, &arguments.namespace).await? else {
        context.printer.note(&format!(
            "The operator is not installed in namespace {}; see `{} install --help`.",
            arguments.namespace,
            context.invocation.name()
        ));
        return Ok(());
    };
    context.printer.data(&format!(
        "Server Version: hoist {}\nServer Supports Kubernetes Versions: {}",
        supported.server_version().unwrap_or("unknown"),
        supported.versions().join(", ")
    ))?;
    Ok(())
}
