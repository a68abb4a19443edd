//! The operator and one hosted cluster, from birth to death.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::Value;

use super::join::join_line;
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::{World, condition, expect_condition, write_file};

/// The hosted cluster that most cases use.
pub const CLUSTER: &str = "demo";
/// Its control plane namespace.
pub const NAMESPACE: &str = "clusters-demo";
/// Domain of names that the router makes.
pub const ROUTER_DOMAIN: &str = "apps.example.com";
/// What is said of the router when it is installed; who installs again need not.
pub const WITH_ROUTER: [&str; 6] =
    ["--router", "NodePort", "--router-domain", ROUTER_DOMAIN, "--router-external-traffic-policy", "Local"];
/// Host that is off while the cluster is destroyed.
const SILENT: &str = "worker-2";

/// Arguments that every way of installing needs.
pub fn installing<'a>(world: &'a World, verbs: &[&'a str], more: &[&'a str]) -> anyhow::Result<Vec<&'a str>> {
    let mut arguments = verbs.to_vec();
    arguments.extend(["--registry", world.fact("registry")?, "--pull-secret", world.fact("pullSecret")?]);
    arguments.extend(["--additional-trust-bundle", world.fact("registryTrustBundle")?]);
    arguments.extend_from_slice(more);
    Ok(arguments)
}

pub fn install(world: &mut World) -> anyhow::Result<()> {
    world
        .hcp(&installing(world, &["install"], &[&WITH_ROUTER[..], &["--wait-until-available"]].concat())?)?
        .success()?;
    let versions = world.object("hypershift", "configmap", "supported-versions")?;
    let listed =
        versions["data"]["supported-versions"].as_str().context("supported-versions has no key of its name")?;
    ensure!(listed == r#"{"versions":["1.36","1.35"]}"#, "supported versions: {listed}");
    let releases = versions["data"]["releases"].as_str().context("supported-versions has no key releases")?;
    ensure!(releases.contains("1.36.3") && releases.contains("1.35.4"), "releases: {releases}");
    Ok(())
}

pub fn create(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    world
        .hcp(&[
            "create",
            "cluster",
            "none",
            "--name",
            CLUSTER,
            "--pull-secret",
            &pull_secret,
            "--control-plane-availability-policy",
            "SingleReplica",
            "--node-pool-replicas",
            "2",
            "--wait-for",
            "available",
            "--timeout",
            "3m",
        ])?
        .success()?;
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let namespaces = world.kubectl_in(&kubeconfig, &["get", "namespaces", "--output", "name"])?.success()?;
    ensure!(namespaces.contains("namespace/kube-system"), "namespaces of the hosted cluster: {namespaces}");
    Ok(())
}

/// Writes the kubeconfig that `hcp create kubeconfig` prints and returns its path.
pub fn kubeconfig(world: &World, cluster: &str) -> anyhow::Result<String> {
    let text = world.hcp(&["create", "kubeconfig", "--name", cluster])?.success()?;
    write_file(&format!("{cluster}.kubeconfig"), &text)
}

pub fn zero_nodes(world: &mut World) -> anyhow::Result<()> {
    let cluster = eventually("the control plane's version is complete", Duration::from_secs(60), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        ensure!(
            cluster["status"]["controlPlaneVersion"]["history"][0]["state"] == "Completed",
            "history: {}",
            cluster["status"]["controlPlaneVersion"]
        );
        expect_condition(&cluster, "ClusterVersionSucceeding", "False", Some("FromClusterVersion"))?;
        Ok(cluster)
    })?;
    // As HyperShift: the whole cluster's version also needs what runs on nodes.
    ensure!(
        cluster["status"]["version"]["history"][0]["state"] == "Partial",
        "history: {}",
        cluster["status"]["version"]
    );
    expect_condition(&cluster, "ClusterVersionAvailable", "False", None)?;
    expect_condition(&cluster, "ClusterVersionProgressing", "True", None)?;
    let message = expect_condition(&cluster, "Available", "True", None)?;
    ensure!(message == "The hosted control plane is available", "Available says: {message}");
    expect_condition(&cluster, "Degraded", "False", None)?;
    expect_condition(&cluster, "ValidConfiguration", "True", None)?;
    expect_condition(&cluster, "DataPlaneConnectionAvailable", "Unknown", Some("NoWorkerNodesAvailable"))?;
    expect_condition(&cluster, "ControlPlaneConnectionAvailable", "Unknown", Some("NoWorkerNodesAvailable"))?;
    ensure!(
        cluster["status"]["kubeconfig"]["name"] == "demo-admin-kubeconfig",
        "kubeconfig: {}",
        cluster["status"]["kubeconfig"]
    );

    let table = world.kubectl(&["--namespace", "clusters", "get", "hostedcluster"])?.success()?;
    let header: Vec<&str> = table.lines().next().unwrap_or_default().split_whitespace().collect();
    ensure!(
        header == ["NAME", "VERSION", "KUBECONFIG", "PROGRESS", "AVAILABLE", "PROGRESSING", "MESSAGE"],
        "columns: {header:?}"
    );
    let pods = world.kubectl(&["--namespace", NAMESPACE, "get", "pods", "--no-headers"])?.success()?;
    let count = pods.lines().count();
    ensure!((4..=5).contains(&count), "{count} pods:\n{pods}");
    let components =
        world.kubectl(&["--namespace", NAMESPACE, "get", "controlplanecomponents", "--output", "json"])?.success()?;
    let components: Value = serde_json::from_str(&components)?;
    for component in components["items"].as_array().context("no list of components")? {
        let (rolled_out, _, message) = condition(component, "RolloutComplete")?;
        ensure!(rolled_out == "True", "{}: {message}", component["metadata"]["name"]);
        ensure!(
            component["status"]["version"] == "1.36.3",
            "{}: {}",
            component["metadata"]["name"],
            component["status"]
        );
    }
    Ok(())
}

pub fn encrypted_at_rest(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let marker = "plaintext-marker-of-the-test";
    world
        .kubectl_in(&kubeconfig, &["create", "secret", "generic", "at-rest", &format!("--from-literal=key={marker}")])?
        .success()?;
    // The database file is read where it lies, on the management host.
    let node = world.management_host()?;
    let hits = world.in_host(&node, &format!("grep -rlc {marker} /var/lib/hoist/volumes; true"))?.success()?;
    ensure!(hits.trim().is_empty(), "the Secret's content stands in {hits}");
    let names = world.in_host(&node, "grep -rl at-rest /var/lib/hoist/volumes; true")?.success()?;
    ensure!(!names.trim().is_empty(), "the Secret's name was not found either: the test looked in the wrong place");
    Ok(())
}

pub fn destroy(world: &mut World) -> anyhow::Result<()> {
    // A host that is off cannot be told: it is listed, waited for no longer than the others, and told when it comes back.
    let line = join_line(world, "1")?;
    world.in_host(SILENT, &line)?.success()?;
    world.local(&["host", "stop", SILENT])?.success()?;

    let started = Instant::now();
    let said = world.hcp(&["destroy", "cluster", "none", "--name", CLUSTER])?;
    let told = said.stderr.lines().filter(|line| line.contains("did not leave")).collect::<String>();
    said.success()?;
    let took = started.elapsed();
    ensure!(told.contains(SILENT), "the silent host is not named: {told}");
    ensure!(!told.contains("worker-1"), "worker-1 left, and is named as silent: {told}");
    let left = world.kubectl(&["get", "namespace", NAMESPACE, "--ignore-not-found", "--output", "name"])?.success()?;
    ensure!(left.trim().is_empty(), "{left} is still there");
    ensure!(took < Duration::from_secs(60), "it took {took:?}");
    is_plain_again(world, "worker-1")?;
    let node = world.management_host()?;
    eventually("the volumes' data is gone", Duration::from_secs(20), || {
        let left = world.in_host(&node, "ls /var/lib/hoist/volumes 2>/dev/null; true")?.success()?;
        ensure!(left.trim().is_empty(), "volumes left: {left}");
        Ok(())
    })?;
    let untouched = world.local(&["host", "list"])?.success()?;
    ensure!(untouched.contains(SILENT), "a stopped host is gone: {untouched}");
    world.local(&["host", "start", SILENT])?.success()?;
    is_plain_again(world, SILENT)
}

/// Waits until nothing of ours is on a host.
pub fn is_plain_again(world: &World, host: &str) -> anyhow::Result<()> {
    eventually(&format!("{host} is plain again"), Duration::from_secs(60), || {
        let left =
            world.in_host(host, "ls -d /opt/hoist /var/lib/hoist 2>/dev/null; pgrep kubelet; true")?.success()?;
        ensure!(left.trim().is_empty(), "left on {host}: {left}");
        Ok(())
    })
}
