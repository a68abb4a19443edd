//! A hosted API that is away for more than a minute: nobody can hear its nodes meanwhile, and they are not taken for lost.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::ensure;
use serde_json::Value;

use super::create::{is_plain_again, kubeconfig};
use super::join::ready_nodes;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition};

const CLUSTER: &str = "unheard";
const HOST: &str = "unheard-0";

pub fn not_lost(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let create = ["create", "cluster", "none", "--name", CLUSTER, "--pull-secret", &pull_secret];
    let how = ["--control-plane-availability-policy", "SingleReplica", "--node-pool-replicas", "1"];
    let wait = ["--wait-for", "available", "--timeout", "2m"];
    world.hcp(&[&create[..], &how, &wait].concat())?.success()?;
    world.local(&["host", "add", HOST])?.success()?;
    let outcome = away_and_back(world);
    world.hcp(&["destroy", "cluster", "none", "--name", CLUSTER])?.success()?;
    outcome?;
    is_plain_again(world, HOST)?;
    world.local(&["host", "remove", HOST])?.success()?;
    Ok(())
}

fn away_and_back(world: &World) -> anyhow::Result<()> {
    let line = world.hcp(&["create", "join-command", "--name", CLUSTER, "--uses", "1"])?.success()?;
    world.in_host(HOST, line.trim())?.success()?;
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let before = eventually("the node and its pods are Ready", Duration::from_secs(60), || {
        ensure!(ready_nodes(world, &kubeconfig)? == [HOST], "the node is not");
        let pool = world.object("clusters", "nodepool", CLUSTER)?;
        expect_condition(&pool, "Ready", "True", Some("AsExpected"))?;
        let since = ready_since(world, &kubeconfig)?;
        ensure!(since.len() > 2, "there are only {since:?}");
        Ok(since)
    })?;
    let manager = manager(world)?;

    // Longer than a node may be silent.
    let namespace = format!("clusters-{CLUSTER}");
    let pod = world.object(&namespace, "pod", "etcd-0")?;
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
    let kill = format!(
        "end=$(($(date +%s) + 70)); while [ $(date +%s) -lt $end ]; do \
         for p in $(pgrep -x etcd); do grep -q {uid} /proc/$p/cgroup && kill -9 $p; done; sleep 0.5; done; true"
    );
    world.in_host(&world.management_host()?, &kill)?.success()?;
    ensure!(self::manager(world)? != manager, "kube-controller-manager was not ended while its API was away");
    eventually("the API answers again", Duration::from_secs(120), || {
        world.kubectl_in(&kubeconfig, &["get", "--raw", "/readyz", "--request-timeout=5s"])?.success()
    })?;
    eventually("kube-controller-manager works again", Duration::from_secs(120), || {
        let account = ["get", "serviceaccount", "default", "--namespace", "afterwards"];
        world.kubectl_in(&kubeconfig, &["create", "namespace", "afterwards"])?;
        world.kubectl_in(&kubeconfig, &account)?.success()
    })?;
    // It looks at nodes every five seconds.
    std::thread::sleep(Duration::from_secs(8));
    let after = ready_since(world, &kubeconfig)?;
    ensure!(before == after, "Ready since\n{before:?}, then\n{after:?}");
    Ok(())
}

/// Name of the pod of kube-controller-manager.
fn manager(world: &World) -> anyhow::Result<String> {
    let namespace = format!("clusters-{CLUSTER}");
    let component = "hypershift.openshift.io/control-plane-component=kube-controller-manager";
    world.kubectl(&["--namespace", &namespace, "get", "pods", "--selector", component, "--output", "name"])?.success()
}

/// Since when the node and each pod are Ready.
fn ready_since(world: &World, kubeconfig: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let text =
        world.kubectl_in(kubeconfig, &["get", "nodes,pods", "--all-namespaces", "--output", "json"])?.success()?;
    let list: Value = serde_json::from_str(&text)?;
    let mut since = BTreeMap::new();
    for object in list["items"].as_array().into_iter().flatten() {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        // An agent says itself that it is not ready while nobody answers it.
        if name.starts_with("konnectivity-agent") {
            continue;
        }
        let mut conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        let ready = conditions.find(|condition| condition["type"] == "Ready");
        let is_ready = ready.is_some_and(|ready| ready["status"] == "True");
        ensure!(is_ready, "{name} is not Ready");
        let time = ready.and_then(|ready| ready["lastTransitionTime"].as_str()).unwrap_or_default();
        since.insert(name, time.to_owned());
    }
    Ok(since)
}
