//! Files that images take from Debian, because upstream expects the node's own programs: `nft`, `iptables`, and public
//! authorities.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;

use super::cache::file_hash;
use super::definition::Extra;
use super::layer::Layer;
use crate::run;

const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu";
const LOADER: &str = "lib64/ld-linux-x86-64.so.2";

/// Adds the files of `extra` from the root file system to a layer.
pub fn add(layer: &mut Layer, rootfs: &Path, extra: Extra) -> Result<()> {
    match extra {
        Extra::Nft => add_program(layer, rootfs, "nft", &["nft"]),
        Extra::Iptables => add_program(layer, rootfs, "xtables-nft-multi", &["iptables", "ip6tables"]),
        Extra::CaCertificates => {
            let path = "etc/ssl/certs/ca-certificates.crt";
            add_file(layer, path, &rootfs.join(path), 0o644)
        }
    }
}

/// Adds a program under `names`, by which it tells what it is to do, with its loader and libraries.
fn add_program(layer: &mut Layer, rootfs: &Path, program: &str, names: &[&str]) -> Result<()> {
    let program = rootfs.join("usr/sbin").join(program);
    for name in names {
        add_file(layer, &format!("usr/sbin/{name}"), &program, 0o755)?;
    }
    add_file(layer, LOADER, &rootfs.join("usr").join(LOADER), 0o755)?;
    for library in libraries(rootfs, &program)? {
        let name = library.file_name().context("a library has a file name")?.to_string_lossy().into_owned();
        add_file(layer, &format!("{LIBRARIES}/{name}"), &library, 0o644)?;
    }
    Ok(())
}

/// The libraries that a program of the root file system loads, as its own loader finds them there.
fn libraries(rootfs: &Path, program: &Path) -> Result<Vec<PathBuf>> {
    let folder = rootfs.join(LIBRARIES);
    let loader = rootfs.join("usr").join(LOADER);
    let listed = run::output(Command::new(loader).arg("--library-path").arg(&folder).arg("--list").arg(program))?;
    let mut found = Vec::new();
    for line in listed.lines() {
        let Some((_, target)) = line.split_once("=>") else { continue };
        let path = PathBuf::from(target.split_whitespace().next().unwrap_or_default());
        if path.ends_with(LOADER) {
            continue;
        }
        ensure!(
            path.starts_with(&folder),
            "{} of {} is not in {}",
            path.display(),
            program.display(),
            folder.display()
        );
        found.push(path);
    }
    ensure!(!found.is_empty(), "the loader lists no libraries of {}", program.display());
    Ok(found)
}

fn add_file(layer: &mut Layer, path: &str, source: &Path, mode: u32) -> Result<()> {
    // Libraries are links to their versioned names.
    let source = fs::canonicalize(source)?;
    layer.file(path, &source, &file_hash(&source)?, mode);
    Ok(())
}
