//! Tests of the real thing: one instance, brought up once, walked through by cases in order, taken down at the end.
//!
//! Not libtest: the cases build on each other and the instance must be taken down whatever happens, which a harness of
//! independent tests cannot promise.

mod cases;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use hoist_e2e::world::World;

/// Run the end-to-end cases against a real instance.
#[derive(Debug, Parser)]
struct Args {
    /// Run only cases whose name contains this
    #[arg(long)]
    filter: Option<String>,
    /// Leave the instance running at the end
    #[arg(long)]
    keep: bool,
    /// The hcp to test
    #[arg(long, env = "HOIST_E2E_HCP")]
    hcp: String,
    /// Name of the instance
    #[arg(long, default_value = "e2e")]
    instance: String,
    /// List the cases and stop
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let cases = cases::all();
    if args.list {
        for case in &cases {
            report(format_args!("{}", case.name));
        }
        return ExitCode::SUCCESS;
    }
    let mut world = World::new(&args.hcp, &args.instance);
    let wanted = |name: &str| args.filter.as_deref().is_none_or(|filter| name.contains(filter));
    let (mut passed, mut failed) = (0_u32, 0_u32);
    for case in cases.iter().filter(|case| wanted(case.name)) {
        let started = Instant::now();
        match (case.run)(&mut world) {
            Ok(()) => {
                passed += 1;
                report(format_args!("ok      {:>6.1} s  {}", started.elapsed().as_secs_f64(), case.name));
            }
            Err(error) => {
                failed += 1;
                report(format_args!("FAILED  {:>6.1} s  {}: {error:#}", started.elapsed().as_secs_f64(), case.name));
                if case.decisive {
                    report(format_args!("the cases that follow need this one: stopping"));
                    break;
                }
            }
        }
    }
    if !args.keep
        && let Err(error) = world.down()
    {
        failed += 1;
        report(format_args!("FAILED  taking the instance down: {error:#}"));
    }
    report(format_args!("{passed} passed, {failed} failed"));
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[allow(clippy::print_stdout, reason = "the report is this program's output")]
fn report(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}
