//! What users configure on hosts: a host joins a pool with ConfigMaps, has what they say, and is as before when it is gone.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, kubeconfig};
use super::join::{ready_nodes, release_image};
use super::leaving::FOOTPRINT;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, expect_condition};

const HOST: &str = "configured";
const POOL: &str = "configured";
const CONFIG: &str = "own-config";
const TUNING: &str = "own-tuning";
/// Nobody has this name: what comes from there came through the mirror.
const SOURCE: &str = "mirrored.test";
/// A file that the host has before, and one that it has not.
const THEIRS: &str = "/etc/e2e-theirs";
const OURS: &str = "/etc/e2e.d/answer";
const SETTING: &str = "net.core.somaxconn";
const TOLD: Duration = Duration::from_secs(30);

pub fn of_hosts(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let registry = world.fact("registry")?.to_owned();
    config_map(world, TUNING, "tuning", &tuning())?;
    config_map(world, CONFIG, "config", &config(&registry).replace("maxPods", "maxPodz"))?;
    let create = ["create", "nodepool", "none", "--name", POOL, "--cluster-name", CLUSTER, "--replicas", "1"];
    world.hcp(&[&create[..], &["--node-upgrade-type", "InPlace"]].concat())?.success()?;
    let references = json!({"spec": {"config": [{"name": CONFIG}], "tuningConfig": [{"name": TUNING}]}}).to_string();
    in_clusters(world, &["patch", "nodepool", POOL, "--type=merge", "--patch", &references])?;
    told(world, "ValidMachineConfig", "False", "maxPodz is no field of KubeletConfiguration")?;
    told(world, "ValidTuningConfig", "True", "openshift-node are not applied")?;
    config_map(world, CONFIG, "config", &config(&registry))?;

    world.local(&["host", "add", HOST])?.success()?;
    world.in_host(HOST, &format!("echo theirs >{THEIRS}; chmod 640 {THEIRS}"))?.success()?;
    told(world, "ValidMachineConfig", "True", "All is well")?;
    let state =
        format!("cat {THEIRS}; sysctl -n {SETTING} 2>/dev/null || cat /proc/sys/net/core/somaxconn; {FOOTPRINT}");
    let plain = world.in_host(HOST, &state)?.success()?;
    let line =
        world.hcp(&["create", "join-command", "--name", CLUSTER, "--node-pool", POOL, "--uses", "1"])?.success()?;
    world.in_host(HOST, line.trim())?.success()?;

    let there = format!("stat -c '%a %u' {OURS}; cat {OURS} {THEIRS} /proc/sys/net/core/somaxconn");
    let found = world.in_host(HOST, &there)?.success()?;
    ensure!(found.split_whitespace().eq(["600", "0", "42", "theirs", "ours", "4321"]), "the host has {found:?}");
    takes_37_pods(world, &kubeconfig)?;
    only_its_own_pool_reads(world, &kubeconfig)?;
    pulled_through_the_mirror(world, &kubeconfig, &registry)?;
    put_back(world, &kubeconfig, &registry)?;

    world.hcp(&["remove", "host", HOST, "--name", CLUSTER])?.success()?;
    eventually("the host is what it was", Duration::from_secs(20), || {
        let now = world.in_host(HOST, &state)?.success()?;
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let differences: Vec<String> = lines(&plain).symmetric_difference(&lines(&now)).cloned().collect();
        ensure!(differences.is_empty(), "differences: {differences:#?}");
        Ok(())
    })?;
    world.local(&["host", "remove", HOST])?.success()?;
    world.hcp(&["destroy", "nodepool", "--name", POOL])?.success()?;
    in_clusters(world, &["delete", "configmap", CONFIG, TUNING])
}

fn config(registry: &str) -> String {
    format!(
        "apiVersion: machineconfiguration.openshift.io/v1
kind: KubeletConfig
metadata: {{name: pods}}
spec: {{kubeletConfig: {{maxPods: 37}}}}
---
apiVersion: machineconfiguration.openshift.io/v1
kind: MachineConfig
metadata: {{name: 99-own, labels: {{machineconfiguration.openshift.io/role: worker}}}}
spec:
  config:
    ignition: {{version: 3.2.0}}
    storage:
      files:
        - {{path: {OURS}, mode: 0600, contents: {{source: 'data:;base64,NDIK'}}}}
        - {{path: {THEIRS}, append: [{{source: 'data:,ours%0A'}}]}}
---
apiVersion: config.openshift.io/v1
kind: ImageDigestMirrorSet
metadata: {{name: own}}
spec: {{imageDigestMirrors: [{{source: {SOURCE}, mirrors: ['{registry}']}}]}}
"
    )
}

fn tuning() -> String {
    format!(
        "apiVersion: tuned.openshift.io/v1
kind: Tuned
metadata: {{name: own}}
spec:
  profile: [{{name: own, data: \"[main]\\ninclude=openshift-node\\n[sysctl]\\n{SETTING}=4321\\n\"}}]
  recommend: [{{profile: own, priority: 20}}]
"
    )
}

fn in_clusters(world: &World, arguments: &[&str]) -> anyhow::Result<()> {
    world.kubectl(&[&["--namespace", "clusters"], arguments].concat())?.success()?;
    Ok(())
}

fn config_map(world: &World, name: &str, key: &str, text: &str) -> anyhow::Result<()> {
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "clusters"}, "data": {key: text},
    });
    let path = std::env::temp_dir().join(format!("hoist-e2e-{}-map.json", std::process::id()));
    fs_err::write(&path, map.to_string())?;
    let applied = in_clusters(world, &["apply", "--filename", &path.to_string_lossy()]);
    fs_err::remove_file(&path)?;
    applied
}

/// Waits until a condition of the pool says so.
fn told(world: &World, type_: &str, status: &str, words: &str) -> anyhow::Result<()> {
    eventually(&format!("{type_} is {status}"), TOLD, || {
        let pool = world.object("clusters", "nodepool", POOL)?;
        let message = expect_condition(&pool, type_, status, None)?;
        ensure!(message.contains(words), "{type_} says {message}");
        Ok(())
    })
}

fn takes_37_pods(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let pods = ["get", "node", HOST, "--output", "jsonpath={.status.allocatable.pods}"];
    let pods = world.kubectl_in(kubeconfig, &pods)?.success()?;
    ensure!(pods == "37", "the node takes {pods} pods");
    Ok(())
}

/// Settings with which kubelet does not run: what ran before is put back, the pool says so, and the next settings are tried.
fn put_back(world: &World, kubeconfig: &str, registry: &str) -> anyhow::Result<()> {
    let reserved = config(registry).replace("{maxPods: 37}", "{maxPods: 38, systemReserved: {memory: 900Gi}}");
    config_map(world, CONFIG, "config", &reserved)?;
    eventually("what ran before is put back", Duration::from_secs(90), || {
        let pool = world.object("clusters", "nodepool", POOL)?;
        let message = expect_condition(&pool, "UpdatingConfig", "True", Some("InplaceUpgradeFailed"))?;
        ensure!(message.contains(HOST) && message.contains("was put back and runs"), "UpdatingConfig says {message}");
        Ok(())
    })?;
    ensure!(ready_nodes(world, kubeconfig)?.contains(&HOST.to_owned()), "{HOST} is not Ready");
    takes_37_pods(world, kubeconfig)?;
    config_map(world, CONFIG, "config", &config(registry))?;
    eventually("the settings of before are what the pool wants again", TOLD, || {
        let pool = world.object("clusters", "nodepool", POOL)?;
        expect_condition(&pool, "UpdatingConfig", "False", None)?;
        let query = ["get", "node", HOST, "--output", "jsonpath={.spec.unschedulable}"];
        let cordoned = world.kubectl_in(kubeconfig, &query)?.success()?;
        ensure!(cordoned.is_empty(), "{HOST} is still cordoned");
        Ok(())
    })
}

fn only_its_own_pool_reads(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let secret = format!("secret/hoist-node-{POOL}");
    let may = |user: &str, group: &str| -> anyhow::Result<bool> {
        let arguments =
            ["auth", "can-i", "get", &secret, "--namespace", "kube-system", "--as", user, "--as-group", group];
        Ok(world.kubectl_in(kubeconfig, &arguments)?.code == 0)
    };
    ensure!(
        may(&format!("hoist:host:{HOST}"), "system:bootstrappers:hoist")?,
        "a host of the pool cannot read its Secret"
    );
    ensure!(!may("hoist:host:worker-1", "system:bootstrappers:hoist")?, "hosts of other pools can read the Secret");
    ensure!(!may("system:node:worker-1", "system:nodes")?, "nodes of other pools can read the Secret");
    Ok(())
}

fn pulled_through_the_mirror(world: &World, kubeconfig: &str, registry: &str) -> anyhow::Result<()> {
    let image = world.hcp(&["release", "info", &release_image(world)?, "--component", "agnhost"])?.success()?;
    let image = image.trim().replacen(registry, SOURCE, 1);
    ensure!(image.starts_with(SOURCE), "the image is {image}");
    // What a pod has for the source is shown to its mirror.
    let own: Value = serde_json::from_str(&fs_err::read_to_string(world.fact("pullSecret")?)?)?;
    let known = own["auths"].get(registry).with_context(|| format!("the pull secret knows no {registry}"))?;
    let auths = json!({"auths": {SOURCE: known}}).to_string();
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "mirrored", "namespace": "default"}, "stringData": {".dockerconfigjson": auths},
    });
    world.create_in(kubeconfig, &secret, &[])?.success()?;
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "mirrored", "namespace": "default"},
        "spec": {
            "nodeName": HOST, "imagePullSecrets": [{"name": "mirrored"}], "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "c", "image": image, "command": ["/usr/bin/agnhost", "pause"]}],
        },
    });
    world.create_in(kubeconfig, &pod, &[])?.success()?;
    eventually("the pod runs an image that only the mirror has", Duration::from_secs(40), || {
        let query = ["get", "pod", "mirrored", "--output", "jsonpath={.status}"];
        let status = world.kubectl_in(kubeconfig, &query)?.success()?;
        ensure!(status.contains("\"phase\":\"Running\""), "{status}");
        Ok(())
    })?;
    world.kubectl_in(kubeconfig, &["delete", "pod/mirrored", "secret/mirrored"])?.success()?;
    Ok(())
}
