//! What a management cluster lacks or takes away, and what users change: a condition says it within 15 s, and it heals.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::bad_input::TOLD_WITHIN;
use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::static_pod::StaticPod;
use hoist_e2e::world::{World, expect_condition};

fn create(world: &World, name: &str, more: &[&str]) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let mut arguments = vec!["create", "cluster", "none", "--name", name, "--pull-secret", &pull_secret];
    arguments.extend_from_slice(more);
    world.hcp(&arguments)?.success()?;
    Ok(())
}

const SINGLE: [&str; 2] = ["--control-plane-availability-policy", "SingleReplica"];

fn destroy(world: &World, name: &str) -> anyhow::Result<()> {
    world.hcp(&["destroy", "cluster", "none", "--name", name])?.success()?;
    Ok(())
}

/// Waits until condition `type_` of `name` has `status` and `reason`, and its message every one of `words`.
fn told(world: &World, name: &str, (type_, status, reason): (&str, &str, &str), words: &[&str]) -> anyhow::Result<()> {
    eventually(&format!("{name}: {type_} is {status}/{reason}"), TOLD_WITHIN, || {
        let cluster = world.object("clusters", "hostedcluster", name)?;
        let message = expect_condition(&cluster, type_, status, Some(reason))?;
        for word in words {
            ensure!(message.contains(word), "{type_} does not name {word}: {message}");
        }
        Ok(())
    })
}

pub fn no_default_storage_class(world: &mut World) -> anyhow::Result<()> {
    let mark = |is_default: &str| {
        let value = format!("storageclass.kubernetes.io/is-default-class={is_default}");
        world.kubectl(&["annotate", "--overwrite", "storageclass", "local", &value])?.success()
    };
    mark("false")?;
    let without = || {
        create(world, "homeless", &SINGLE)?;
        told(
            world,
            "homeless",
            ("ValidConfiguration", "False", "StorageClassMissing"),
            &["no default StorageClass", "it has local", "is-default-class=true"],
        )?;
        // One that runs has its volumes.
        let demo = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&demo, "ValidConfiguration", "True", None)
    };
    let outcome = without();
    mark("true")?;
    outcome?;
    told(world, "homeless", ("ValidConfiguration", "True", "AsExpected"), &[])?;
    eventually("etcd has its volume", Duration::from_secs(30), || {
        let claim = world.object("clusters-homeless", "persistentvolumeclaim", "data-etcd-0")?;
        ensure!(claim["status"]["phase"] == "Bound", "the claim is {}", claim["status"]);
        Ok(())
    })?;
    destroy(world, "homeless")
}

pub fn too_few_nodes(world: &mut World) -> anyhow::Result<()> {
    create(world, "grand", &["--control-plane-availability-policy", "HighlyAvailable"])?;
    let expected = ["needs 3 schedulable nodes", "management-0", "2 missing", "SingleReplica"];
    let outcome = told(world, "grand", ("Degraded", "True", "InsufficientNodes"), &expected)
        .and_then(|()| told(world, "grand", ("Available", "False", "InsufficientNodes"), &expected));
    // Asked for by default, accepted, and not served: said, and no reason to fail.
    let outcome =
        outcome.and_then(|()| told(world, "grand", ("ServicesServed", "False", "NotServed"), &["OAuthServer, OIDC"]));
    destroy(world, "grand")?;
    outcome
}

pub fn changed_pull_secret(world: &mut World) -> anyhow::Result<()> {
    let name = format!("{CLUSTER}-pull-secret");
    let content = |namespace: &str, name: &str| -> anyhow::Result<String> {
        let secret = world.object(namespace, "secret", name)?;
        Ok(secret["data"][".dockerconfigjson"].as_str().context("the pull secret has no content")?.to_owned())
    };
    let given = fs_err::read_to_string(world.fact("pullSecret")?)?;
    let replace = |text: &str| {
        let patch = json!({"stringData": {".dockerconfigjson": text}}).to_string();
        world.kubectl(&["--namespace", "clusters", "patch", "secret", &name, "--patch", &patch])?.success()
    };
    let copied = || {
        let changed = content("clusters", &name)?;
        eventually("the changed pull secret is in the control plane namespace", TOLD_WITHIN, || {
            ensure!(content(NAMESPACE, "pull-secret")? == changed, "it is still the old one");
            Ok(())
        })
    };
    // The same credentials in another spelling: nothing that runs may notice.
    replace(&format!("{given}\n \n"))?;
    let outcome = copied();
    replace(&given)?;
    outcome?;
    copied()
}

/// Restarts of all containers of a namespace's pods, by pod and container; pods that are going do not count.
pub fn restarts(world: &World, namespace: &str) -> anyhow::Result<Vec<(String, i64)>> {
    let pods: Value = serde_json::from_str(
        &world.kubectl(&["--namespace", namespace, "get", "pods", "--output", "json"])?.success()?,
    )?;
    let mut found = Vec::new();
    let pods = pods["items"].as_array().context("no list of pods")?;
    for pod in pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null()) {
        for container in pod["status"]["containerStatuses"].as_array().into_iter().flatten() {
            let name = format!("{}/{}", pod["metadata"]["name"], container["name"]);
            found.push((name, container["restartCount"].as_i64().unwrap_or_default()));
        }
    }
    found.sort();
    Ok(found)
}

/// Unschedulable, then registry away: an image that cannot be pulled, a running cluster that is left alone, and an operator that
/// starts anew meanwhile.
pub fn registry_away(world: &mut World) -> anyhow::Result<()> {
    let outcome = far_cluster(world);
    // Also when something failed: the cases behind it would fail with a cluster that is in their way.
    let destroyed = destroy(world, "far");
    outcome?;
    destroyed
}

fn far_cluster(world: &World) -> anyhow::Result<()> {
    const LABEL: &str = "hoist-e2e/there";
    let node = world.management_host()?;
    let versions = world.object("hypershift", "configmap", "supported-versions")?;
    let releases: Value = serde_json::from_str(versions["data"]["releases"].as_str().unwrap_or_default())?;
    // The images of this version are not on the node.
    let older = releases["1.35.4"].as_str().context("no release 1.35.4")?;
    let selector = format!("{LABEL}=yes");
    create(world, "far", &[&SINGLE[..], &["--release-image", older, "--node-selector", &selector]].concat())?;
    told(world, "far", ("Degraded", "True", "Unschedulable"), &["etcd-0", "node(s) didn't match", "nodeSelector"])?;

    let before = restarts(world, NAMESPACE)?;
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let registry = StaticPod::stop(world, &node, "registry")?;
    let away = || {
        world.kubectl(&["label", "node", &node, &selector])?.success()?;
        told(world, "far", ("Degraded", "True", "ImagePullFailed"), &["cannot be pulled", "reach this registry"])?;

        let selector = [
            "--namespace",
            "hypershift",
            "delete",
            "pods",
            "--selector",
            "app.kubernetes.io/name=operator",
            "--wait=false",
        ];
        world.kubectl(&selector)?.success()?;
        // The new one must have worked on the cluster: what it alone brings back is taken away.
        world
            .kubectl(&["--namespace", NAMESPACE, "delete", "deployment", "kube-scheduler", "--wait=false"])?
            .success()?;
        eventually("a new operator brings back a Deployment", Duration::from_secs(45), || {
            let scheduler = world.object(NAMESPACE, "deployment", "kube-scheduler")?;
            ensure!(scheduler["status"]["availableReplicas"] == 1, "it is {}", scheduler["status"]);
            Ok(())
        })?;
        let demo = world.object("clusters", "hostedcluster", CLUSTER)?;
        for type_ in ["ValidReleaseImage", "ValidConfiguration", "Available"] {
            expect_condition(&demo, type_, "True", None)?;
        }
        world.kubectl_in(&kubeconfig, &["get", "namespaces"])?.success()?;
        let after = restarts(world, NAMESPACE)?;
        let lasting = |restarts: &[(String, i64)]| -> Vec<(String, i64)> {
            restarts.iter().filter(|(name, _)| !name.contains("kube-scheduler")).cloned().collect()
        };
        ensure!(lasting(&before) == lasting(&after), "restarts: {before:?}, then {after:?}");
        Ok(())
    };
    let outcome = away();
    let started = registry.start();
    world.kubectl(&["label", "node", &node, &format!("{LABEL}-")])?.success()?;
    outcome?;
    started?;
    Ok(())
}
