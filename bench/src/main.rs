//! Measures what the project promises, each figure beside its bound, ratios within one run.
//!
//! Machines are noisy: a bound that depends on the machine is a multiple of a bare start measured in the same run.

mod api;
mod bare;
mod figures;
mod memory;
mod phases;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum as _};

use figures::Figures;
use hoist_e2e::world::World;
use phases::Phase;

/// Measure a real instance and print a table and JSON.
#[derive(Debug, Parser)]
pub struct Args {
    /// The hcp to measure
    #[arg(long)]
    hcp: String,
    /// Name of the instance; it is brought up and, unless --keep, taken down
    #[arg(long, default_value = "bench")]
    instance: String,
    /// Leave the instance running at the end
    #[arg(long)]
    keep: bool,
    /// How many clusters to create one after the other
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// Seconds of idleness before memory is measured
    #[arg(long, default_value_t = 300)]
    idle_seconds: u64,
    /// Seconds without work in which nothing may be written
    #[arg(long, default_value_t = 600)]
    quiet_seconds: u64,
    /// What to measure
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Phase::value_variants().to_vec())]
    phases: Vec<Phase>,
    /// Folder for bench.json
    #[arg(long, default_value = "bench/out")]
    output: String,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut figures = Figures::default();
    let mut world = World::new(&args.hcp, &args.instance);
    let outcome = measure(&args, &mut world, &mut figures);
    let down = if args.keep { Ok(()) } else { world.down() };
    let written = figures.write(&args.output);
    for error in [outcome, down, written].into_iter().filter_map(Result::err) {
        complain(format_args!("error: {error:#}"));
        figures.incomplete = true;
    }
    figures.print();
    if figures.all_hold() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(args: &Args, world: &mut World, figures: &mut Figures) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok().context("a TLS provider is already there")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    phases::prepare(world)?;
    runtime.block_on(async {
        for phase in &args.phases {
            match phase {
                Phase::Creation => phases::creation::measure(world, figures, args.rounds).await?,
                Phase::Nodes => phases::nodes::measure(world, figures, args.idle_seconds).await?,
                Phase::FiveAtOnce => phases::five_at_once::measure(world, figures).await?,
                Phase::Router => phases::router::measure(world, figures)?,
                Phase::Quiet => phases::quiet::measure(world, figures, Duration::from_secs(args.quiet_seconds)).await?,
            }
        }
        Ok(())
    })
}

#[allow(clippy::print_stderr, reason = "this program's own diagnostics")]
pub(crate) fn complain(line: std::fmt::Arguments<'_>) {
    eprintln!("{line}");
}
