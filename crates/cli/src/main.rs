//! hcp, also installed as hypershift.
//!
//! The hidden subcommands of local hosts run before anything else: the kernel lets only a process with one thread enter or make
//! namespaces.

mod apply;
mod args;
mod commands;
mod failure;
mod flag_order;
mod invocation;
mod printer;
mod session;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::FromArgMatches as _;

use commands::{CommandLine, Context};
use invocation::Invocation;
use printer::Printer;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match arguments.get(1).and_then(|name| name.to_str()) {
        Some("local-init") => return hoist_local::init::main(arguments.into_iter().skip(2)),
        Some("local-daemon") => return hoist_local::daemon::main(arguments.into_iter().skip(2)),
        _ => {}
    }
    let invocation = Invocation::of(arguments.first().map(OsString::as_os_str));
    let arguments = flag_order::platform_first(arguments, || commands::tree(invocation));
    let parsed = commands::tree(invocation)
        .try_get_matches_from(arguments)
        .and_then(|matches| CommandLine::from_arg_matches(&matches));
    let command_line = match parsed {
        Ok(command_line) => command_line,
        // Help and versions are data; everything else is wrong usage. clap knows which stream and which code.
        Err(error) => error.exit(),
    };
    let printer = Printer::new();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.note(&format!("Error: cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let context = Context { invocation, printer };
    let result = runtime.block_on(commands::run(command_line, &context));
    // Watches may still be open; nothing is left to wait for.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !failure::is_silent(&error) {
                context.printer.note(&format!("Error: {}", failure::chain(&error)));
            }
            ExitCode::from(failure::exit_code(&error))
        }
    }
}
