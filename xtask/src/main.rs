//! Build chores with logic in them: the payload, the root file system of local hosts, the dependency rule.
//!
//! Compiles quickly on purpose: no HTTP, no async runtime, no Kubernetes types.

mod check_layers;
mod compare_crds;
mod payload;
mod run;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
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
    /// Print how our CustomResourceDefinitions differ from HyperShift's published ones
    CompareCrds(compare_crds::Arguments),
}

fn main() -> ExitCode {
    let chore = Arguments::parse().chore;
    let outcome = workspace().and_then(|workspace| match chore {
        Chore::Payload(command) => payload::run(&workspace, command),
        Chore::CheckLayers => check_layers::run(&workspace),
        Chore::CompareCrds(arguments) => compare_crds::run(&workspace, &arguments),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Root of the checkout that this program runs for.
///
/// Cargo says it when it starts the program. It is not compiled in: checkouts share a target folder, and the program of
/// one would read the files of another.
fn workspace() -> anyhow::Result<PathBuf> {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").context("start xtask with `cargo xtask`")?;
    let own = Path::new(&own);
    Ok(own.parent().unwrap_or(own).to_owned())
}
