//! `release`: looks into release images and copies them between registries.

mod info;
mod mirror;
pub mod registry;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::Context;

/// `release info` and `release mirror`.
#[derive(Debug, Subcommand)]
pub enum ReleaseCommand {
    /// Show what a release image, or a folder of release images, is made of
    Info(info::InfoArguments),
    /// Copy a release image with all its components to another registry; digests stay
    Mirror(mirror::MirrorArguments),
}

/// Runs `release …`.
pub async fn run(command: ReleaseCommand, context: &Context) -> Result<()> {
    match command {
        ReleaseCommand::Info(arguments) => info::info(arguments, context).await,
        ReleaseCommand::Mirror(arguments) => mirror::mirror(arguments, context).await,
    }
}
