//! Pools of another release: hosts that have joined are updated one after the other, in place or as new nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::release_image;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, condition};

/// Two hosts that stay the nodes they are.
const IN_PLACE: &str = "rolling";
const STAYING: [&str; 2] = ["rolling-1", "rolling-2"];
/// One that comes back as a new node.
const REPLACED: &str = "anew";
const RETURNING: &str = "anew-1";
const OLD: &str = "1.35.4";
/// Longest that nobody may answer for a workload that a disruption budget keeps.
const LONGEST_SILENCE: Duration = Duration::from_secs(3);
/// A pod of a host that is replaced, and what it left there.
const LEFT: &str = "/var/lib/kubelet/pods-of-before";

pub fn one_after_the_other(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let new = release_image(world)?;
    let outcome = rolled_out(world, &kubeconfig, &new);
    // Also when something failed: later cases count the nodes of this cluster.
    let gone = gone(world, &kubeconfig);
    outcome?;
    gone
}

fn rolled_out(world: &World, kubeconfig: &str, new: &str) -> anyhow::Result<()> {
    pools(world)?;
    workload(world, kubeconfig)?;
    let before = nodes(world, kubeconfig)?;
    for name in STAYING.iter().chain([&RETURNING]) {
        ensure!(before.get(*name).is_some_and(|node| version(node) == OLD), "{name} does not run {OLD}");
    }
    labels_without_a_rollout(world, kubeconfig)?;
    world.in_host(RETURNING, &format!("touch {LEFT}"))?.success()?;

    for pool in [IN_PLACE, REPLACED] {
        let patch = json!({"spec": {"release": {"image": new}}}).to_string();
        world
            .kubectl(&["--namespace", "clusters", "patch", "nodepool", pool, "--type=merge", "--patch", &patch])?
            .success()?;
    }
    watch(world, kubeconfig)?;

    let after = nodes(world, kubeconfig)?;
    let uid = |nodes: &BTreeMap<String, Value>, name: &str| nodes[name]["metadata"]["uid"].clone();
    for name in STAYING {
        ensure!(uid(&before, name) == uid(&after, name), "Node {name} was made anew");
        ensure!(after[name]["spec"]["unschedulable"] != true, "{name} is still cordoned");
    }
    ensure!(uid(&before, RETURNING) != uid(&after, RETURNING), "{RETURNING} is the Node it was");
    world.in_host(RETURNING, &format!("test ! -e {LEFT}"))?.success().context("what pods left is still there")?;
    let said = world.in_host(STAYING[0], "/opt/hoist/bin/kubelet --version")?.success()?;
    ensure!(!said.contains(OLD), "the installed kubelet is {said}");
    let pool = world.object("clusters", "nodepool", IN_PLACE)?;
    let noted = &pool["metadata"]["annotations"]["hypershift.openshift.io/nodePoolCurrentConfigVersion"];
    let host = world.object(NAMESPACE, "host", STAYING[0])?;
    ensure!(*noted == host["status"]["revision"], "the pool notes {noted}, its host runs {}", host["status"]);
    Ok(())
}

/// Two pools of the older release, and their hosts.
fn pools(world: &World) -> anyhow::Result<()> {
    let versions = world.object("hypershift", "configmap", "supported-versions")?;
    let releases: Value = serde_json::from_str(versions["data"]["releases"].as_str().unwrap_or_default())?;
    let old = releases[OLD].as_str().context("the older release is not offered")?;
    let mut lines = Vec::new();
    for (pool, hosts, how) in [(IN_PLACE, &STAYING[..], "InPlace"), (REPLACED, &[RETURNING][..], "Replace")] {
        let replicas = hosts.len().to_string();
        let create = ["create", "nodepool", "none", "--cluster-name", CLUSTER, "--name", pool, "--release-image", old];
        world.hcp(&[&create[..], &["--replicas", &replicas, "--node-upgrade-type", how]].concat())?.success()?;
        for host in hosts {
            world.local(&["host", "add", host])?.success()?;
            let command = ["create", "join-command", "--name", CLUSTER, "--node-pool", pool, "--uses", "1"];
            lines.push((*host, world.hcp(&command)?.success()?.trim().to_owned()));
        }
    }
    // What a host reads is there a moment after its pool is.
    thread::scope(|scope| {
        let joins: Vec<_> = lines
            .iter()
            .map(|(host, line)| scope.spawn(move || world.in_host(host, line)?.success().map(drop)))
            .collect();
        for join in joins {
            join.join().map_err(|_| anyhow::anyhow!("a join panicked"))??;
        }
        Ok(())
    })
}

/// Two web servers on the two hosts; one at least must be there.
fn workload(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let image = world.hcp(&["release", "info", &release_image(world)?, "--component", "agnhost"])?.success()?;
    let labels = json!({"app": "kept"});
    let objects = [
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kept"}, "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {
                "nodeSelector": {"hypershift.openshift.io/nodePool": IN_PLACE},
                "terminationGracePeriodSeconds": 5,
                "topologySpreadConstraints": [{
                    "maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": labels},
                }],
                "containers": [{
                    "name": "web", "image": image.trim(), "args": ["netexec", "--http-port=8080"],
                    "readinessProbe": {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1},
                }],
            }},
        }}),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "kept"}, "spec": {
            "selector": labels, "ports": [{"port": 80, "targetPort": 8080}],
        }}),
        json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "kept"}, "spec": {
            "minAvailable": 1, "selector": {"matchLabels": labels},
        }}),
    ];
    for object in &objects {
        world.create_in(kubeconfig, object, &[])?.success()?;
    }
    world.kubectl_in(kubeconfig, &["rollout", "status", "deployment/kept", "--timeout=60s"])?.success()?;
    Ok(())
}

fn labels_without_a_rollout(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let patch = json!({"spec": {"nodeLabels": {"tier": "web"}}}).to_string();
    world
        .kubectl(&["--namespace", "clusters", "patch", "nodepool", IN_PLACE, "--type=merge", "--patch", &patch])?
        .success()?;
    eventually("the Nodes have the pool's new label", Duration::from_secs(15), || {
        let nodes = nodes(world, kubeconfig)?;
        for name in STAYING {
            ensure!(nodes[name]["metadata"]["labels"]["tier"] == "web", "{name} lacks it");
        }
        Ok(())
    })?;
    let patch = json!({"spec": {"nodeLabels": null}}).to_string();
    world
        .kubectl(&["--namespace", "clusters", "patch", "nodepool", IN_PLACE, "--type=merge", "--patch", &patch])?
        .success()?;
    eventually("the label goes when the pool takes it back", Duration::from_secs(15), || {
        let nodes = nodes(world, kubeconfig)?;
        ensure!(STAYING.iter().all(|name| nodes[*name]["metadata"]["labels"]["tier"].is_null()), "it is still there");
        Ok(())
    })?;
    let pool = world.object("clusters", "nodepool", IN_PLACE)?;
    for type_ in ["UpdatingConfig", "UpdatingVersion"] {
        let (status, _, message) = condition(&pool, type_)?;
        ensure!(status == "False", "a label set off an update: {type_} {message}");
    }
    Ok(())
}

/// Follows both rollouts to their ends: one host of a pool at a time, somebody always answers, and the pool is of the new version
/// when all its hosts are. Meanwhile an update and the operator are killed.
fn watch(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let management = world.management_host()?;
    let end = Instant::now() + Duration::from_secs(240);
    let (mut answered, mut is_killed, mut updated) = (Instant::now(), false, BTreeSet::new());
    loop {
        let answer = "/api/v1/namespaces/default/services/kept:80/proxy/healthz";
        if world.kubectl_in(kubeconfig, &["get", "--raw", answer, "--request-timeout=2s"])?.success().is_ok() {
            answered = Instant::now();
        }
        ensure!(answered.elapsed() < LONGEST_SILENCE, "nobody answered for {} s", LONGEST_SILENCE.as_secs());

        // Pools first: what they say of their nodes must be true of nodes that are read later.
        let pool = world.object("clusters", "nodepool", IN_PLACE)?;
        let replaced = world.object("clusters", "nodepool", REPLACED)?;
        let nodes = nodes(world, kubeconfig)?;
        let away: Vec<&&str> = STAYING.iter().filter(|name| nodes[**name]["spec"]["unschedulable"] == true).collect();
        ensure!(away.len() < 2, "both hosts are away: {away:?}");
        updated.extend(STAYING.into_iter().filter(|name| version(&nodes[*name]) != OLD));
        let version_of_pool = pool["status"]["version"].as_str().unwrap_or_default().to_owned();
        ensure!(
            version_of_pool == OLD || updated.len() == STAYING.len(),
            "the pool is of version {version_of_pool} with {updated:?} updated"
        );
        if !is_killed && !away.is_empty() {
            let host = away[0];
            // Wherever it is: it goes on.
            is_killed = world.in_host(host, "pkill -9 -f '[h]oist-node update'")?.success().is_ok();
            if is_killed {
                world.in_host(&management, "pkill -9 -x hoist-operator")?.success()?;
            }
        }
        if [&pool, &replaced].iter().all(|pool| is_done(pool)) && updated.len() == STAYING.len() {
            ensure!(is_killed, "no update was seen at work");
            return Ok(());
        }
        if Instant::now() >= end {
            bail!("not updated: {}; {}", pool["status"], replaced["status"]);
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn is_done(pool: &Value) -> bool {
    let is_false = |type_| condition(pool, type_).is_ok_and(|(status, _, _)| status == "False");
    let version = pool["status"]["version"].as_str();
    version.is_some_and(|version| version != OLD) && is_false("UpdatingVersion") && is_false("UpdatingConfig")
}

fn nodes(world: &World, kubeconfig: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let text = world.kubectl_in(kubeconfig, &["get", "nodes", "--output", "json"])?.success()?;
    let list: Value = serde_json::from_str(&text)?;
    let items = list["items"].as_array().into_iter().flatten();
    Ok(items.filter_map(|node| Some((node["metadata"]["name"].as_str()?.to_owned(), node.clone()))).collect())
}

fn version(node: &Value) -> &str {
    node["status"]["nodeInfo"]["kubeletVersion"].as_str().unwrap_or_default().trim_start_matches('v')
}

/// Takes everything of this case away.
fn gone(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let kinds = ["deployment/kept", "service/kept", "poddisruptionbudget/kept"];
    world.kubectl_in(kubeconfig, &[&["delete", "--wait=false"][..], &kinds].concat())?.success()?;
    for pool in [IN_PLACE, REPLACED] {
        world.hcp(&["destroy", "nodepool", "--name", pool])?.success()?;
    }
    eventually("the pools and their hosts are gone", Duration::from_secs(60), || {
        let left = world.kubectl(&["get", "nodepools,hosts", "--all-namespaces", "--output", "name"])?.success()?;
        ensure!(!left.contains("rolling") && !left.contains("anew"), "there is {left}");
        Ok(())
    })?;
    for host in STAYING.iter().chain([&RETURNING]) {
        world.local(&["host", "remove", host])?.success()?;
    }
    Ok(())
}
