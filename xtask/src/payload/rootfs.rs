//! The root file system of a plain Debian host, by debootstrap.
//!
//! The mirror is the one that this machine's own apt uses; it is read when needed and written nowhere in the project.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use fs_err as fs;

use super::cache::{self, Cache};
use super::definition::RootfsDefinition;
use super::progress::{Bar, Progress};
use crate::run;

/// Changes whenever the steps below change.
const FORMAT: &str = "1";

/// The folder with the root file system, made if it is missing; `rootfs/current` points to it.
pub fn ensure(cache: &Cache, definition: &RootfsDefinition, progress: &Progress) -> Result<PathBuf> {
    let packages = definition.packages.join(",");
    let key = cache::key([
        ("format", FORMAT.as_bytes()),
        ("suite", definition.suite.as_bytes()),
        ("packages", packages.as_bytes()),
    ]);
    let folder = cache.rootfs().join(&key);
    if !folder.is_dir() {
        let started = Instant::now();
        let bar = progress.bar(0, "rootfs");
        cache::create(&folder, |temporary| {
            debootstrap(&definition.suite, &packages, temporary, &bar)?;
            clean(temporary)
        })?;
        bar.note(format_args!("made the root file system of a host in {:.0} s", started.elapsed().as_secs_f64()));
    }
    cache::point(&cache.rootfs().join("current"), &key)?;
    Ok(folder)
}

fn debootstrap(suite: &str, packages: &str, folder: &Path, bar: &Bar) -> Result<()> {
    let mut command = Command::new("debootstrap");
    command.args(["--variant=minbase", &format!("--include={packages}"), suite]).arg(folder);
    command.args(mirror(suite));
    let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = match started {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            bail!("debootstrap is not installed; on Debian: apt-get install debootstrap")
        }
        outcome => outcome.context("debootstrap cannot be started")?,
    };
    let mut last = Vec::new();
    let lines = BufReader::new(child.stdout.take().context("debootstrap has a standard output")?).lines();
    for line in lines {
        let line = line?;
        bar.working_on(line.trim_start_matches("I: "));
        last.push(line);
    }
    let mut errors = String::new();
    child.stderr.take().context("debootstrap has a standard error")?.read_to_string(&mut errors)?;
    let status = child.wait()?;
    if !status.success() {
        let tail = last[last.len().saturating_sub(5)..].join("\n");
        bail!("debootstrap ended with {status} (it needs root and the way to a Debian mirror):\n{tail}\n{errors}");
    }
    Ok(())
}

/// The mirror that apt of this machine uses for the suite; none, and debootstrap takes its own default, where there is no such apt.
fn mirror(suite: &str) -> Option<String> {
    let mut command = Command::new("apt-get");
    command.args(["indextargets", "--format", "$(CODENAME) $(RELEASE) $(REPO_URI)", "Created-By: Packages"]);
    let listed = run::output(&mut command).ok()?;
    listed.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let matches = words.by_ref().take(2).any(|word| word == suite);
        matches.then(|| words.next_back().map(str::to_owned)).flatten()
    })
}

/// Leaves what an installed host has, without caches and without anything of this machine.
fn clean(folder: &Path) -> Result<()> {
    for path in ["var/cache/apt/archives", "var/lib/apt/lists", "var/log/apt"] {
        for entry in fs::read_dir(folder.join(path))? {
            let path = entry?.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    for path in [
        "etc/hostname",
        "etc/resolv.conf",
        "var/cache/apt/pkgcache.bin",
        "var/cache/apt/srcpkgcache.bin",
        "var/log/alternatives.log",
        "var/log/bootstrap.log",
        "var/log/dpkg.log",
    ] {
        let path = folder.join(path);
        if path.exists() || path.is_symlink() {
            fs::remove_file(path)?;
        }
    }
    fs::write(folder.join("etc/apt/sources.list"), "")?;
    Ok(())
}
