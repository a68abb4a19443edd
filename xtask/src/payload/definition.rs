//! `payload/components.yaml`: what a release is made of, with every placeholder filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;
use hoist_release::ComponentName;
use semver::Version;
use serde::Deserialize;

/// Numeric user that images run as unless they need root.
pub const NON_ROOT: &str = "65532:65532";
const ROOT: &str = "0:0";
const KUBERNETES: &str = "{kubernetes}";

/// The whole definition.
pub struct Definition {
    pub releases: Vec<ReleaseDefinition>,
    pub units: Vec<Unit>,
    pub rootfs: RootfsDefinition,
}

/// A release to make.
pub struct ReleaseDefinition {
    /// Kubernetes minor, such as `1.36`.
    pub kubernetes: String,
    pub version: Version,
    pub previous: Vec<Version>,
}

/// The root file system of a plain host.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootfsDefinition {
    pub suite: String,
    pub packages: Vec<String>,
}

/// One image to build: a component, for one Kubernetes minor if it differs between them.
#[derive(Clone, Debug)]
pub struct Unit {
    pub name: String,
    /// Kubernetes minor, when the component is built once per release.
    pub kubernetes: Option<String>,
    /// Folder of the Go module.
    pub module: PathBuf,
    /// Upstream's Go module path.
    pub upstream: String,
    /// Upstream version with its `v`.
    pub version: String,
    /// Binary name to Go package.
    pub packages: BTreeMap<String, String>,
    /// Binary name to C file inside the upstream module.
    pub sources: BTreeMap<String, String>,
    pub cgo: bool,
    pub tags: Vec<String>,
    pub libraries: Vec<String>,
    /// `-X` settings for the Go linker.
    pub stamps: Vec<String>,
    /// `uid:gid`.
    pub user: String,
    pub arguments: Vec<String>,
    pub extras: Vec<Extra>,
}

/// Files of the Debian root file system that an image holds besides its binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Extra {
    /// `nft` and the libraries it loads.
    Nft,
    /// `iptables` and `ip6tables`, of the nftables kind, and the libraries they load.
    Iptables,
    /// The public certificate authorities.
    CaCertificates,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    releases: Vec<StoredRelease>,
    modules: BTreeMap<String, StoredModule>,
    components: Vec<StoredComponent>,
    rootfs: RootfsDefinition,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRelease {
    kubernetes: String,
    #[serde(default)]
    previous: Vec<Version>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredModule {
    upstream: String,
    #[serde(default)]
    cgo: bool,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    libraries: Vec<String>,
    #[serde(default)]
    stamps: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredComponent {
    name: String,
    module: String,
    #[serde(default)]
    binaries: BTreeMap<String, String>,
    #[serde(default)]
    sources: BTreeMap<String, String>,
    #[serde(default)]
    user: StoredUser,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    extras: Vec<Extra>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StoredUser {
    #[default]
    NonRoot,
    Root,
}

impl Definition {
    /// Reads the definition of a checkout and the versions in its Go modules.
    pub fn read(workspace: &Path) -> Result<Self> {
        let payload = workspace.join("payload");
        let path = payload.join("components.yaml");
        let text = fs::read_to_string(&path)?;
        let stored: Stored =
            serde_saphyr::from_str(&text).with_context(|| format!("{} is not valid", path.display()))?;
        stored.expand(&payload.join("modules")).with_context(|| format!("{} is not valid", path.display()))
    }
}

impl Stored {
    fn expand(self, modules: &Path) -> Result<Definition> {
        let minors: Vec<&str> = self.releases.iter().map(|release| release.kubernetes.as_str()).collect();
        let mut names = BTreeSet::new();
        let mut units = Vec::new();
        for component in &self.components {
            ensure!(ComponentName::is_valid(&component.name), "component name {:?} is no DNS label", component.name);
            ensure!(names.insert(&component.name), "component {} is there twice", component.name);
            if component.module.contains(KUBERNETES) {
                for minor in &minors {
                    units.push(self.unit(modules, component, Some(minor))?);
                }
            } else {
                units.push(self.unit(modules, component, None)?);
            }
        }
        let mut releases = Vec::new();
        for release in &self.releases {
            let first = units.iter().find(|unit| unit.kubernetes.as_deref() == Some(&release.kubernetes));
            let unit = first.with_context(|| format!("nothing is built for Kubernetes {}", release.kubernetes))?;
            releases.push(ReleaseDefinition {
                kubernetes: release.kubernetes.clone(),
                version: Version::parse(unit.version.trim_start_matches('v'))?,
                previous: release.previous.clone(),
            });
        }
        Ok(Definition { releases, units, rootfs: self.rootfs })
    }

    fn unit(&self, modules: &Path, component: &StoredComponent, kubernetes: Option<&str>) -> Result<Unit> {
        let name = component.module.replace(KUBERNETES, kubernetes.unwrap_or_default());
        let module = self.module(&name).with_context(|| format!("component {}: no module {name}", component.name))?;
        let folder = modules.join(&name);
        let version = required_version(&folder.join("go.mod"), &module.upstream)?;
        let numbers = Version::parse(version.trim_start_matches('v'))
            .with_context(|| format!("version {version} of {}", module.upstream))?;
        let fill = |text: &String| {
            text.replace("{version}", &version)
                .replace("{plain}", version.trim_start_matches('v'))
                .replace("{major}", &numbers.major.to_string())
                .replace("{minor}", &numbers.minor.to_string())
        };
        Ok(Unit {
            name: component.name.clone(),
            kubernetes: kubernetes.map(str::to_owned),
            module: folder,
            stamps: module.stamps.iter().map(fill).collect(),
            upstream: module.upstream,
            version,
            packages: component.binaries.clone(),
            sources: component.sources.clone(),
            cgo: module.cgo,
            tags: module.tags,
            libraries: module.libraries,
            user: match component.user {
                StoredUser::NonRoot => NON_ROOT.to_owned(),
                StoredUser::Root => ROOT.to_owned(),
            },
            arguments: component.arguments.clone(),
            extras: component.extras.clone(),
        })
    }

    /// A module by its own name or by what its placeholder becomes in one of the releases.
    fn module(&self, name: &str) -> Option<StoredModule> {
        let matches = |pattern: &str| {
            pattern == name
                || self.releases.iter().any(|release| pattern.replace(KUBERNETES, &release.kubernetes) == name)
        };
        self.modules.iter().find(|(pattern, _)| matches(pattern)).map(|(_, module)| module.clone())
    }
}

/// The version that a go.mod requires of `upstream`.
fn required_version(go_mod: &Path, upstream: &str) -> Result<String> {
    let text = fs::read_to_string(go_mod)?;
    for line in text.lines() {
        let words: Vec<&str> = line.trim_start_matches("require ").split_whitespace().collect();
        if words.len() >= 2 && words[0] == upstream && words[1].starts_with('v') {
            return Ok(words[1].to_owned());
        }
    }
    bail!("{} does not require {upstream}", go_mod.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition() -> Definition {
        let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
        Definition::read(Path::new(&own).parent().unwrap()).unwrap()
    }

    fn units_of(kubernetes: &str) -> BTreeSet<String> {
        let wanted = |unit: &&Unit| unit.kubernetes.as_deref().is_none_or(|minor| minor == kubernetes);
        definition().units.iter().filter(wanted).map(|unit| unit.name.clone()).collect()
    }

    #[test]
    fn every_release_has_every_component_that_hoist_needs() {
        for release in definition().releases {
            let mut names = units_of(&release.kubernetes);
            // Hoist's own programs are not in the file: they are built from this workspace.
            names.insert(hoist_release::component::HOIST.to_owned());
            for required in hoist_release::component::REQUIRED {
                assert!(names.contains(required), "{} has no {required}", release.version);
            }
        }
    }

    #[test]
    fn placeholders_become_the_versions_of_the_modules() {
        let definition = definition();
        for release in &definition.releases {
            let unit = definition
                .units
                .iter()
                .find(|unit| unit.name == "kube-apiserver" && unit.kubernetes.as_deref() == Some(&release.kubernetes))
                .unwrap();
            assert_eq!(unit.version, format!("v{}", release.version));
            assert!(unit.stamps.iter().any(|stamp| stamp.ends_with(&format!("gitVersion=v{}", release.version))));
            assert!(unit.stamps.iter().any(|stamp| stamp.ends_with(&format!("gitMinor={}", release.version.minor))));
        }
    }

    #[test]
    fn only_components_that_change_the_node_run_as_root() {
        let root: BTreeSet<_> =
            definition().units.iter().filter(|unit| unit.user == ROOT).map(|unit| unit.name.clone()).collect();
        let expected = ["cni-plugins", "containerd", "flannel", "kube-proxy", "kubelet", "runc"];
        assert_eq!(root, expected.map(str::to_owned).into());
    }
}
