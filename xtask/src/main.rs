//! Build chores with logic in them: the payload, the root file system of local hosts, the dependency rule.
//!
//! Compiles quickly on purpose: no HTTP, no async runtime, no Kubernetes types.

mod check_layers;
mod payload;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build chores of Hoist", version)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build, list and prepare what clusters are made of
    #[command(subcommand)]
    Payload(payload::Command),
    /// Check that crates depend on each other in one direction only
    CheckLayers,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Payload(command) => payload::run(&workspace(), command),
        Chore::CheckLayers => check_layers::run(&workspace()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Root of the checkout that this program was built from.
fn workspace() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
