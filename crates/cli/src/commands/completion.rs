//! `completion`: scripts that let a shell complete commands and flags.

use anyhow::Result;
use clap::Args;
use clap_complete::Shell;

use crate::commands::{self, Context};

/// `completion`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(hcp completion bash)
  hcp completion zsh > \"${fpath[1]}/_hcp\"")]
pub struct CompletionArguments {
    /// The shell
    shell: Shell,
}

/// Runs `completion`.
pub fn completion(arguments: &CompletionArguments, context: &Context) -> Result<()> {
    let mut script = Vec::new();
    let mut command = commands::tree(context.invocation);
    clap_complete::generate(arguments.shell, &mut command, context.invocation.name(), &mut script);
    Ok(context.printer.data(&String::from_utf8_lossy(&script))?)
}
