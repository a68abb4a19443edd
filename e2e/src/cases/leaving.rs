//! Hosts that go: by order, or because their power is pulled.

use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::{join_line, ready_nodes};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

/// What a host has besides the kernel's and its own: everything that a join can bring. /run/mount is mount's own: it makes it
/// whenever it runs.
pub const FOOTPRINT: &str = "
    find / -xdev -not -path '/proc/*' -not -path '/sys/*' -not -path '/tmp/*' -not -path '/var/log/*' -not -path '/root/*' -printf '%y %m %p\\n' | sort
    find /var /run -mindepth 1 -not -path '/var/log/*' -not -path '/run/mount*' -printf '%y %m %p\\n' | sort
    sha256sum /etc/inittab /etc/hosts /etc/resolv.conf
    cut -d' ' -f1-3 /proc/mounts | sort
    ip -o link | awk '{ print $2, $3 }'
    ip route
    nft list ruleset 2>/dev/null
    ps -e -o comm= | grep -Ev '^(ps|sh|find|sort|sha256sum|cut|ip|awk|nft|grep)$' | sort";

/// Pods on a node that are not a DaemonSet's.
fn movable_pods(world: &World, kubeconfig: &str, node: &str) -> anyhow::Result<Vec<String>> {
    let field = format!("--field-selector=spec.nodeName={node}");
    let text =
        world.kubectl_in(kubeconfig, &["get", "pods", "--all-namespaces", &field, "--output", "json"])?.success()?;
    let list: Value = serde_json::from_str(&text)?;
    let pods = list["items"].as_array().into_iter().flatten();
    let movable = pods.filter(|pod| pod["metadata"]["ownerReferences"][0]["kind"] != "DaemonSet");
    Ok(movable.filter_map(|pod| pod["metadata"]["name"].as_str().map(str::to_owned)).collect())
}

pub fn remove_host(world: &mut World) -> anyhow::Result<()> {
    const HOST: &str = "worker-3";
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    world.local(&["host", "add", HOST])?.success()?;
    let plain = world.in_host(HOST, FOOTPRINT)?.success()?;
    world.in_host(HOST, &join_line(world, "1")?)?.success()?;
    eventually("the host is Ready", Duration::from_secs(60), || {
        ensure!(ready_nodes(world, &kubeconfig)?.contains(&HOST.to_owned()), "not Ready");
        Ok(())
    })?;
    // Two pods that only this host may run at first, so that draining has something to move.
    let image = world.kubectl_in(
        &kubeconfig,
        &["get", "deployment", "web", "--output", "jsonpath={.spec.template.spec.containers[0].image}"],
    )?;
    let others: Vec<String> = ready_nodes(world, &kubeconfig)?.into_iter().filter(|node| node != HOST).collect();
    let others = |verb: &'static str| [verb].into_iter().chain(others.iter().map(String::as_str)).collect::<Vec<_>>();
    world.kubectl_in(&kubeconfig, &others("cordon"))?.success()?;
    let made = world
        .kubectl_in(
            &kubeconfig,
            &[
                "create",
                "deployment",
                "moved",
                "--replicas=2",
                "--image",
                image.success()?.trim(),
                "--",
                "/usr/bin/agnhost",
                "pause",
            ],
        )?
        .success()
        .and_then(|_| {
            let rollout = ["rollout", "status", "deployment/moved", "--timeout=60s"];
            world.kubectl_in(&kubeconfig, &rollout)?.success()
        });
    world.kubectl_in(&kubeconfig, &others("uncordon"))?.success()?;
    made?;
    let there = movable_pods(world, &kubeconfig, HOST)?;
    ensure!(there.iter().filter(|pod| pod.starts_with("moved-")).count() == 2, "pods on {HOST}: {there:?}");

    let unknown = world.hcp(&["remove", "host", "no-such", "--name", CLUSTER])?.refusal()?;
    ensure!(
        unknown.contains("no-such") && unknown.contains(HOST),
        "the refusal names no host that is there: {unknown}"
    );
    restored_once_it_can_be(world, HOST)?;

    // A Node that goes with pods on it leaves them there for a minute: only eviction has them gone by now.
    let left = movable_pods(world, &kubeconfig, HOST)?;
    ensure!(left.is_empty(), "not drained: {left:?}");
    let rollout = ["rollout", "status", "deployment/moved", "--timeout=60s"];
    world.kubectl_in(&kubeconfig, &rollout)?.success()?;
    let nodes = world.kubectl_in(&kubeconfig, &["get", "nodes", "--output", "name"])?.success()?;
    ensure!(!nodes.contains(HOST), "the Node is still there: {nodes}");
    eventually("the host is what it was", Duration::from_secs(20), || {
        let now = world.in_host(HOST, FOOTPRINT)?.success()?;
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
        let differences: Vec<String> = lines(&plain).symmetric_difference(&lines(&now)).cloned().collect();
        ensure!(differences.is_empty(), "differences: {differences:#?}");
        Ok(())
    })?;
    world.kubectl_in(&kubeconfig, &["delete", "deployment", "moved"])?.success()?;
    world.local(&["host", "remove", HOST])?.success()?;
    Ok(())
}

/// Removes a host that at first cannot be restored: that is told, and it restores itself as soon as it can.
fn restored_once_it_can_be(world: &World, host: &str) -> anyhow::Result<()> {
    const BUSY: &str = "/opt/hoist/bin";
    world.in_host(host, &format!("mount --bind {BUSY} {BUSY}"))?.success()?;
    world.hcp(&["remove", "host", host, "--name", CLUSTER, "--timeout", "0s"])?.success()?;
    let told = eventually("the cluster is told why the host is not restored", Duration::from_secs(60), || {
        let found = world.object(NAMESPACE, "host", host)?;
        let message = found["status"]["message"].as_str().unwrap_or_default();
        ensure!(message.contains("could not be undone") && message.contains("/opt/hoist"), "it says {message:?}");
        Ok(())
    });
    // The program that leaves runs from there.
    world.in_host(host, &format!("umount --lazy {BUSY}"))?.success()?;
    told?;
    eventually("the Host is gone", Duration::from_secs(30), || {
        let hosts = world.kubectl(&["--namespace", NAMESPACE, "get", "hosts", "--output", "name"])?.success()?;
        ensure!(!hosts.contains(host), "still there: {hosts}");
        Ok(())
    })
}

/// A stopped host is a machine without power: nothing of it runs, and what it was comes back with it.
pub fn stop_and_start(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let state = |world: &mut World| -> anyhow::Result<Value> {
        let status = world.refresh()?;
        let mut hosts = status["hosts"].as_array().into_iter().flatten();
        Ok(hosts.find(|host| host["name"] == "worker-1").cloned().unwrap_or_default())
    };
    let before = state(world)?;
    world.local(&["host", "stop", "worker-1"])?.success()?;
    let off = state(world)?;
    ensure!(off["state"] == "Off", "after stop: {off}");
    let refused = world.in_host("worker-1", "true")?.refusal()?;
    ensure!(refused.contains("hcp local host start worker-1"), "the next step is not named: {refused}");
    let again = world.local(&["host", "stop", "worker-1"])?;
    ensure!(again.code == 0 && again.stderr.contains("off already"), "a second stop says {}", again.stderr);

    world.local(&["host", "start", "worker-1"])?.success()?;
    let on = state(world)?;
    ensure!(on["state"] == "Running" && on["pid"] != before["pid"], "after start: {on}, before: {before}");
    ensure!(on["address"] == before["address"], "its address changed: {on}, before: {before}");
    eventually("worker-1 runs its kubelet and is Ready", Duration::from_secs(60), || {
        world.in_host("worker-1", "pgrep -x kubelet")?.success()?;
        ensure!(ready_nodes(world, &kubeconfig)?.contains(&"worker-1".to_owned()), "not Ready");
        Ok(())
    })
}
