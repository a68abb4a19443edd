//! The rules of the API, asked of the API server itself: what is refused, in which words, and what is taken.
//!
//! The cases are data, `api_rules/cases.yaml`. No cluster comes of them: their pull secret does not exist.

use std::collections::BTreeMap;

use anyhow::{bail, ensure};
use serde_json::{Value, json};

use hoist_e2e::command::Said;
use hoist_e2e::world::{World, file_prefix};

const CASES: &str = include_str!("api_rules/cases.yaml");

/// One rule, kept or broken.
#[derive(serde::Deserialize)]
struct Rule {
    kind: String,
    name: String,
    change: Value,
    then: Option<Value>,
    refused: Option<String>,
}

impl Rule {
    /// The object before and, for rules that compare, after the second change.
    fn objects(&self, name: &str) -> anyhow::Result<(Value, Option<Value>)> {
        let mut object = plain(&self.kind, name)?;
        merge(&mut object, &self.change);
        let changed = self.then.as_ref().map(|then| {
            let mut changed = object.clone();
            merge(&mut changed, then);
            changed
        });
        Ok((object, changed))
    }

    /// What is wrong with what kubectl said of the object.
    fn judge(&self, name: &str, said: &Said) -> Result<(), String> {
        let was_taken = said.stdout.contains(&format!("/{name} "));
        match &self.refused {
            None if was_taken => Ok(()),
            None => Err(format!("{} was not taken: {}", self.name, told_of(name, &said.stderr))),
            Some(_) if was_taken => Err(format!("{} was taken", self.name)),
            Some(words) => {
                let told = told_of(name, &said.stderr);
                if told.to_lowercase().contains(&words.to_lowercase()) {
                    return Ok(());
                }
                Err(format!("{}: expected {words:?}, was told {told}", self.name))
            }
        }
    }
}

pub fn hold(world: &mut World) -> anyhow::Result<()> {
    let rules: Vec<Rule> = serde_saphyr::from_str(CASES)?;
    let mut first = BTreeMap::new();
    let (mut bases, mut changed) = (Vec::new(), Vec::new());
    for (index, rule) in rules.iter().enumerate() {
        let name = format!("rule-{index}");
        match rule.objects(&name)? {
            (object, None) => drop(first.insert(name, object)),
            (object, Some(after)) => {
                bases.push(object);
                changed.push(after);
            }
        }
    }
    let single = said(world, "create", &["--dry-run=server"], first.values())?;
    let created = said(world, "create", &[], bases.iter())?;
    ensure!(created.code == 0, "a valid object was refused: {}", created.stderr);
    let replaced = said(world, "replace", &["--dry-run=server"], changed.iter());
    let removed = said(world, "delete", &["--wait=true", "--timeout=60s"], bases.iter());
    let replaced = replaced?;
    removed?.success()?;
    let problems: Vec<String> = rules
        .iter()
        .enumerate()
        .filter_map(|(index, rule)| {
            let said = if rule.then.is_some() { &replaced } else { &single };
            rule.judge(&format!("rule-{index}"), said).err()
        })
        .collect();
    ensure!(problems.is_empty(), "{}", problems.join("\n"));
    Ok(())
}

/// What kubectl says of all objects at once.
fn said<'a>(
    world: &World,
    verb: &str,
    arguments: &[&str],
    objects: impl Iterator<Item = &'a Value>,
) -> anyhow::Result<Said> {
    // Documents, not a List: of a List kubectl itself judges the fields.
    let objects: Vec<String> = objects.map(Value::to_string).collect();
    let path = std::env::temp_dir().join(format!("{}rules-{verb}.yaml", file_prefix()));
    let path = path.to_string_lossy();
    fs_err::write(&*path, objects.join("\n---\n"))?;
    let mut all = vec![verb, "--filename", &path];
    if verb != "delete" {
        all.push("--validate=strict");
    }
    all.extend(arguments);
    let said = world.kubectl(&all);
    fs_err::remove_file(&*path)?;
    said
}

/// The part of the refusals that speaks of one object; all of them when none names it.
fn told_of<'a>(name: &str, refusals: &'a str) -> &'a str {
    let Some(start) = refusals.find(&format!("\"{name}\" is invalid")) else { return refusals };
    let rest = &refusals[start..];
    let end = ["\nThe ", "\nError from server"].iter().filter_map(|next| rest.find(next)).min();
    &rest[..end.unwrap_or(rest.len())]
}

fn plain(kind: &str, name: &str) -> anyhow::Result<Value> {
    let published = |service: &str| {
        json!({
            "service": service,
            "servicePublishingStrategy": {"type": "NodePort", "nodePort": {"address": "192.0.2.1"}}
        })
    };
    let services = ["APIServer", "OAuthServer", "Ignition", "Konnectivity"].map(published);
    let spec = match kind {
        "HostedCluster" => json!({
            "release": {"image": "registry.example.com/release:1.36.3"},
            "pullSecret": {"name": "nobody"},
            "sshKey": {},
            "controllerAvailabilityPolicy": "SingleReplica",
            "platform": {"type": "None"},
            "services": services,
            "secretEncryption": {"type": "aescbc", "aescbc": {"activeKey": {"name": "nobody"}}}
        }),
        "NodePool" => json!({
            "clusterName": name,
            "release": {"image": "registry.example.com/release:1.36.3"},
            "replicas": 1,
            "platform": {"type": "None"},
            "management": {"upgradeType": "Replace"}
        }),
        other => bail!("no plain object of kind {other}"),
    };
    Ok(json!({
        "apiVersion": "hypershift.openshift.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "clusters"},
        "spec": spec
    }))
}

/// RFC 7386.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        target.clone_from(patch);
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(object) = target.as_object_mut() else { return };
    for (key, value) in fields {
        if value.is_null() {
            object.remove(key);
        } else {
            merge(object.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}
