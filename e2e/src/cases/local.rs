//! The instance itself.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use hoist_e2e::world::World;

pub fn up(world: &mut World) -> anyhow::Result<()> {
    world.local(&["up"])?.success()?;
    let status = world.refresh()?.clone();
    let parts = status["parts"].as_array().context("the status has no parts")?;
    ensure!(!parts.is_empty(), "the status lists no parts");
    for part in parts {
        ensure!(part["state"] == "Running", "part {part} does not run");
    }
    let classes = world.kubectl(&["get", "storageclass", "--output", "name"])?.success()?;
    ensure!(classes.trim() == "storageclass.storage.k8s.io/local", "storage classes: {classes}");
    let pull_secret = fs_err::read_to_string(world.fact("pullSecret")?)?;
    let registry = world.fact("registry")?;
    ensure!(
        pull_secret.contains(registry.split('/').next().unwrap_or_default()),
        "the pull secret does not name {registry}"
    );
    let pods = ["get", "pods", "--namespace", "kube-system", "--no-headers", "--field-selector=status.phase!=Running"];
    let pods = world.kubectl(&pods)?.success()?;
    ensure!(pods.trim().is_empty(), "not running:\n{pods}");
    Ok(())
}

/// Nodes, namespaces and pods by UID and number of restarts.
///
/// Without mirror pods: kubelet lists pods that it started before the API up to a minute later.
pub fn objects(world: &World) -> anyhow::Result<BTreeSet<String>> {
    let kinds = ["get", "nodes,namespaces,pods", "--all-namespaces", "--output", "json"];
    let list: Value = serde_json::from_str(&world.kubectl(&kinds)?.success()?)?;
    let items = list["items"].as_array().context("no items")?.iter();
    let own = items.filter(|item| item["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null());
    let objects = own.map(|item| {
        let restarts = &item["status"]["containerStatuses"][0]["restartCount"];
        format!("{} {} {} {restarts}", item["kind"], item["metadata"]["name"], item["metadata"]["uid"])
    });
    Ok(objects.collect())
}

pub fn up_again(world: &mut World) -> anyhow::Result<()> {
    let before = objects(world)?;
    ensure!(before.len() > 6, "hardly anything is there: {before:?}");
    let started = Instant::now();
    world.local(&["up"])?.success()?;
    let took = started.elapsed();
    let after = objects(world)?;
    ensure!(before == after, "objects changed:\n{before:#?}\n{after:#?}");
    ensure!(took < Duration::from_secs(15), "the second up took {took:?}");
    Ok(())
}
