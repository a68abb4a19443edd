//! Compares the committed CustomResourceDefinitions with HyperShift's published ones, structure by structure.
//!
//! Every difference is printed. One that is meant stands in `docs/deviations.md`, by its kind and field (or a field above
//! it) in backticks, such as `HostedCluster.spec.fips`; any other makes the command fail.

mod schema;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use fs_err as fs;
use serde_json::Value;

use schema::{Facts, facts};

#[derive(Args)]
pub struct Arguments {
    /// Folder with the published definitions
    #[arg(long, value_name = "FOLDER")]
    published: PathBuf,
}

/// Group, kind and version.
type Identity = (String, String, String);

pub fn run(workspace: &Path, arguments: &Arguments) -> anyhow::Result<()> {
    let own = definitions(&workspace.join("deploy/crds"))?;
    let published = definitions(&arguments.published)?;
    let deviations = fs::read_to_string(workspace.join("docs/deviations.md"))?;
    let (mut compared, mut meant, mut open) = (0, 0, 0);
    for (identity, ours) in &own {
        let Some(theirs) = published.get(identity) else { continue };
        compared += 1;
        for (field, difference) in differences(theirs, ours) {
            let name = format!("{}{field}", identity.1);
            if is_meant(&deviations, &name) {
                meant += 1;
                println!("meant  {name}: {difference}");
            } else {
                open += 1;
                println!("OPEN   {name}: {difference}");
            }
        }
    }
    for (group, kind, version) in published.keys().filter(|identity| !own.contains_key(*identity)) {
        println!("absent {kind} ({group}/{version})");
    }
    println!("{compared} kinds compared: {meant} differences meant, {open} open");
    if compared == 0 {
        bail!(
            "{} has no definition of a kind of ours; expected HyperShift's published ones",
            arguments.published.display()
        );
    }
    if open > 0 {
        bail!(
            "{open} differences are neither closed nor rows of docs/deviations.md; change the types or add a row for each"
        );
    }
    Ok(())
}

fn definitions(folder: &Path) -> anyhow::Result<BTreeMap<Identity, Facts>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = fs::read_to_string(&path)?;
        let definition: Value =
            serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", path.display()))?;
        let spec = &definition["spec"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        for version in spec["versions"].as_array().into_iter().flatten() {
            let identity = (text(&spec["group"]), text(&spec["names"]["kind"]), text(&version["name"]));
            all.insert(identity, facts(spec, version));
        }
    }
    Ok(all)
}

fn differences(theirs: &Facts, ours: &Facts) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (field, their) in theirs {
        let Some(our) = ours.get(field) else {
            // One line for a block that is missing whole.
            if parent(field).is_none_or(|parent| ours.contains_key(parent)) {
                found.push((field.clone(), "missing".to_owned()));
            }
            continue;
        };
        for (name, value) in their {
            match our.get(name) {
                None => found.push((field.clone(), format!("{name} missing, published {value}"))),
                Some(own) if own != value => found.push((field.clone(), format!("{name} is {own}, published {value}"))),
                Some(_) => {}
            }
        }
        let more = our.iter().filter(|(name, _)| !their.contains_key(*name));
        found.extend(more.map(|(name, value)| (field.clone(), format!("{name} {value} is not published"))));
    }
    let more = ours.keys().filter(|field| !theirs.contains_key(*field));
    let more = more.filter(|field| parent(field).is_none_or(|parent| theirs.contains_key(parent)));
    found.extend(more.map(|field| (field.clone(), "is not published".to_owned())));
    found
}

/// The field above, `None` for a kind: no row speaks of everything.
fn parent(field: &str) -> Option<&str> {
    let end = field.rfind('.').max(field.rfind('['))?;
    Some(&field[..end])
}

fn is_meant(deviations: &str, name: &str) -> bool {
    let mut name = Some(name);
    while let Some(current) = name {
        if deviations.contains(&format!("`{current}`")) {
            return true;
        }
        name = parent(current).filter(|above| above.contains('.'));
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(properties: &Value) -> Facts {
        let version =
            json!({"name": "v1", "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}}});
        facts(&json!({"names": {"kind": "A"}, "scope": "Namespaced"}), &version)
    }

    #[test]
    fn every_difference_is_told_once() {
        let theirs = of(&json!({
            "a": {"type": "object", "properties": {"b": {"type": "string", "maxLength": 3}}},
            "gone": {"type": "object", "properties": {"inner": {"type": "string"}}},
            "aws": {"type": "object"},
            "rules": {"type": "string", "x-kubernetes-validations": [{"rule": "self != ''", "message": "no"}]}
        }));
        let ours = of(&json!({
            "a": {"type": "object", "properties": {"b": {"type": "string", "maxLength": 4}}},
            "new": {"type": "string", "description": "not compared"},
            "rules": {"type": "string", "x-kubernetes-validations": [{"rule": "self.size() > 0", "message": "no"}]}
        }));
        let found: Vec<String> =
            differences(&theirs, &ours).into_iter().map(|(field, text)| format!("{field}: {text}")).collect();
        assert_eq!(found, [".a.b: maxLength is 4, published 3", ".gone: missing", ".new: is not published"]);
    }

    #[test]
    fn a_row_covers_what_is_below_its_field() {
        let deviations = "| `A.spec.x` | another default |";
        assert!(is_meant(deviations, "A.spec.x"));
        assert!(is_meant(deviations, "A.spec.x[].y"));
        assert!(!is_meant(deviations, "A.spec.xy"));
    }
}
