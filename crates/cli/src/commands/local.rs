//! `local`: a management cluster and plain Linux hosts on this machine. All the work is in `hoist-local`.

mod host;
mod status;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use hoist_local::Instance;
use hoist_local::commands::{UpOptions, service};
use hoist_local::instance::DEFAULT_NAME;

use crate::args::output::OutputFlags;
use crate::commands::Context;

/// `local …`.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  hcp local up
  export KUBECONFIG=$(hcp local kubeconfig --path)
  hcp local host add worker-1
  hcp local host exec worker-1 -- sh -c \"$(hcp create join-command --name demo)\"
  hcp local down")]
pub enum LocalCommand {
    /// Bring up the management cluster, or whatever is missing of it
    Up(UpArguments),
    /// Take everything down and erase it, data included
    Down(InstanceFlags),
    /// Show the state of each part
    Status(StatusArguments),
    /// Print the management cluster's kubeconfig, or where it is
    Kubeconfig(KubeconfigArguments),
    /// Print logs of the instance's own daemon, or of a part of it
    Logs(LogsArguments),
    /// Plain Linux hosts, each a machine of its own as far as software can tell
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Host(host::HostCommand),
}

/// Which instance.
#[derive(Debug, Clone, Args)]
pub struct InstanceFlags {
    /// Name of the instance
    #[arg(long, default_value = DEFAULT_NAME, value_name = "NAME", global = true)]
    instance: String,
    /// Folder that holds everything of the instance [default: /var/lib/hoist/<instance>]
    #[arg(long, value_name = "DIR", global = true)]
    state_dir: Option<PathBuf>,
}

impl InstanceFlags {
    /// The flags again, as they belong into another command of the same instance.
    fn flags(&self) -> String {
        let instance =
            if self.instance == DEFAULT_NAME { String::new() } else { format!(" --instance {}", self.instance) };
        let folder = self.state_dir.as_ref().map(|folder| format!(" --state-dir {}", folder.display()));
        instance + &folder.unwrap_or_default()
    }

    /// Checks the flags; touches nothing.
    pub fn instance(&self) -> Result<Instance> {
        Instance::new(&self.instance, self.state_dir.as_deref())
            .map_err(|error| crate::failure::usage(error.to_string()))
    }
}

/// `local up`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp local up
  hcp local up --management-nodes 3
  hcp local up --install-service

Needs root. What is there already is left as it is; what is missing is made; an instance that lost
power comes back with its data.")]
pub struct UpArguments {
    #[command(flatten)]
    instance: InstanceFlags,
    /// Nodes of the management cluster [default: as many as there are, at least 1]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=9))]
    management_nodes: Option<u8>,
    /// Also install a systemd service that brings the instance up when the machine starts
    #[arg(long)]
    install_service: bool,
}

/// `local status`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp local status
  hcp local status --output json | jq -r .pullSecret")]
pub struct StatusArguments {
    #[command(flatten)]
    instance: InstanceFlags,
    #[command(flatten)]
    output: OutputFlags,
}

/// `local kubeconfig`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  export KUBECONFIG=$(hcp local kubeconfig --path)
  hcp local kubeconfig > management.kubeconfig")]
pub struct KubeconfigArguments {
    #[command(flatten)]
    instance: InstanceFlags,
    /// Print where it is instead of what it says
    #[arg(long)]
    path: bool,
}

/// `local logs`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp local logs
  hcp local logs management-1 --unit kubelet --tail 50")]
pub struct LogsArguments {
    #[command(flatten)]
    instance: InstanceFlags,
    /// A host of the instance [default: the daemon on this machine]
    host: Option<String>,
    #[command(flatten)]
    view: host::LogFlags,
}

/// Runs `local …`.
pub async fn run(command: LocalCommand, context: &Context) -> Result<()> {
    match command {
        LocalCommand::Up(arguments) => up(arguments, context).await,
        LocalCommand::Down(flags) => down(&flags, context),
        LocalCommand::Status(arguments) => status::status(&arguments, context).await,
        LocalCommand::Kubeconfig(arguments) => kubeconfig(&arguments, context),
        LocalCommand::Logs(arguments) => host::instance_logs(&arguments, context),
        LocalCommand::Host(command) => host::run(command, context),
    }
}

async fn up(arguments: UpArguments, context: &Context) -> Result<()> {
    let instance = arguments.instance.instance()?;
    if arguments.install_service {
        service::check(&instance)?;
    }
    let stages = context.printer.stages();
    let options = UpOptions { management_nodes: arguments.management_nodes };
    let changed = hoist_local::commands::up(&instance, options, &stages).await?;
    drop(stages);
    let name = instance.name();
    let outcome = if changed { "is up" } else { "was up already; nothing to do" };
    context.printer.note(&format!("Instance {name} {outcome}."));
    if arguments.install_service {
        let program = std::env::current_exe().context("cannot tell which program the service should run")?;
        let outcome = if service::install(&instance, &program)? { "is installed" } else { "was installed already" };
        context.printer.note(&format!("The service that brings it up when the machine starts {outcome}."));
    }
    let program = context.invocation.name();
    let flags = arguments.instance.flags();
    context.printer.note(&format!(
        "\nNext:\n  export KUBECONFIG=$({program} local kubeconfig --path{flags})\n  {program} local status{flags}"
    ));
    Ok(())
}

fn down(flags: &InstanceFlags, context: &Context) -> Result<()> {
    let instance = flags.instance()?;
    let stages = context.printer.stages();
    let was_there = hoist_local::commands::down(&instance, &stages)?;
    drop(stages);
    let outcome = if was_there { "is gone, and so is everything of it" } else { "does not exist; nothing to do" };
    context.printer.note(&format!("Instance {} {outcome}.", instance.name()));
    Ok(())
}

fn kubeconfig(arguments: &KubeconfigArguments, context: &Context) -> Result<()> {
    let instance = arguments.instance.instance()?;
    instance.record()?;
    let file = instance.kubeconfig();
    if !arguments.path {
        let text = fs_err::read_to_string(&file).context("the instance has no kubeconfig yet; run `hcp local up`")?;
        return Ok(context.printer.data(&text)?);
    }
    Ok(context.printer.data(&file.display().to_string())?)
}
