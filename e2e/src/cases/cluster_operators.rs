//! What a hosted cluster says of itself: `oc get clusterversion` and `oc get co`, each row from a real probe.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::create::{CLUSTER, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

const PARTS: [&str; 7] =
    ["dns", "etcd", "konnectivity", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "network"];
/// Those that run on nodes.
const ON_NODES: [&str; 3] = ["dns", "konnectivity", "network"];
/// From a change to the table that shows it.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);

fn list(world: &World, kubeconfig: &str, kind: &str) -> anyhow::Result<Vec<Value>> {
    let text = world.kubectl_in(kubeconfig, &["get", kind, "--output", "json"])?.success()?;
    let list: Value = serde_json::from_str(&text)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

fn statuses(part: &Value) -> anyhow::Result<[String; 3]> {
    let conditions = part["status"]["conditions"].as_array().context("no conditions yet")?;
    let of = |type_: &str| {
        let found = conditions.iter().find(|condition| condition["type"] == type_);
        found.and_then(|condition| condition["status"].as_str()).unwrap_or_default().to_owned()
    };
    Ok([of("Available"), of("Progressing"), of("Degraded")])
}

fn header(world: &World, kubeconfig: &str, kind: &str) -> anyhow::Result<Vec<String>> {
    let table = world.kubectl_in(kubeconfig, &["get", kind])?.success()?;
    Ok(table.lines().next().unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}

/// What a part shall look like.
fn expect(world: &World, kubeconfig: &str, expected: impl Fn(&str) -> [&'static str; 3]) -> anyhow::Result<()> {
    let parts = list(world, kubeconfig, "clusteroperators")?;
    let names: Vec<&str> = parts.iter().filter_map(|part| part["metadata"]["name"].as_str()).collect();
    ensure!(names == PARTS, "ClusterOperators: {names:?}");
    for (part, name) in parts.iter().zip(names) {
        let found = statuses(part)?;
        ensure!(found == expected(name), "{name} is {found:?}: {}", part["status"]);
    }
    Ok(())
}

pub fn without_nodes(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    eventually("parts that need nodes say that there is none", SHOWN_WITHIN, || {
        expect(world, &kubeconfig, |name| {
            if ON_NODES.contains(&name) { ["False", "True", "False"] } else { ["True", "False", "False"] }
        })
    })?;
    let table = world.kubectl_in(&kubeconfig, &["get", "co", "dns"])?.success()?;
    ensure!(table.contains("Deployment \"coredns\" has no available Pod(s): there is no node yet"), "{table}");
    let columns = header(world, &kubeconfig, "co")?;
    ensure!(
        columns == ["NAME", "VERSION", "AVAILABLE", "PROGRESSING", "DEGRADED", "SINCE", "MESSAGE"],
        "columns: {columns:?}"
    );
    let columns = header(world, &kubeconfig, "clusterversion")?;
    ensure!(columns == ["NAME", "VERSION", "AVAILABLE", "PROGRESSING", "SINCE", "STATUS"], "columns: {columns:?}");
    let table = world.kubectl_in(&kubeconfig, &["get", "clusterversion"])?.success()?;
    ensure!(table.contains("waiting on dns, konnectivity, network"), "{table}");
    // An update is ordered in the management cluster; asking here is told so and not ignored.
    let patch = r#"{"spec":{"desiredUpdate":{"version":"1.36.9"}}}"#;
    let refused =
        world.kubectl_in(&kubeconfig, &["patch", "clusterversion", "version", "--type=merge", "--patch", patch])?;
    let said = refused.refusal()?;
    ensure!(said.contains("spec.release.image of its HostedCluster"), "{said}");
    Ok(())
}

pub fn with_nodes(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let all_well = || expect(world, &kubeconfig, |_| ["True", "False", "False"]);
    eventually("every part is well", Duration::from_secs(60), all_well)?;
    let version = list(world, &kubeconfig, "clusterversions")?.into_iter().next().context("no ClusterVersion")?;
    ensure!(version["status"]["history"][0]["state"] == "Completed", "{}", version["status"]);
    let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
    ensure!(version["spec"]["clusterID"] == cluster["spec"]["clusterID"], "{}", version["spec"]);
    eventually("the HostedCluster's version is complete", SHOWN_WITHIN, || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        ensure!(cluster["status"]["version"]["history"][0]["state"] == "Completed", "{}", cluster["status"]["version"]);
        Ok(())
    })?;
    let scale = |replicas: &str| {
        let replicas = format!("--replicas={replicas}");
        world
            .kubectl_in(&kubeconfig, &["--namespace", "kube-system", "scale", "deployment", "coredns", &replicas])?
            .success()
    };
    scale("0")?;
    let outcome = eventually("dns is unavailable and degraded", SHOWN_WITHIN, || {
        let dns = list(world, &kubeconfig, "clusteroperators")?.into_iter().next().context("no ClusterOperator")?;
        let found = statuses(&dns)?;
        ensure!(found[0] == "False" && found[2] == "True", "{}", dns["status"]);
        let version = list(world, &kubeconfig, "clusterversions")?.into_iter().next().context("no ClusterVersion")?;
        let failing = version["status"]["conditions"].to_string();
        ensure!(failing.contains("Cluster operator dns is not available"), "{failing}");
        Ok(())
    });
    scale("1")?;
    outcome?;
    eventually("dns is back", Duration::from_secs(60), all_well)
}
