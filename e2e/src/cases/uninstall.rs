//! The operator goes, but not while anybody needs it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;

use super::create::{CLUSTER, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

/// Who writes objects for Hoist; `hcp-local` and its provisioner write those of the instance.
const MANAGERS: [&str; 4] = ["hypershift", "hypershift-cli", "hoist-operator", "hoist-bootstrap"];

pub fn refused(world: &mut World) -> anyhow::Result<()> {
    let said = world.hcp(&["uninstall"])?.refusal()?;
    ensure!(said.contains(&format!("clusters/{CLUSTER}")), "the cluster in the way is not named: {said}");
    ensure!(said.contains("hcp destroy cluster none"), "the next step is not named: {said}");
    let deployments =
        world.kubectl(&["--namespace", "hypershift", "get", "deployments", "--output", "name"])?.success()?;
    ensure!(deployments.lines().count() == 3, "after a refused uninstall: {deployments}");
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    world.kubectl_in(&kubeconfig, &["get", "namespaces"])?.success()?;
    Ok(())
}

/// Every object that Hoist wrote, of every kind that the management cluster serves.
fn ours(world: &World) -> anyhow::Result<BTreeSet<String>> {
    let kinds = world.kubectl(&["api-resources", "--verbs=list", "--output", "name"])?.success()?;
    let kinds: Vec<&str> = kinds.lines().filter(|kind| !kind.starts_with("events")).collect();
    let list = ["get", &kinds.join(","), "--all-namespaces", "--show-managed-fields", "--output", "json"];
    let list: Value = serde_json::from_str(&world.kubectl(&list)?.success()?)?;
    let mut found = BTreeSet::new();
    for item in list["items"].as_array().into_iter().flatten() {
        let managers = item["metadata"]["managedFields"].as_array().into_iter().flatten();
        let mut names = managers.filter_map(|entry| entry["manager"].as_str());
        if names.any(|name| MANAGERS.contains(&name)) {
            let metadata = &item["metadata"];
            found.insert(format!("{} {}/{}", item["kind"], metadata["namespace"], metadata["name"]));
        }
    }
    Ok(found)
}

pub fn leaves_nothing(world: &mut World) -> anyhow::Result<()> {
    let before = ours(world)?;
    ensure!(before.len() > 10, "hardly anything of Hoist is found: {before:?}");
    world.hcp(&["uninstall"])?.success()?;
    eventually("nothing of Hoist is left", Duration::from_secs(30), || {
        let left = ours(world)?;
        // The namespace of HostedClusters is its users': their own Secrets may be in it.
        let left: Vec<&String> = left.iter().filter(|object| !object.ends_with("/\"clusters\"")).collect();
        ensure!(left.is_empty(), "left: {left:#?}");
        Ok(())
    })?;
    let kinds = world.kubectl(&["api-resources", "--output", "name"])?.success()?;
    ensure!(!kinds.contains("hypershift") && !kinds.contains("hoist"), "kinds are left: {kinds}");
    let account = "--as=system:serviceaccount:kube-system:kube-proxy";
    let may = world.kubectl(&["auth", "can-i", "list", "services", "--all-namespaces", account])?;
    ensure!(may.code == 0, "the management cluster's own kube-proxy lost its rights: {}", may.stdout);
    let again = world.hcp(&["uninstall"])?;
    ensure!(again.code == 0, "a second uninstall says {}", again.stderr);
    Ok(())
}
