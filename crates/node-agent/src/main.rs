//! hoist-node: makes a Linux host a node of a hosted cluster, keeps it one, and undoes it.
//!
//! The same program is the command that people run and the services that run on the host afterwards.

mod agent;
mod api;
mod arguments;
mod cause;
mod join;
mod key;
mod leave;
mod lock;
mod pause_image;
mod payload;
mod pin;
mod progress;
mod proxy;
mod server;
mod state;
mod status;
mod tls;
mod update;

use std::process::ExitCode;

use clap::Parser as _;
use hoist_host::{HostRoot, api_proxy, cni_waiter, supervisor};

use crate::arguments::{Arguments, Command};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // People read the lines that commands print; services have only their log.
    let level = if arguments.command.is_service() { "info" } else { "error" };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level)),
        )
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("hoist-node: failed to start its runtime: {cause}");
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(run(arguments.command))
}

async fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Join(arguments) => return join::join(&arguments).await,
        Command::Status(arguments) => return status::status(&arguments).await,
        Command::Leave(arguments) => return leave::leave(&arguments).await,
        Command::Update(arguments) => return update::update(&arguments).await,
        Command::Supervise => {
            let folders = supervisor::Folders::of(&HostRoot::this_host());
            supervisor::run(&folders).await.map_err(anyhow::Error::from)
        }
        Command::ApiProxy => api_proxy::run().await.map_err(anyhow::Error::from),
        Command::Cni => cni_waiter::run(&HostRoot::this_host()).await.map_err(anyhow::Error::from),
        Command::Agent => agent::run().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hoist-node: {error:#}");
            ExitCode::FAILURE
        }
    }
}
