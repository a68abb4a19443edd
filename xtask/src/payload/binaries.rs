//! Upstream's binaries: compiled when their inputs changed, taken from the cache otherwise.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;

use super::cache::{self, Cache};
use super::definition::{Definition, Extra, Unit};
use super::progress::{Bar, Progress};
use super::record::BinaryRecord;
use crate::run;

/// Changes whenever the way of building changes in a manner that the flags below do not show.
const FORMAT: &str = "1";
const LINKER: &str = "-s -w";
const STATIC_LINKER: &str = "-linkmode external -extldflags -static";

/// A component whose binaries are in the cache.
pub struct Built {
    pub name: String,
    /// Kubernetes minor, when the component is built once per release.
    pub kubernetes: Option<String>,
    pub version: String,
    /// Where the source is.
    pub source: String,
    /// Folder that holds the binaries.
    pub folder: PathBuf,
    pub record: BinaryRecord,
    pub user: String,
    /// Binary that the image starts, when there is an obvious one.
    pub entrypoint: Option<String>,
    pub arguments: Vec<String>,
    pub extras: Vec<Extra>,
}

/// Builds what is missing, one binary at a time: Go uses all processors by itself.
pub fn ensure(workspace: &Path, cache: &Cache, definition: &Definition, progress: &Progress) -> Result<Vec<Built>> {
    let toolchain = Toolchain::detect(definition)?;
    let bar = progress.bar(definition.units.len(), "binaries");
    let mut built = Vec::new();
    for unit in &definition.units {
        let folder = cache.payload("bin").join(&unit.name).join(toolchain.key(workspace, unit)?);
        let record = if let Some(record) = BinaryRecord::read(&folder)? {
            cache::touch(&folder)?;
            bar.present();
            record
        } else {
            build(unit, &folder, &bar)?
        };
        built.push(Built {
            name: unit.name.clone(),
            kubernetes: unit.kubernetes.clone(),
            version: unit.version.clone(),
            source: unit.upstream.clone(),
            entrypoint: (record.sha256.len() == 1).then(|| record.sha256.keys().next().cloned()).flatten(),
            folder,
            record,
            user: unit.user.clone(),
            arguments: unit.arguments.clone(),
            extras: unit.extras.clone(),
        });
    }
    Ok(built)
}

/// Compares everything in the cache with what was recorded when it was built.
pub fn verify(cache: &Cache, progress: &Progress) -> Result<()> {
    for component in cache::folders(&cache.payload("bin"))? {
        for folder in cache::folders(&component)? {
            let Some(record) = BinaryRecord::read(&folder)? else { continue };
            for (name, expected) in &record.sha256 {
                let path = folder.join(name);
                let found = cache::file_hash(&path)?;
                ensure!(
                    found == *expected,
                    "{} has sha256 {found}, but {expected} was built; remove {}",
                    path.display(),
                    folder.display()
                );
            }
            progress.line(format_args!("{} is what was built", folder.display()));
        }
    }
    Ok(())
}

/// What compiles, as far as it changes the result.
struct Toolchain {
    go: String,
    gcc: String,
    libraries: String,
}

impl Toolchain {
    fn detect(definition: &Definition) -> Result<Self> {
        let mut wanted: Vec<&String> = definition.units.iter().flat_map(|unit| &unit.libraries).collect();
        wanted.sort();
        wanted.dedup();
        let mut libraries = String::new();
        for library in wanted {
            let version = run::output(Command::new("pkg-config").args(["--modversion", library]))
                .with_context(|| format!("{library} is needed; on Debian: apt-get install {library}-dev pkg-config"))?;
            libraries = format!("{libraries}{library} {version}\n");
        }
        Ok(Self {
            go: run::output(Command::new("go").args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local"))?,
            gcc: run::output(Command::new("gcc").arg("-dumpfullversion"))?,
            libraries,
        })
    }

    /// Everything that decides what the binaries of `unit` are.
    fn key(&self, workspace: &Path, unit: &Unit) -> Result<String> {
        let mut parts: Vec<(String, Vec<u8>)> =
            vec![("format".to_owned(), FORMAT.into()), ("go".to_owned(), self.go.clone().into())];
        if unit.cgo || !unit.sources.is_empty() {
            parts.push(("gcc".to_owned(), format!("{} {}", self.gcc, self.libraries).into()));
        }
        for (name, package) in &unit.packages {
            parts.push((name.clone(), go_arguments(unit, package).join("\0").into()));
        }
        for (name, source) in &unit.sources {
            parts.push((name.clone(), gcc_flags(unit, source).join("\0").into()));
        }
        let module = &unit.module;
        let mut inputs: Vec<PathBuf> = fs::read_dir(module)?
            .map(|entry| Ok(entry?.path()))
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .filter(|path| {
                path.extension().is_some_and(|extension| ["go", "mod", "sum"].iter().any(|kind| extension == *kind))
            })
            .collect();
        inputs.sort();
        for input in inputs {
            // Another checkout elsewhere has the same key.
            let name = input.strip_prefix(workspace).unwrap_or(&input).to_string_lossy().into_owned();
            parts.push((name, fs::read(&input)?));
        }
        Ok(cache::key(parts.iter().map(|(name, content)| (name.as_str(), content.as_slice()))))
    }
}

fn build(unit: &Unit, folder: &Path, bar: &Bar) -> Result<BinaryRecord> {
    let label = match &unit.kubernetes {
        Some(_) => format!("{} {}", unit.name, unit.version),
        None => unit.name.clone(),
    };
    let started = Instant::now();
    let mut record = BinaryRecord::default();
    cache::create(folder, |temporary| {
        for (name, package) in &unit.packages {
            bar.working_on(format_args!("{label}: compiling {name}"));
            compile_go(unit, package, &temporary.join(name)).with_context(|| format!("{label} cannot be built"))?;
        }
        for (name, source) in &unit.sources {
            bar.working_on(format_args!("{label}: compiling {name}"));
            compile_c(unit, source, &temporary.join(name)).with_context(|| format!("{label} cannot be built"))?;
        }
        for name in unit.packages.keys().chain(unit.sources.keys()) {
            record.sha256.insert(name.clone(), cache::file_hash(&temporary.join(name))?);
        }
        record.seconds = started.elapsed().as_secs_f64();
        record.write(temporary)
    })?;
    bar.built(format_args!("built {label} in {:.0} s", record.seconds));
    Ok(record)
}

fn go_arguments(unit: &Unit, package: &str) -> Vec<String> {
    let mut linker = LINKER.to_owned();
    if unit.cgo {
        linker = format!("{linker} {STATIC_LINKER}");
    }
    for stamp in &unit.stamps {
        linker = format!("{linker} -X {stamp}");
    }
    let mut arguments: Vec<String> =
        ["build", "-mod=readonly", "-trimpath", "-buildvcs=false"].map(str::to_owned).into();
    if !unit.tags.is_empty() {
        arguments.extend(["-tags".to_owned(), unit.tags.join(" ")]);
    }
    arguments.extend(["-ldflags".to_owned(), linker, package.to_owned()]);
    arguments
}

fn compile_go(unit: &Unit, package: &str, target: &Path) -> Result<()> {
    let mut arguments = go_arguments(unit, package);
    // The package stays last and the output file out of the key.
    arguments.splice(1..1, ["-o".to_owned(), target.to_string_lossy().into_owned()]);
    run::output(go(unit).args(&arguments).env("CGO_ENABLED", if unit.cgo { "1" } else { "0" }))?;
    Ok(())
}

/// The go command in the unit's module, untouched by what a developer's environment sets.
fn go(unit: &Unit) -> Command {
    let mut command = Command::new("go");
    command
        .current_dir(&unit.module)
        .env("GOFLAGS", "")
        .env("GOWORK", "off")
        .env("GOTOOLCHAIN", "local")
        .env("GOOS", "linux")
        .env("GOARCH", "amd64")
        .env("GOAMD64", "v1");
    for variable in ["CGO_CFLAGS", "CGO_LDFLAGS", "GOEXPERIMENT"] {
        command.env_remove(variable);
    }
    command
}

fn gcc_flags(unit: &Unit, source: &str) -> Vec<String> {
    let version = format!("-DVERSION={}", unit.version);
    ["-Os", "-Wall", "-Werror", "-static", "-s", "-Wl,--build-id=none", &version, source].map(str::to_owned).into()
}

fn compile_c(unit: &Unit, source: &str, target: &Path) -> Result<()> {
    let module =
        run::output(go(unit).args(["mod", "download", "-json", &format!("{}@{}", unit.upstream, unit.version)]))?;
    let module: serde_json::Value = serde_json::from_str(&module).context("go mod download answers no JSON")?;
    let folder = module["Dir"].as_str().context("go mod download names no folder")?;
    run::output(Command::new("gcc").current_dir(folder).args(gcc_flags(unit, source)).arg("-o").arg(target))?;
    Ok(())
}
