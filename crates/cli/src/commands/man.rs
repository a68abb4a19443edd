//! `man`: man pages.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::commands::{self, Context};
use crate::failure::usage;

/// `man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp man ./man && man ./man/hcp-create-cluster-none.1
  hcp man /usr/local/share/man/man1")]
pub struct ManArguments {
    /// Folder for the pages; made when it does not exist
    folder: PathBuf,
}

/// Runs `man`.
pub fn man(arguments: &ManArguments, context: &Context) -> Result<()> {
    let folder = &arguments.folder;
    if folder.exists() && !folder.is_dir() {
        return Err(usage(format!("{}: it is a file, expected a folder", folder.display())));
    }
    fs_err::create_dir_all(folder).context("the folder cannot be made")?;
    let tree = commands::tree(context.invocation).disable_help_subcommand(true);
    clap_mangen::generate_to(tree, folder).context("the pages cannot be written")?;
    context.printer.info("Wrote man pages", &[("folder", &folder.display().to_string())]);
    Ok(())
}
