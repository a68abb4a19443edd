//! The page of commands and flags.

use std::fmt::Write as _;

use clap::{Arg, Command};

use super::{GENERATED, cell};

/// The page.
pub fn page(mut tree: Command) -> String {
    tree.build();
    let mut page = format!(
        "{GENERATED}\n# Command line\n\nOne program under three names: `hcp`, `hypershift`, and `kubectl hcp` (as `kubectl-hcp`). \
         Where defaults differ between them, those of `hcp` are shown.\n"
    );
    describe(&mut page, &tree, tree.get_name());
    page
}

fn describe(page: &mut String, command: &Command, path: &str) {
    let _ = writeln!(page, "\n## {path}\n");
    if let Some(about) = command.get_long_about().or(command.get_about()) {
        let _ = writeln!(page, "{}.", cell(&about.to_string()).trim_end_matches('.'));
    }
    let aliases: Vec<&str> = command.get_all_aliases().collect();
    if !aliases.is_empty() {
        let _ = writeln!(page, "\nAlso as: {}.", aliases.join(", "));
    }
    let arguments: Vec<&Arg> =
        command.get_arguments().filter(|argument| !argument.is_hide_set() && argument.get_id() != "help").collect();
    if !arguments.is_empty() {
        page.push_str("\n| argument | default | what it is |\n|---|---|---|\n");
    }
    for argument in arguments {
        let _ = writeln!(page, "| `{}` | {} | {} |", name(argument), default(argument), help(argument));
    }
    if let Some(more) = command.get_after_help() {
        let _ = writeln!(page, "\n```text\n{}\n```", more.to_string().trim_end());
    }
    for child in command.get_subcommands().filter(|child| !child.is_hide_set() && child.get_name() != "help") {
        describe(page, child, &format!("{path} {}", child.get_name()));
    }
}

fn name(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let value = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    match argument.get_long() {
        Some(long) if !argument.get_action().takes_values() => format!("--{long}"),
        Some(long) => {
            let aliases = argument.get_all_aliases().unwrap_or_default();
            let aliases: Vec<String> = aliases.iter().map(|alias| format!(", --{alias}")).collect();
            format!("--{long} {value}{}", aliases.concat())
        }
        None => value,
    }
}

fn default(argument: &Arg) -> String {
    let values: Vec<String> =
        argument.get_default_values().iter().map(|value| format!("`{}`", value.to_string_lossy())).collect();
    if values.is_empty() && argument.is_required_set() { "required".to_owned() } else { values.join(", ") }
}

fn help(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let possible: Vec<String> = if argument.is_hide_possible_values_set() || !argument.get_action().takes_values() {
        Vec::new()
    } else {
        argument.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect()
    };
    match possible.as_slice() {
        [] => cell(&help),
        values => format!("{}: {}", cell(&help), values.join(", ")),
    }
}
