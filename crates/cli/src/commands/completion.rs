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
    let program = context.invocation.file_name();
    // The generator for bash uses two names for one function when the program has a dash in its own.
    let without_dash = program.replace('-', "_");
    let is_bash = arguments.shell == Shell::Bash;
    let name = if is_bash { without_dash.as_str() } else { program };
    let mut script = Vec::new();
    let mut command = commands::tree(context.invocation).bin_name(name);
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if is_bash {
        script = script.replace(&format!("-o default {without_dash}\n"), &format!("-o default {program}\n"));
    }
    Ok(context.printer.data(&script)?)
}
