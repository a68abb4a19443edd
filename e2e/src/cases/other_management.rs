//! A management cluster that is none of Hoist's making as far as the operator can tell: an older Kubernetes, an ordinary host
//! as its node, a StorageClass without a provisioner.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::kubeconfig;
use hoist_e2e::command::{Said, run};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, write_file};

/// The hosted cluster that becomes a management cluster, and its only node.
const OUTER: &str = "outer";
const HOST: &str = "outer-1";
/// Where etcd of the inner cluster keeps its data on that node.
const DATA: &str = "/var/lib/inner-etcd";
/// User of etcd.
const USER: u32 = 65532;

/// Hoist runs on Kubernetes 1.35, and a control plane there answers.
pub fn older(world: &mut World) -> anyhow::Result<()> {
    let outcome = prepare(world).and_then(|kubeconfig| host_a_cluster(world, &kubeconfig));
    world.hcp(&["destroy", "cluster", "none", "--name", OUTER])?.success()?;
    world.local(&["host", "remove", HOST])?.success()?;
    outcome
}

/// Makes the outer cluster; returns its kubeconfig.
fn prepare(world: &World) -> anyhow::Result<String> {
    let versions = world.object("hypershift", "configmap", "supported-versions")?;
    let releases: Value = serde_json::from_str(versions["data"]["releases"].as_str().unwrap_or_default())?;
    let older = releases["1.35.4"].as_str().context("no release 1.35.4")?;
    let single = ["--control-plane-availability-policy", "SingleReplica", "--node-pool-replicas", "1"];
    let wait = ["--wait-for", "available", "--timeout", "3m"];
    let more = ["--pull-secret", world.fact("pullSecret")?, "--release-image", older];
    world
        .hcp(&[&["create", "cluster", "none", "--name", OUTER], &single[..], &more[..], &wait[..]].concat())?
        .success()?;
    world.local(&["host", "add", HOST])?.success()?;
    let line = world.hcp(&["create", "join-command", "--name", OUTER])?.success()?;
    world.in_host(HOST, &format!("{} && install -d -o {USER} -g {USER} -m 0700 {DATA}", line.trim()))?.success()?;
    kubeconfig(world, OUTER)
}

fn host_a_cluster(world: &World, outer: &str) -> anyhow::Result<()> {
    let hcp =
        |arguments: &[&str]| -> anyhow::Result<Said> { run(world.program(), arguments, &[("KUBECONFIG", outer)]) };
    let version = world.kubectl_in(outer, &["version", "--output", "json"])?.success()?;
    let version: Value = serde_json::from_str(&version)?;
    ensure!(version["serverVersion"]["minor"] == "35", "the outer cluster has version {}", version["serverVersion"]);
    for object in volume() {
        world.create_in(outer, &object, &[])?.success()?;
    }
    let (registry, secret) = (world.fact("registry")?, world.fact("pullSecret")?);
    let trust = ["--additional-trust-bundle", world.fact("registryTrustBundle")?, "--wait-until-available"];
    hcp(&[&["install", "--registry", registry, "--pull-secret", secret], &trust[..]].concat())?.success()?;

    let policy = ["--control-plane-availability-policy", "SingleReplica", "--etcd-storage-class", "manual"];
    // The usual ranges are those of the cluster around it.
    let ranges = ["--cluster-cidr", "10.144.0.0/16", "--service-cidr", "172.30.0.0/16"];
    let wait = ["--pull-secret", secret, "--wait-for", "available", "--timeout", "3m"];
    hcp(&[&["create", "cluster", "none", "--name", "inner"], &policy[..], &ranges[..], &wait[..]].concat())?
        .success()?;
    let inner = hcp(&["create", "kubeconfig", "--name", "inner"])?.success()?;
    let inner = write_file("inner.kubeconfig", &inner)?;
    eventually("the inner cluster's API answers", Duration::from_secs(30), || {
        world.kubectl_in(&inner, &["get", "namespace", "kube-system"])?.success()
    })?;
    hcp(&["destroy", "cluster", "none", "--name", "inner"])?.success()?;
    Ok(())
}

/// A StorageClass without a provisioner, and the one volume that it has.
fn volume() -> [Value; 2] {
    let term = json!({"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [HOST]}]});
    [
        json!({
            "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "manual"},
            "provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"
        }),
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "inner-etcd"},
            "spec": {
                "storageClassName": "manual", "capacity": {"storage": "8Gi"}, "accessModes": ["ReadWriteOnce"],
                "local": {"path": DATA}, "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}
            }
        }),
    ]
}
