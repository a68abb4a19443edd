//! The payload: upstream binaries built from pinned Go modules, as images, as releases.
//!
//! Everything is cached by the content of its inputs under `~/.cache/hoist` (or `$HOIST_CACHE`), so a second checkout builds nothing.

mod binaries;
mod cache;
mod debian_files;
mod definition;
mod hoist;
mod images;
mod layer;
mod layout;
mod list;
mod progress;
mod record;
mod rootfs;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use cache::Cache;
use definition::Definition;
use progress::Progress;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Build everything that is not in the cache, then the images and releases
    Build(BuildArguments),
    /// Build only Hoist's own programs and put them into the images and releases
    Hoist(HoistArguments),
    /// Make the root file system of a plain Debian host
    Rootfs,
    /// Show components, versions, digests, sizes and build times
    List,
}

#[derive(Args)]
pub struct BuildArguments {
    #[command(flatten)]
    hoist: HoistArguments,
    /// Check the content of everything in the cache against its recorded digest first
    #[arg(long)]
    verify: bool,
}

#[derive(Args)]
pub struct HoistArguments {
    /// Take hoist-operator, hoist-bootstrap, hoist-node and hoist-router from this folder instead of building them
    #[arg(long, value_name = "DIR")]
    hoist_bin: Option<PathBuf>,
    /// Cargo profile to build Hoist's own programs with
    #[arg(long, default_value = "release", value_name = "PROFILE")]
    hoist_profile: String,
}

pub fn run(workspace: &Path, command: Command) -> Result<()> {
    let cache = Cache::open()?;
    let definition = Definition::read(workspace)?;
    let progress = Progress::new();
    match command {
        Command::List => return list::print(&cache),
        Command::Rootfs => {
            let _lock = cache.lock("payload rootfs")?;
            let folder = rootfs::ensure(&cache, &definition.rootfs, &progress)?;
            println!("{}", folder.display());
        }
        Command::Hoist(arguments) => build(workspace, &cache, &definition, &arguments, &progress)?,
        Command::Build(arguments) => {
            if arguments.verify {
                let _lock = cache.lock("payload build --verify")?;
                binaries::verify(&cache, &progress)?;
            }
            build(workspace, &cache, &definition, &arguments.hoist, &progress)?;
        }
    }
    progress.summary();
    Ok(())
}

fn build(
    workspace: &Path,
    cache: &Cache,
    definition: &Definition,
    hoist: &HoistArguments,
    progress: &Progress,
) -> Result<()> {
    // Cargo has its own lock and may have to wait for it: not while others wait for ours.
    let programs = hoist::programs(workspace, hoist, progress)?;
    let _lock = cache.lock("payload build")?;
    let rootfs = rootfs::ensure(cache, &definition.rootfs, progress)?;
    let mut components = binaries::ensure(workspace, cache, definition, progress)?;
    components.push(programs.keep(cache)?);
    let images = images::ensure(cache, &rootfs, components, progress)?;
    let folder = layout::assemble(cache, definition, &images, progress)?;
    cache.prune()?;
    println!("{}", folder.display());
    Ok(())
}
