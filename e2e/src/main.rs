//! Tests of the real thing: one instance, brought up once, walked through by cases in order, taken down at the end.
//!
//! Not libtest: the cases build on each other and the instance must be taken down whatever happens, which a harness of
//! independent tests cannot promise.

mod cases;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Instant;

use clap::Parser;

use cases::Case;
use hoist_e2e::machine::Machine;
use hoist_e2e::packets::Counter;
use hoist_e2e::world::World;

/// Run the end-to-end cases against a real instance.
#[derive(Debug, Parser)]
struct Args {
    /// Run only cases whose name contains this; several such texts with | between them
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
    let tally = Tally::default();
    // An instance that was kept is part of the picture; then there is nothing to compare with.
    let before = match world.exists() {
        Ok(true) => {
            if let Err(error) = world.refresh() {
                report(format_args!("the instance that was kept cannot be used: {error:#}"));
            }
            None
        }
        Ok(false) => Some(Machine::look(&args.instance)),
        Err(error) => Some(Err(error)),
    };
    let wanted =
        |name: &str| args.filter.as_deref().is_none_or(|filter| filter.split('|').any(|part| name.contains(part)));
    let wanted: Vec<&Case> = cases.iter().filter(|case| wanted(case.name)).collect();
    let mut left = &wanted[..];
    while let [next, ..] = left {
        let together = left.iter().take_while(|case| case.lane.is_some()).count();
        let (now, later) = left.split_at(together.max(1));
        left = later;
        if together > 0 {
            run_lanes(now, &mut world, &tally);
        } else if !tally.run(next.name, || (next.run)(&mut world)) && next.decisive {
            report(format_args!("the cases that follow need this one: stopping"));
            break;
        }
    }
    let found = !wanted.is_empty();
    if !args.keep {
        tally.run("local: down leaves no difference", || {
            world.down()?;
            Counter::new(&args.instance).stop()?;
            hoist_e2e::world::remove_files()?;
            before.map_or(Ok(()), |before| before?.expect_again())
        });
    }
    if let Err(error) = hoist_e2e::world::remove_files() {
        report(format_args!("temporary files of this run stay: {error:#}"));
    }
    let (passed, failed) = (tally.passed.into_inner(), tally.failed.into_inner());
    report(format_args!("{passed} passed, {failed} failed"));
    if failed == 0 && found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs lanes beside each other, each in its order.
fn run_lanes(cases: &[&Case], world: &mut World, tally: &Tally) {
    let mut lanes = BTreeMap::<_, Vec<&Case>>::new();
    for case in cases {
        lanes.entry(case.lane).or_default().push(case);
    }
    thread::scope(|scope| {
        for lane in lanes.into_values() {
            let mut world = world.clone();
            scope.spawn(move || {
                for case in lane {
                    tally.run(case.name, || (case.run)(&mut world));
                }
            });
        }
    });
    // Hosts came and went.
    if let Err(error) = world.refresh() {
        report(format_args!("the instance's status cannot be read: {error:#}"));
    }
}

/// How the cases went.
#[derive(Debug, Default)]
struct Tally {
    passed: AtomicU32,
    failed: AtomicU32,
}

impl Tally {
    /// Runs a case and reports it; says whether it passed.
    fn run(&self, name: &str, case: impl FnOnce() -> anyhow::Result<()>) -> bool {
        let started = Instant::now();
        let outcome = case();
        let took = started.elapsed().as_secs_f64();
        match &outcome {
            Ok(()) => {
                self.passed.fetch_add(1, Ordering::Relaxed);
                report(format_args!("ok      {took:>6.1} s  {name}"));
            }
            Err(error) => {
                self.failed.fetch_add(1, Ordering::Relaxed);
                report(format_args!("FAILED  {took:>6.1} s  {name}: {error:#}"));
            }
        }
        outcome.is_ok()
    }
}

#[allow(clippy::print_stdout, reason = "the report is this program's output")]
fn report(line: std::fmt::Arguments<'_>) {
    println!("{line}");
}
