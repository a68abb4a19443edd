//! The command tree: verbs, then nouns, then platforms, as in HyperShift.

pub mod absent;
pub mod cluster;
pub mod completion;
pub mod explain;
pub mod host;
pub mod install;
pub mod join_command;
pub mod join_token;
pub mod kubeconfig;
pub mod local;
pub mod man;
pub mod node_pool;
pub mod reference;
pub mod release;
pub mod version;

use anyhow::Result;
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::args::go_bool;
use crate::invocation::Invocation;
use crate::printer::Printer;

/// What every command gets.
pub struct Context {
    /// The name that the program was started under.
    pub invocation: Invocation,
    /// Where it writes.
    pub printer: Printer,
}

/// Hosted control planes on any Kubernetes, for any Linux host
#[derive(Debug, Parser)]
#[command(
    name = "hcp",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Examples:
  hcp local up                                         a management cluster on this machine
  hcp install --registry REGISTRY --pull-secret FILE   the operator, on any Kubernetes
  hcp create cluster none --name demo --pull-secret FILE --node-pool-replicas 2 --wait-for available
  hcp create join-command --name demo                  the line to run on each Linux host
  hcp status demo                                      what is, what is not, and the next step
  hcp explain EtcdAvailable                            what a condition means

Exit codes: 0 done, 1 failed, 2 wrong usage."
)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one of it")]
enum Command {
    /// Install the operator on a management cluster
    Install(install::InstallArguments),
    /// Remove the operator; refused while hosted clusters exist
    Uninstall(install::UninstallArguments),
    /// Create clusters, NodePools, kubeconfigs, join tokens and join commands
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Create(Create),
    /// Destroy clusters and NodePools
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Destroy(Destroy),
    /// Collect what helps to find a fault, without secrets
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Dump(Dump),
    /// List join tokens and hosts
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    List(List),
    /// Show hosts and join tokens
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Get(List),
    /// Revoke join tokens
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Revoke(Revoke),
    /// Remove hosts from a hosted cluster
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Remove(Remove),
    /// One screen about a hosted cluster: endpoint, versions, components, hosts, and the next step
    Status(cluster::status::StatusArguments),
    /// Say what a condition or a reason means, and what to do next
    Explain(explain::ExplainArguments),
    /// Look into release images and copy them
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Release(release::ReleaseCommand),
    /// A management cluster and plain Linux hosts on this machine
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Local(local::LocalCommand),
    /// Print the versions of this program, of the operator and of the releases it hosts
    Version(version::VersionArguments),
    /// Print a completion script for a shell
    Completion(completion::CompletionArguments),
    /// Write man pages of all commands into a folder
    Man(man::ManArguments),
    /// Print the references that docs/reference holds
    #[command(subcommand, hide = true)]
    Reference(reference::ReferenceCommand),
}

#[derive(Debug, Subcommand)]
enum Create {
    /// Create a hosted cluster on one of the platforms
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Cluster(cluster::create::Platform),
    /// Create a NodePool of a hosted cluster on one of the platforms
    #[command(
        name = "nodepool",
        alias = "node-pool",
        subcommand,
        subcommand_required = true,
        arg_required_else_help = true
    )]
    NodePool(node_pool::create::Platform),
    /// Print the administrator's kubeconfig of a hosted cluster, or of all of them
    Kubeconfig(kubeconfig::CreateArguments),
    /// Create a token with which hosts join a NodePool, and print it
    JoinToken(join_token::CreateArguments),
    /// Print the line that joins a Linux host to a hosted cluster
    JoinCommand(join_command::CreateArguments),
    #[command(hide = true)]
    Infra(absent::Unserved),
    #[command(hide = true)]
    Iam(absent::Unserved),
    #[command(hide = true)]
    OperatorRoles(absent::Unserved),
    #[command(hide = true)]
    Bastion(absent::Unserved),
    #[command(hide = true)]
    OadpBackup(absent::Unserved),
    #[command(hide = true)]
    OadpRestore(absent::Unserved),
    #[command(hide = true)]
    OadpSchedule(absent::Unserved),
}

#[derive(Debug, Subcommand)]
enum Destroy {
    /// Destroy a hosted cluster and let its hosts go
    #[command(subcommand, subcommand_required = true, arg_required_else_help = true)]
    Cluster(cluster::destroy::Platform),
    /// Destroy a NodePool and let its nodes go
    #[command(name = "nodepool", alias = "node-pool")]
    NodePool(node_pool::destroy::DestroyArguments),
    #[command(hide = true)]
    Infra(absent::Unserved),
    #[command(hide = true)]
    Iam(absent::Unserved),
    #[command(hide = true)]
    Bastion(absent::Unserved),
}

#[derive(Debug, Subcommand)]
enum Dump {
    /// Dump a hosted cluster's objects, events and logs into a folder
    Cluster(cluster::dump::DumpArguments),
}

#[derive(Debug, Subcommand)]
enum List {
    /// Show the join tokens of a hosted cluster
    #[command(alias = "join-token", alias = "jointokens")]
    JoinTokens(join_token::ListArguments),
    /// Show the hosts that joined or are joining
    #[command(alias = "host")]
    Hosts(host::ListArguments),
}

#[derive(Debug, Subcommand)]
enum Revoke {
    /// Refuse a join token from now on; hosts that joined with it stay
    #[command(alias = "join-tokens")]
    JoinToken(join_token::RevokeArguments),
}

#[derive(Debug, Subcommand)]
enum Remove {
    /// Drain a host, remove its Node and restore the host
    #[command(alias = "hosts")]
    Host(host::RemoveArguments),
}

/// The command tree as it is parsed, printed in help, completed and documented.
pub fn tree(invocation: Invocation) -> clap::Command {
    let tree = CommandLine::command().name(invocation.file_name()).bin_name(invocation.name());
    tree.mut_subcommands(|command| {
        let is_install = command.get_name() == "install";
        with_switches(if is_install { install::persistent(command) } else { command })
    })
}

fn with_switches(command: clap::Command) -> clap::Command {
    command.mut_args(go_bool::as_switch).mut_subcommands(with_switches)
}

/// Runs the command.
pub async fn run(command_line: CommandLine, context: &Context) -> Result<()> {
    match command_line.command {
        Command::Install(arguments) => install::install(arguments, context).await,
        Command::Uninstall(arguments) => install::uninstall(arguments, context).await,
        Command::Create(Create::Cluster(platform)) => cluster::create::create(platform, context).await,
        Command::Create(Create::Infra(_)) => Err(absent::cloud("create infra")),
        Command::Create(Create::Iam(_)) => Err(absent::cloud("create iam")),
        Command::Create(Create::OperatorRoles(_)) => Err(absent::cloud("create operator-roles")),
        Command::Create(Create::Bastion(_)) => Err(absent::cloud("create bastion")),
        Command::Create(Create::OadpBackup(_)) => Err(absent::backup("create oadp-backup")),
        Command::Create(Create::OadpRestore(_)) => Err(absent::backup("create oadp-restore")),
        Command::Create(Create::OadpSchedule(_)) => Err(absent::backup("create oadp-schedule")),
        Command::Destroy(Destroy::Infra(_)) => Err(absent::cloud("destroy infra")),
        Command::Destroy(Destroy::Iam(_)) => Err(absent::cloud("destroy iam")),
        Command::Destroy(Destroy::Bastion(_)) => Err(absent::cloud("destroy bastion")),
        Command::Create(Create::NodePool(platform)) => node_pool::create::create(platform, context).await,
        Command::Create(Create::Kubeconfig(arguments)) => kubeconfig::create(arguments, context).await,
        Command::Create(Create::JoinToken(arguments)) => join_token::create(arguments, context).await,
        Command::Create(Create::JoinCommand(arguments)) => join_command::create(arguments, context).await,
        Command::Destroy(Destroy::Cluster(platform)) => cluster::destroy::destroy(platform, context).await,
        Command::Dump(Dump::Cluster(arguments)) => cluster::dump::dump(arguments, context).await,
        Command::Destroy(Destroy::NodePool(arguments)) => node_pool::destroy::destroy(arguments, context).await,
        Command::List(List::JoinTokens(arguments)) | Command::Get(List::JoinTokens(arguments)) => {
            join_token::list(arguments, context).await
        }
        Command::List(List::Hosts(arguments)) | Command::Get(List::Hosts(arguments)) => {
            host::list(arguments, context).await
        }
        Command::Revoke(Revoke::JoinToken(arguments)) => join_token::revoke(arguments, context).await,
        Command::Remove(Remove::Host(arguments)) => host::remove(arguments, context).await,
        Command::Status(arguments) => cluster::status::status(arguments, context).await,
        Command::Explain(arguments) => explain::explain(&arguments, context),
        Command::Release(command) => release::run(command, context).await,
        Command::Local(command) => local::run(command, context).await,
        Command::Version(arguments) => version::version(arguments, context).await,
        Command::Completion(arguments) => completion::completion(&arguments, context),
        Command::Man(arguments) => man::man(&arguments, context),
        Command::Reference(command) => reference::reference(&command, context),
    }
}
