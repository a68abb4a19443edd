//! Hoist's own programs as a component: built by Cargo, copied to the cache, an image like any other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use hoist_release::component;

use super::HoistArguments;
use super::binaries::Built;
use super::cache::{self, Cache};
use super::definition::{Extra, NON_ROOT};
use super::progress::Progress;
use super::record::BinaryRecord;

/// Package and program.
const PROGRAMS: [(&str, &str); 4] = [
    ("hoist-operator", "hoist-operator"),
    ("hoist-bootstrap", "hoist-bootstrap"),
    ("hoist-node-agent", "hoist-node"),
    ("hoist-router", "hoist-router"),
];

/// Where the programs are, before they are in the cache.
pub struct Programs {
    paths: BTreeMap<String, PathBuf>,
    seconds: f64,
}

/// The programs from the folder that the user named, or freshly built.
pub fn programs(workspace: &Path, arguments: &HoistArguments, progress: &Progress) -> Result<Programs> {
    let started = Instant::now();
    let paths = match &arguments.hoist_bin {
        Some(folder) => PROGRAMS.iter().map(|(_, name)| ((*name).to_owned(), folder.join(name))).collect(),
        None => build(workspace, &arguments.hoist_profile)?,
    };
    for (name, path) in &paths {
        ensure!(path.is_file(), "{} does not exist; expected the program {name} there", path.display());
    }
    let seconds = started.elapsed().as_secs_f64();
    if arguments.hoist_bin.is_none() && seconds > 5.0 {
        progress.line(format_args!("built Hoist's own programs in {seconds:.0} s"));
    }
    Ok(Programs { paths, seconds })
}

fn build(workspace: &Path, profile: &str) -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace).args(["build", "--profile", profile, "--message-format=json-render-diagnostics"]);
    for (package, _) in PROGRAMS {
        command.args(["--package", package]);
    }
    // Cargo shows its own progress.
    let output = command.stderr(Stdio::inherit()).output().context("cargo cannot be started")?;
    ensure!(output.status.success(), "Hoist's own programs cannot be built; see Cargo's messages above");
    let mut paths = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).context("a message of Cargo is no JSON")?;
        let name = message["target"]["name"].as_str().unwrap_or_default();
        if let Some(path) = message["executable"].as_str()
            && PROGRAMS.iter().any(|(_, program)| *program == name)
        {
            paths.insert(name.to_owned(), PathBuf::from(path));
        }
    }
    ensure!(paths.len() == PROGRAMS.len(), "Cargo built only {:?} of Hoist's own programs", paths.keys());
    Ok(paths)
}

impl Programs {
    /// Copies the programs into the cache, where nobody changes them any more.
    pub fn keep(self, cache: &Cache) -> Result<Built> {
        let mut record = BinaryRecord { seconds: self.seconds, ..BinaryRecord::default() };
        for (name, path) in &self.paths {
            record.sha256.insert(name.clone(), cache::file_hash(path)?);
        }
        let key = cache::key(record.sha256.iter().map(|(name, hash)| (name.as_str(), hash.as_bytes())));
        let folder = cache.payload("bin").join(component::HOIST).join(key);
        if let Some(present) = BinaryRecord::read(&folder)? {
            cache::touch(&folder)?;
            record = present;
        } else {
            cache::create(&folder, |temporary| {
                for (name, path) in &self.paths {
                    fs::copy(path, temporary.join(name))?;
                }
                record.write(temporary)
            })?;
        }
        Ok(Built {
            name: component::HOIST.to_owned(),
            kubernetes: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source: "hoist".to_owned(),
            folder,
            record,
            user: NON_ROOT.to_owned(),
            entrypoint: Some("hoist-operator".to_owned()),
            arguments: Vec::new(),
            // Release images may lie on public registries.
            extras: vec![Extra::CaCertificates],
        })
    }
}
