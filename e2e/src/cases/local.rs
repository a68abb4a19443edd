//! The instance itself.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use hoist_e2e::eventually::eventually;
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
    // CoreDNS and kube-proxy may take a moment longer than the node.
    eventually("every pod of the management cluster is Ready", Duration::from_secs(60), || {
        let pods = world
            .kubectl(&["get", "pods", "--all-namespaces", "--no-headers", "--field-selector=status.phase!=Running"])?
            .success()?;
        ensure!(pods.trim().is_empty(), "not running:\n{pods}");
        Ok(())
    })
}

pub fn up_again(world: &mut World) -> anyhow::Result<()> {
    let before = world
        .kubectl(&["get", "nodes,pods", "--all-namespaces", "--output", "jsonpath={.items[*].metadata.uid}"])?
        .success()?;
    let started = Instant::now();
    world.local(&["up"])?.success()?;
    let took = started.elapsed();
    let after = world
        .kubectl(&["get", "nodes,pods", "--all-namespaces", "--output", "jsonpath={.items[*].metadata.uid}"])?
        .success()?;
    ensure!(before == after, "objects changed:\n{before}\n{after}");
    ensure!(took < Duration::from_secs(15), "the second up took {took:?}");
    Ok(())
}
