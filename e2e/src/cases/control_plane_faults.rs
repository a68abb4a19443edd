//! Faults below and beside hosted control planes: a full disk, a management API that is away.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::ensure;

use super::bad_input::TOLD_WITHIN;
use super::conditions::restarts;
use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::small_volume::SmallVolume;
use hoist_e2e::static_pod::StaticPod;
use hoist_e2e::steadily::{Request, Requests, steadily};
use hoist_e2e::world::{World, expect_condition};

/// Name of the cluster whose disk is filled.
const FULL: &str = "full";
/// More than fits into what etcd has reserved: each has about a megabyte.
const MOST_WRITES: u32 = 60;

pub fn disk_full(world: &mut World) -> anyhow::Result<()> {
    let pull_secret = world.fact("pullSecret")?.to_owned();
    let create = ["create", "cluster", "none", "--name", FULL, "--pull-secret", &pull_secret];
    let how = ["--control-plane-availability-policy", "SingleReplica", "--wait-for", "available", "--timeout", "2m"];
    world.hcp(&[&create[..], &how].concat())?.success()?;
    let outcome = fill_and_free(world);
    world.hcp(&["destroy", "cluster", "none", "--name", FULL])?.success()?;
    outcome
}

fn fill_and_free(world: &World) -> anyhow::Result<()> {
    let namespace = format!("clusters-{FULL}");
    let kubeconfig = kubeconfig(world, FULL)?;
    let volume = SmallVolume::put_under(world, &namespace)?;
    let content = std::env::temp_dir().join(format!("hoist-e2e-{}-content", std::process::id()));
    fs_err::write(&content, "0123456789abcdef".repeat(60_000))?;
    let from = format!("--from-file=key={}", content.to_string_lossy());
    let write =
        |name: &str| world.kubectl_in(&kubeconfig, &["create", "configmap", name, &from, "--request-timeout=5s"]);
    eventually("the API serves from the small volume", Duration::from_secs(60), || {
        write("acknowledged-0").and_then(hoist_e2e::command::Said::success)
    })?;
    volume.fill()?;
    let mut acknowledged = vec!["acknowledged-0".to_owned()];
    for number in 1..=MOST_WRITES {
        let name = format!("acknowledged-{number}");
        if write(&name)?.code != 0 {
            break;
        }
        acknowledged.push(name);
    }
    ensure!(acknowledged.len() <= MOST_WRITES as usize, "a full disk took all writes");
    for (type_, status) in [("EtcdAvailable", "False"), ("Available", "False"), ("Degraded", "True")] {
        eventually(&format!("{type_} is {status}"), TOLD_WITHIN, || {
            let cluster = world.object("clusters", "hostedcluster", FULL)?;
            let message = expect_condition(&cluster, type_, status, Some("VolumeFull"))?;
            for word in ["etcd", "data-etcd-0", "no space left on device", "free space"] {
                ensure!(message.contains(word), "{type_} does not name {word}: {message}");
            }
            Ok(())
        })?;
    }
    volume.free()?;
    eventually("the cluster takes writes again", Duration::from_secs(90), || {
        write("after").and_then(hoist_e2e::command::Said::success)
    })?;
    fs_err::remove_file(&content)?;
    // The API server's own readiness follows a little later.
    eventually("everything acknowledged is there", Duration::from_secs(30), || {
        let names = world.kubectl_in(&kubeconfig, &["get", "configmaps", "--output", "name"])?.success()?;
        for name in &acknowledged {
            ensure!(names.lines().any(|line| line == format!("configmap/{name}")), "{name} is lost; there are {names}");
        }
        Ok(())
    })?;
    eventually("the conditions say so", TOLD_WITHIN, || {
        let cluster = world.object("clusters", "hostedcluster", FULL)?;
        expect_condition(&cluster, "EtcdAvailable", "True", None)?;
        expect_condition(&cluster, "Degraded", "False", None)
    })?;
    Ok(())
}

const PASSED_ON: &str = "hypershift.openshift.io/skip-release-image-validation";
/// How long the management API is away.
const AWAY: Duration = Duration::from_secs(60);

pub fn management_api_away(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let node = world.management_host()?;
    let service = world
        .kubectl_in(&kubeconfig, &["get", "service", "web", "--output", "jsonpath={.spec.clusterIP}"])?
        .success()?;
    let before = (restarts(world, NAMESPACE)?, restarts(world, "hypershift")?);

    // What users and pods do all the while: the hosted API, a pod through konnectivity, a Service from a node.
    let requests: [(&str, Request<'_>); 3] = [
        ("hosted API", {
            let (world, kubeconfig) = (&*world, &kubeconfig);
            Box::new(move || {
                world.kubectl_in(kubeconfig, &["annotate", "--overwrite", "service", "web", "while=away"])?.success()
            })
        }),
        ("pod through konnectivity", {
            let (world, kubeconfig) = (&*world, &kubeconfig);
            Box::new(move || {
                let path = "/api/v1/namespaces/default/services/web:80/proxy/hostname";
                world.kubectl_in(kubeconfig, &["get", "--raw", path, "--request-timeout=5s"])?.success()
            })
        }),
        ("Service from a node", {
            let world = &*world;
            let line = format!("curl --silent --fail --max-time 5 http://{}/hostname", service.trim());
            Box::new(move || world.in_host("worker-1", &line)?.success())
        }),
    ];
    let is_over = AtomicBool::new(false);
    let (served, recovered) = thread::scope(|scope| {
        let clients: Vec<_> =
            requests.iter().map(|(name, request)| scope.spawn(|| (*name, steadily(request, &is_over)))).collect();
        let recovered = be_away(world, &node);
        is_over.store(true, Ordering::Relaxed);
        let served: Vec<_> = clients.into_iter().filter_map(|client| client.join().ok()).collect();
        (served, recovered)
    });
    recovered?;
    ensure!(served.len() == requests.len(), "a client ended early");
    for (name, Requests { count, failures, .. }) in served {
        ensure!(failures.is_empty(), "{name}: {} of {count} requests failed: {failures:?}", failures.len());
        ensure!(count >= 40, "{name}: only {count} requests were made");
    }

    // Whatever waits for the API or loses its lease may start anew once or twice, but not again and again.
    let after = (restarts(world, NAMESPACE)?, restarts(world, "hypershift")?);
    ensure!(before.0 == after.0, "the hosted control plane restarted: {:?}, then {:?}", before.0, after.0);
    for ((name, now), (_, was)) in after.1.iter().zip(&before.1) {
        ensure!(now - was <= 3, "{name} restarted {} times", now - was);
    }
    Ok(())
}

/// Takes the management API away for a minute, and waits until the operator works again.
fn be_away(world: &World, node: &str) -> anyhow::Result<()> {
    let annotate = ["--namespace", "clusters", "annotate", "--overwrite", "hostedcluster", CLUSTER];
    let api = StaticPod::stop(world, node, "kube-apiserver")?;
    let started = Instant::now();
    let is_away = world.kubectl(&["get", "namespaces", "--request-timeout=5s"]).is_ok_and(|said| said.code != 0);
    thread::sleep(AWAY.saturating_sub(started.elapsed()));
    api.start()?;
    ensure!(is_away, "the management API answered though it was stopped");
    eventually("the management API answers again", Duration::from_secs(60), || {
        world.kubectl(&["get", "--raw", "/readyz", "--request-timeout=5s"])?.success()
    })?;
    // An annotation that the operator passes on, and that changes nothing for a release that is valid.
    world.kubectl(&[&annotate[..], &[&format!("{PASSED_ON}=true")]].concat())?.success()?;
    // The operator asks again every two seconds; kube-proxy, through whose rules it asks, only up to a minute later.
    let passed_on = eventually("the operator works again", Duration::from_secs(120), || {
        let control_plane = world.object(NAMESPACE, "hostedcontrolplane", CLUSTER)?;
        ensure!(control_plane["metadata"]["annotations"][PASSED_ON] == "true", "it did not pass on an annotation");
        Ok(())
    });
    world.kubectl(&[&annotate[..], &[&format!("{PASSED_ON}-")]].concat())?.success()?;
    passed_on?;
    // Kubernetes calls the pods of a node that was not heard of unready until its kubelet is heard again.
    eventually("the cluster is told to be available", Duration::from_secs(60), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        expect_condition(&cluster, "Available", "True", None)
    })?;
    Ok(())
}
