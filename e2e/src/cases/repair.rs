//! Hosts that fall ill and are not mended by anybody: `spec.management.autoRepair`.

use std::thread;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::ready_nodes;
use hoist_e2e::eventually::eventually;
use hoist_e2e::power;
use hoist_e2e::world::{World, condition};

const POOL: &str = "cared";
/// One whose kubelet is broken, and whose agent lives.
const AILING: &str = "ailing";
/// One whose machine has no power.
const LOST: &str = "lost";
/// What pods of before left on the host.
const LEFT: &str = "/var/lib/kubelet/pods-of-before";

pub fn by_itself(world: &mut World) -> anyhow::Result<()> {
    let outcome = repaired(world);
    // Also when something failed: later cases count the nodes of this cluster.
    let gone = gone(world);
    outcome?;
    gone
}

fn repaired(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let create = ["create", "nodepool", "none", "--cluster-name", CLUSTER, "--name", POOL, "--replicas", "2"];
    world.hcp(&[&create[..], &["--auto-repair"]].concat())?.success()?;
    join(world)?;
    world.refresh()?;
    let before = uid(world, &kubeconfig, AILING)?;
    let lost = uid(world, &kubeconfig, LOST)?;
    let timeout = "hypershift.openshift.io/machine-health-check-timeout=10s";
    world.kubectl(&["--namespace", "clusters", "annotate", "nodepool", POOL, timeout])?.success()?;

    power::cut_host(world.status()?, LOST)?;
    let breaking = format!(
        "touch {LEFT}; cd /opt/hoist/bin && cp kubelet broken && truncate --size=4096 broken && mv broken kubelet && pkill -9 -x kubelet"
    );
    world.in_host(AILING, &breaking)?.success()?;

    eventually("the broken host is a new node, which is Ready", Duration::from_secs(180), || {
        ensure!(uid(world, &kubeconfig, AILING)? != before, "it is the Node that it was: {}", autorepair(world)?.1);
        ensure!(ready_nodes(world, &kubeconfig)?.contains(&AILING.to_owned()), "it is not Ready");
        let host = world.object(NAMESPACE, "host", AILING)?;
        ensure!(host["status"]["update"].is_null(), "its repair goes on: {}", host["status"]["update"]);
        Ok(())
    })?;
    world.in_host(AILING, &format!("test ! -e {LEFT}"))?.success().context("what pods left is still there")?;
    let events = world
        .kubectl(&["--namespace", "clusters", "events", "--for", &format!("nodepool/{POOL}"), "--output", "json"])?
        .success()?;
    for reason in ["HostRepairing", "HostRepaired"] {
        ensure!(events.contains(reason), "no event {reason}: {events}");
    }

    // Nobody answers for the other one: it keeps its Node, and people are told.
    eventually("what a person has to do for the lost host is told", Duration::from_secs(60), || {
        let (status, message) = autorepair(world)?;
        ensure!(status == "True", "AutorepairEnabled is {status}: {message}");
        for word in [LOST, "hcp remove host"] {
            ensure!(message.contains(word), "AutorepairEnabled does not say {word}: {message}");
        }
        Ok(())
    })?;
    ensure!(uid(world, &kubeconfig, LOST)? == lost, "the Node of a host that is not heard of was deleted");
    world.hcp(&["remove", "host", LOST, "--name", CLUSTER, "--timeout", "60s"])?.success()?;
    eventually("nothing is said any more", Duration::from_secs(15), || {
        let (status, message) = autorepair(world)?;
        ensure!(status == "True" && message.is_empty(), "AutorepairEnabled is {status}: {message}");
        Ok(())
    })
}

fn join(world: &World) -> anyhow::Result<()> {
    for host in [AILING, LOST] {
        world.local(&["host", "add", host])?.success()?;
    }
    let line =
        world.hcp(&["create", "join-command", "--name", CLUSTER, "--node-pool", POOL, "--uses", "2"])?.success()?;
    thread::scope(|scope| {
        let joins = [AILING, LOST].map(|host| {
            let line = line.trim();
            scope.spawn(move || world.in_host(host, line)?.success().map(drop))
        });
        for join in joins {
            join.join().map_err(|_| anyhow::anyhow!("a join panicked"))??;
        }
        Ok(())
    })
}

fn uid(world: &World, kubeconfig: &str, node: &str) -> anyhow::Result<String> {
    world.kubectl_in(kubeconfig, &["get", "node", node, "--output", "jsonpath={.metadata.uid}"])?.success()
}

/// Status and message of `AutorepairEnabled`.
fn autorepair(world: &World) -> anyhow::Result<(String, String)> {
    let pool: Value = world.object("clusters", "nodepool", POOL)?;
    let (status, _, message) = condition(&pool, "AutorepairEnabled")?;
    Ok((status, message))
}

/// Takes everything of this case away.
fn gone(world: &World) -> anyhow::Result<()> {
    world.hcp(&["destroy", "nodepool", "--name", POOL])?.success()?;
    eventually("the pool and its hosts are gone", Duration::from_secs(60), || {
        let left = world.kubectl(&["get", "nodepools,hosts", "--all-namespaces", "--output", "name"])?.success()?;
        ensure!([POOL, AILING, LOST].iter().all(|name| !left.contains(name)), "there is {left}");
        Ok(())
    })?;
    for host in [AILING, LOST] {
        world.local(&["host", "remove", host])?.success()?;
    }
    Ok(())
}
