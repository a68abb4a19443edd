//! Tuned: kernel settings of tuning profiles.
//!
//! Hosts run no tuned. Of its profiles the section `[sysctl]` is what a node can have by itself; every other section is refused
//! by name. Profiles that tuned brings along are not here: that they were included is said in the condition.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::documents::{Document, Faults};
use crate::sysctl::is_the_nodes_own;

/// What tuning comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tuning {
    /// Kernel settings by dotted name.
    pub sysctls: BTreeMap<String, String>,
    /// What a person should know although it is valid.
    pub notes: Vec<String>,
}

/// One profile.
#[derive(Default)]
struct Profile {
    includes: Vec<String>,
    sysctls: BTreeMap<String, String>,
}

pub(super) fn read(documents: &[Document], all: &mut Vec<String>) -> Tuning {
    let mut tuning = Tuning::default();
    for document in documents {
        let mut faults = document.faults(all);
        match document.kind.as_str() {
            "Tuned" => tuned(document, &mut tuning, &mut faults),
            "PerformanceProfile" => faults.add(
                "PerformanceProfile is not served: hosts keep their own kernel and its arguments; set cpuManagerPolicy, \
                 reservedSystemCPUs and topologyManagerPolicy in a KubeletConfig of spec.config",
            ),
            other => faults.add(format!("{other} is not served: expected Tuned")),
        }
    }
    tuning
}

fn tuned(document: &Document, tuning: &mut Tuning, faults: &mut Faults<'_>) {
    let Some(spec) = document.spec(faults) else { return };
    for key in spec.keys() {
        if !["profile", "recommend", "managementState"].contains(&key.as_str()) {
            faults.add(format!("spec.{key} is not known: expected profile and recommend"));
        }
    }
    let mut profiles = BTreeMap::new();
    for entry in spec.get("profile").and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("name").is_empty() || text("data").is_empty() {
            faults.add("an entry of spec.profile has no name or no data: expected both");
            continue;
        }
        profiles.insert(text("name").to_owned(), profile(text("name"), text("data"), faults));
    }
    let Some(recommended) = recommended(spec.get("recommend"), faults) else { return };
    if !profiles.contains_key(&recommended) {
        return faults.add(format!("spec.recommend names profile {recommended:?}, which spec.profile does not have"));
    }
    let mut seen = BTreeSet::new();
    collect(&recommended, &profiles, &mut seen, tuning);
}

/// The profile of this pool: the recommendation that comes first in tuned's order. All nodes of a pool get the same, so what
/// chooses among nodes is refused.
fn recommended(recommend: Option<&Value>, faults: &mut Faults<'_>) -> Option<String> {
    let entries = recommend.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for key in ["match", "machineConfigLabels"] {
        if entries.iter().any(|entry| entry.get(key).is_some_and(|value| !super::documents::is_nothing(value))) {
            faults.add(format!(
                "spec.recommend[].{key} is not served: a profile holds for all nodes of a NodePool; make a NodePool for each profile"
            ));
            return None;
        }
    }
    let priority = |entry: &&Value| entry.get("priority").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let first = entries.iter().min_by_key(priority).and_then(|entry| entry.get("profile")).and_then(Value::as_str);
    if first.is_none() {
        faults.add("spec.recommend names no profile: expected an entry with profile and priority");
    }
    first.map(str::to_owned)
}

/// What a profile includes comes before what it says itself.
fn collect(name: &str, profiles: &BTreeMap<String, Profile>, seen: &mut BTreeSet<String>, tuning: &mut Tuning) {
    if !seen.insert(name.to_owned()) {
        return;
    }
    let Some(profile) = profiles.get(name) else {
        tuning.notes.push(format!("the settings of tuned's own profile {name} are not applied"));
        return;
    };
    for included in &profile.includes {
        collect(included, profiles, seen, tuning);
    }
    tuning.sysctls.extend(profile.sysctls.clone());
}

fn profile(name: &str, data: &str, faults: &mut Faults<'_>) -> Profile {
    let mut profile = Profile::default();
    let mut section = String::new();
    for line in data.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(title) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            title.trim().clone_into(&mut section);
            if !["main", "sysctl"].contains(&section.as_str()) {
                faults.add(format!(
                    "profile {name}: section [{section}] is not served: hosts run no tuned, only [sysctl] is applied; remove it"
                ));
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) else {
            faults.add(format!("profile {name}: line {line:?} of [{section}] has no `=`"));
            continue;
        };
        match (section.as_str(), key) {
            ("main", "summary") => {}
            ("main", "include") => {
                profile.includes.extend(value.split(',').map(|name| name.trim().trim_start_matches('-').to_owned()));
            }
            ("main", _) => {
                faults.add(format!("profile {name}: {key} of [main] is not served: expected summary and include"));
            }
            ("sysctl", _) => match sysctl(key, value) {
                Ok(value) => {
                    profile.sysctls.insert(key.to_owned(), value);
                }
                Err(fault) => faults.add(format!("profile {name}: {fault}")),
            },
            _ => {}
        }
    }
    profile
}

fn sysctl(key: &str, value: &str) -> Result<String, String> {
    let value = value.trim_matches(['"', '\'']).trim();
    let is_name = key.contains('.')
        && key.split('.').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/'))
        })
        && !key.contains("//")
        && !key.starts_with('/');
    if !is_name {
        return Err(format!("{key:?} is no kernel setting: expected a dotted name, such as vm.max_map_count"));
    }
    if is_the_nodes_own(key) {
        return Err(format!("kernel setting {key} is refused: the node itself sets it; remove it"));
    }
    if value.is_empty() || value.starts_with(['<', '>']) || value.contains("${") {
        return Err(format!(
            "the value {value:?} of {key} is not served: expected a plain value, without operators and variables"
        ));
    }
    Ok(value.to_owned())
}
