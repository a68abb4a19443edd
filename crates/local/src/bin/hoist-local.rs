//! `hcp local` without the rest of `hcp`, for the tests of this crate.
//!
//! Usage: `hoist-local STATE_DIR COMMAND [ARGUMENTS]`. Data goes to standard output as JSON.

use std::{ffi::OsString, path::Path, process::ExitCode, time::Duration};

use anyhow::Context;
use hoist_local::{
    Instance,
    commands::{self, UpOptions},
    daemon, init,
    progress::Progress,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next().unwrap_or_default();
    match first.to_str() {
        Some("local-init") => init::main(arguments),
        Some("local-daemon") => daemon::main(arguments),
        _ => run_with_log(Path::new(&first), &arguments.collect::<Vec<_>>()).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }),
    }
}

fn run_with_log(state_dir: &Path, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let level = std::env::var("HOIST_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::WARN);
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    run(state_dir, arguments)
}

fn run(state_dir: &Path, arguments: &[OsString]) -> anyhow::Result<ExitCode> {
    let instance = Instance::new("test", Some(state_dir))?;
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    match words.as_slice() {
        ["switch"] => commands::machine_up(&instance).map(|_| ())?,
        ["up"] => {
            runtime()?.block_on(commands::up(&instance, UpOptions::default(), &Lines))?;
        }
        ["up", count] => {
            let options = UpOptions { management_nodes: Some(count.parse()?) };
            runtime()?.block_on(commands::up(&instance, options, &Lines))?;
        }
        ["status"] => print(&runtime()?.block_on(commands::status(&instance))?)?,
        ["down"] => commands::down(&instance, &Lines).map(|_| ())?,
        ["host", "add", name] => print(&commands::hosts::add(&instance, name)?)?,
        ["host", "list"] => print(&commands::hosts::list(&instance)?)?,
        ["host", "stop", name] => commands::hosts::stop(&instance, name).map(|_| ())?,
        ["host", "start", name] => commands::hosts::start(&instance, name).map(|_| ())?,
        ["host", "remove", name] => commands::hosts::remove(&instance, name)?,
        ["host", "exec", name, ..] => {
            let status = commands::hosts::exec(&instance, name, &arguments[3..])?;
            return Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1))?));
        }
        _ => anyhow::bail!("unknown command: {words:?}"),
    }
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start a runtime")
}

/// One line per stage on standard error.
struct Lines;

impl Progress for Lines {
    fn started(&self, _: &str) {}

    fn finished(&self, stage: &str, took: Duration, changed: bool) {
        eprintln!("{stage}: {} ms{}", took.as_millis(), if changed { "" } else { ", nothing to do" });
    }
}

fn print(value: &impl serde::Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value).context("write JSON")?);
    Ok(())
}
