//! More than one instance on one machine.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::{create, join, local};
use hoist_e2e::eventually::eventually;
use hoist_e2e::machine::Machine;
use hoist_e2e::power;
use hoist_e2e::world::{World, remove_files};

/// The second instance is brought to a hosted cluster with a node, loses everything at once, and is taken down; the machine is
/// then as it was, and the first instance has noticed nothing.
pub fn side_by_side(world: &mut World) -> anyhow::Result<()> {
    let first = local::objects(world)?;
    let folder = std::path::PathBuf::from(format!("/var/lib/hoist-e2e-{}", std::process::id()));
    let mut second = World::new(world.program(), &format!("{}-2", world.instance())).in_folder(&folder.join("state"));
    // Kubeconfigs of the cases before are in the way of the comparison.
    remove_files()?;
    let before = Machine::look(second.instance())?;
    let outcome = live_and_die(&mut second);
    let down = second.down();
    outcome?;
    down?;
    remove_files()?;
    ensure!(!folder.exists(), "{} was made by up and is still there", folder.display());
    before.expect_again().context("after everything was killed, down left something")?;
    let again = second.local(&["down"])?;
    ensure!(again.stderr.contains("does not exist"), "a second down says: {}", again.stderr);
    let now = local::objects(world)?;
    ensure!(first == now, "the first instance was touched:\n{first:#?}\n{now:#?}");
    Ok(())
}

fn live_and_die(second: &mut World) -> anyhow::Result<()> {
    second.local(&["up"])?.success()?;
    second.refresh()?;
    create::install(second)?;
    create::create(second)?;
    join::one_host(second, "worker-1")?;
    let kubeconfig = create::kubeconfig(second, create::CLUSTER)?;
    eventually("the second instance's node is Ready", Duration::from_secs(60), || {
        let ready = join::ready_nodes(second, &kubeconfig)?;
        ensure!(ready == ["worker-1"], "ready nodes: {ready:?}");
        Ok(())
    })?;
    let status: Value = second.refresh()?.clone();
    for part in status["parts"].as_array().context("no parts")? {
        ensure!(part["state"] == "Running", "part {part} does not run");
    }
    power::kill_everything(&status)
}
