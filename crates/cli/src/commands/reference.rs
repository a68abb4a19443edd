//! `reference`: the pages of docs/reference, from the code. Hidden: it is there for `make generate`.

mod api;
mod command_line;
mod conditions;
mod without_effect;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::{self, Context};
use crate::invocation::Invocation;

/// What is printed.
#[derive(Debug, Subcommand)]
pub enum ReferenceCommand {
    /// Every command and flag
    Cli,
    /// Every kind and field
    Api,
    /// Every condition and reason
    Conditions,
    /// Every field and annotation without effect
    WithoutEffect,
}

/// Runs `reference`.
pub fn reference(command: &ReferenceCommand, context: &Context) -> Result<()> {
    let page = match command {
        ReferenceCommand::Cli => command_line::page(commands::tree(Invocation::Hcp)),
        ReferenceCommand::Api => api::page()?,
        ReferenceCommand::Conditions => conditions::page(),
        ReferenceCommand::WithoutEffect => without_effect::page(),
    };
    Ok(context.printer.data(&page)?)
}

/// The line that keeps people from editing a page.
const GENERATED: &str = "<!-- Made from the code by `make generate`; changes here are lost. -->\n";

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|").replace('<', "\\<")
}
