//! The dependency rule of the workspace: `api ← {pki, release} ← plan ← {control-plane, guest, node-config}`, I/O above, programs on top.
//!
//! Pure crates are checked as they resolve, so a client cannot come in through a third crate either.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::run;

/// Crates that neither do I/O nor wait, and which of each other they may use.
const PURE: [(&str, &[&str]); 8] = [
    ("hoist-api", &[]),
    ("hoist-pki", &["hoist-api"]),
    ("hoist-release", &["hoist-api"]),
    ("hoist-deployment", &["hoist-api", "hoist-pki", "hoist-release"]),
    ("hoist-plan", &["hoist-api", "hoist-pki", "hoist-release"]),
    ("hoist-control-plane", &["hoist-api", "hoist-pki", "hoist-release", "hoist-plan"]),
    ("hoist-guest", &["hoist-api", "hoist-pki", "hoist-release", "hoist-plan"]),
    ("hoist-node-config", &["hoist-api", "hoist-pki", "hoist-release", "hoist-plan"]),
];
/// Crates that do I/O, and which of ours they may use.
const IO: [(&str, &[&str]); 3] = [
    ("hoist-registry", &["hoist-release"]),
    ("hoist-host", &["hoist-api", "hoist-node-config", "hoist-pki", "hoist-plan", "hoist-registry", "hoist-release"]),
    ("hoist-controller", &["hoist-api"]),
];
/// Programs: they may use everything below, but not each other, with the one exception after the arrow.
const PROGRAMS: [(&str, &[&str]); 7] = [
    ("hoist-operator", &[]),
    ("hoist-bootstrap", &[]),
    ("hoist-router", &[]),
    ("hoist-node-agent", &[]),
    ("hoist-local", &[]),
    ("hoist-cli", &["hoist-local"]),
    ("xtask", &[]),
];
/// Only for tests: fixtures, and what drives the finished programs from outside. Which of each other they may use.
const TEST_ONLY: [(&str, &[&str]); 3] =
    [("hoist-testkit", &[]), ("hoist-e2e", &["hoist-testkit"]), ("hoist-bench", &["hoist-e2e"])];
/// What makes a crate impure wherever it comes from.
const IMPURE: [&str; 8] =
    ["tokio", "reqwest", "hyper", "hyper-util", "kube-client", "kube-runtime", "async-std", "socket2"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

/// Prints every breach and fails if there is one.
pub fn run(workspace: &Path) -> Result<()> {
    let mut command = cargo(workspace);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata: Metadata = serde_json::from_str(&run::output(&mut command)?).context("cargo metadata is no JSON")?;
    let mut breaches = edges(&metadata);
    for (name, _) in PURE {
        let mut command = cargo(workspace);
        command.args(["tree", "--package", name, "--edges", "normal", "--prefix", "none", "--format", "{lib}"]);
        breaches.extend(impurities(name, &run::output(&mut command)?));
    }
    if breaches.is_empty() {
        println!("dependency rule: {} crates, no breach", metadata.packages.len());
        return Ok(());
    }
    for breach in &breaches {
        eprintln!("{breach}");
    }
    bail!("{} breaches of the dependency rule (ARCHITECTURE.md)", breaches.len())
}

fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace);
    command
}

/// What a crate of the workspace may use of the others; `None` for an unknown crate.
fn allowed(name: &str) -> Option<BTreeSet<&'static str>> {
    let own = PURE.iter().chain(&IO).find(|(found, _)| *found == name);
    if let Some((_, below)) = own {
        return Some(below.iter().copied().collect());
    }
    let below = PURE.iter().chain(&IO).map(|(name, _)| *name);
    let (_, others) = PROGRAMS.iter().chain(&TEST_ONLY).find(|(found, _)| *found == name)?;
    Some(below.chain(others.iter().copied()).collect())
}

fn edges(metadata: &Metadata) -> Vec<String> {
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut breaches = Vec::new();
    for package in &metadata.packages {
        let Some(allowed) = allowed(&package.name) else {
            breaches.push(format!(
                "{} is not placed in the dependency rule; add it to xtask/src/check_layers.rs",
                package.name
            ));
            continue;
        };
        for dependency in &package.dependencies {
            let name = dependency.name.as_str();
            let for_tests = dependency.kind.as_deref() == Some("dev");
            if !members.contains(name) || for_tests || allowed.contains(name) {
                continue;
            }
            breaches.push(format!("{} must not depend on {name}", package.name));
        }
    }
    breaches
}

fn impurities(package: &str, tree: &str) -> Vec<String> {
    let used: BTreeSet<String> = tree.lines().map(|line| line.trim().replace('_', "-")).collect();
    IMPURE
        .iter()
        .filter(|name| used.contains(**name))
        .map(|name| {
            format!("{package} is pure and must not bring in {name}; see `cargo tree -p {package} -e normal -i {name}`")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependency =
            |(name, kind): &(&str, Option<&str>)| Dependency { name: (*name).into(), kind: kind.map(str::to_owned) };
        Package { name: name.into(), dependencies: dependencies.iter().map(dependency).collect() }
    }

    #[test]
    fn arrows_against_the_rule_are_named() {
        let metadata = Metadata {
            packages: vec![
                package("hoist-api", &[("hoist-plan", None)]),
                package("hoist-plan", &[("hoist-api", None), ("serde", None)]),
                package("hoist-operator", &[("hoist-plan", None), ("hoist-local", None)]),
                package("hoist-local", &[]),
                package("hoist-cli", &[("hoist-local", None)]),
                package("hoist-new", &[]),
            ],
        };
        let breaches = edges(&metadata);
        assert_eq!(breaches.len(), 3, "{breaches:?}");
        assert_eq!(breaches[0], "hoist-api must not depend on hoist-plan");
        assert_eq!(breaches[1], "hoist-operator must not depend on hoist-local");
        assert!(breaches[2].starts_with("hoist-new is not placed"), "{}", breaches[2]);
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let metadata = Metadata {
            packages: vec![
                package("hoist-api", &[("hoist-testkit", Some("dev"))]),
                package("hoist-testkit", &[("hoist-api", None)]),
            ],
        };
        assert!(edges(&metadata).is_empty());
    }

    #[test]
    fn a_client_deep_in_the_tree_is_found() {
        let breaches = impurities("hoist-plan", "hoist_plan\nserde\nkube_client\ntokio\n");
        assert_eq!(breaches.len(), 2, "{breaches:?}");
    }
}
