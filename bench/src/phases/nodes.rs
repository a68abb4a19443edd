//! Nodes of one cluster: how fast hosts join, what the cluster takes while it idles, how fast all of it goes.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

use super::{LIMIT, destroy, first_list, is_ready};
use crate::api::Api;
use crate::figures::Figures;
use crate::memory;

const CLUSTER: &str = "bench";
const HOSTS: [&str; 3] = ["bench-host-1", "bench-host-2", "bench-host-3"];
/// Where a host keeps the payload that it has read.
const PAYLOAD: &str = "/opt/hoist/payload";
/// Between two looks at the operator's memory.
const LOOK: Duration = Duration::from_millis(500);

/// Joins hosts one after the other, measures the cluster idle with the first, destroys it with two.
pub async fn measure(world: &World, figures: &mut Figures, idle_seconds: u64) -> anyhow::Result<()> {
    let kubeconfig = first_list(world, CLUSTER, Instant::now(), &mut Vec::new()).await?;
    let api = Api::new(&kubeconfig)?;
    start_pods(world, &kubeconfig)?;
    for host in HOSTS {
        world.local(&["host", "add", host])?.success()?;
    }
    let first = join(world, &api, HOSTS[0]).await?;
    tokio::time::sleep(Duration::from_secs(idle_seconds)).await;
    idle(world, figures)?;

    let second = join_watching_operator(world, &api, HOSTS[1], figures)?;
    figures.add("join: Enter to Node Ready and a pod running", "s", vec![first, second], Some(15.0));
    give_payload(world, HOSTS[0], HOSTS[2])?;
    let third = join(world, &api, HOSTS[2]).await?;
    figures.add("  with the payload already there", "s", vec![third], Some(15.0));
    // What is destroyed is a cluster with two hosts.
    world.in_host(HOSTS[2], "/opt/hoist/bin/hoist-node leave")?.success()?;

    figures.add("destroy with 2 joined hosts", "s", vec![destroy_all(world)?], Some(20.0));
    for host in HOSTS {
        world.local(&["host", "remove", host])?.success()?;
    }
    Ok(())
}

fn idle(world: &World, figures: &mut Figures) -> anyhow::Result<()> {
    let namespace = format!("clusters-{CLUSTER}");
    let pods = world.kubectl(&["--namespace", &namespace, "get", "pods", "--output", "name"])?.success()?;
    let pods = u32::try_from(pods.lines().count())?;
    let memory = memory::of_namespace(world, &namespace)?;
    figures.add("pods of one hosted cluster", "pods", vec![f64::from(pods)], Some(5.0));
    figures.add("idle control plane, PSS with shims and pause", "MiB", vec![memory.pss], Some(450.0));
    figures.add("  of it anonymous", "MiB", vec![memory.anonymous], None);
    Ok(())
}

/// Pods that can run as soon as there is a node for each.
fn start_pods(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    fs_err::write(&file, kubeconfig)?;
    let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
    let image = cluster["spec"]["release"]["image"].as_str().context("no release image")?;
    let agnhost = world.hcp(&["release", "info", image, "--component", "agnhost"])?.success()?;
    let manifest = folder.path().join("probe.yaml");
    fs_err::write(&manifest, include_str!("../../probe.yaml").replace("IMAGE", agnhost.trim()))?;
    world.kubectl_in(&file.to_string_lossy(), &["apply", "--filename", &manifest.to_string_lossy()])?.success()?;
    Ok(())
}

/// Seconds from Enter on a plain host to its Node Ready and a pod running on it.
async fn join(world: &World, api: &Api, host: &str) -> anyhow::Result<f64> {
    let line = world.hcp(&["create", "join-command", "--name", CLUSTER])?.success()?;
    let started = Instant::now();
    let mut joining = Command::new(world.program())
        .args(["local", "host", "exec", host, "--instance", world.instance(), "--", "sh", "-c", line.trim()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    api.until(&format!("/api/v1/nodes/{host}"), LIMIT, is_ready).await?;
    let pods = format!("/api/v1/namespaces/default/pods?fieldSelector=spec.nodeName%3D{host}");
    api.until(&pods, LIMIT, |list| {
        list["items"].as_array().is_some_and(|pods| pods.iter().any(|pod| pod["status"]["phase"] == "Running"))
    })
    .await?;
    let took = started.elapsed().as_secs_f64();
    ensure!(joining.wait()?.success(), "the join line of {host} failed");
    Ok(took)
}

/// Joins a host while another thread watches the memory of operator and bootstrap server: the most that was seen counts.
fn join_watching_operator(world: &World, api: &Api, host: &str, figures: &mut Figures) -> anyhow::Result<f64> {
    let (joined, programs) = (AtomicBool::new(false), ["hoist-operator", "hoist-bootstrap"]);
    let (took, most) = thread::scope(|scope| {
        let watching = scope.spawn(|| -> anyhow::Result<f64> {
            let mut most = 0.0_f64;
            while !joined.load(Ordering::Relaxed) {
                most = most.max(memory::of_programs(world, &programs)?.pss);
                thread::sleep(LOOK);
            }
            Ok(most)
        });
        let took = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(join(world, api, host)));
        joined.store(true, Ordering::Relaxed);
        let most = watching.join().map_err(|_| anyhow!("the thread that watches the operator's memory ended early"))?;
        Ok::<_, anyhow::Error>((took?, most?))
    })?;
    figures.add("operator + bootstrap during a join, PSS", "MiB", vec![most], Some(60.0));
    let memory = memory::of_namespace(world, "hypershift")?;
    figures.add("  with shims and pause, after it", "MiB", vec![memory.pss], None);
    Ok(took)
}

/// Puts one host's payload on another one, as an earlier attempt to join leaves it.
fn give_payload(world: &World, from: &str, to: &str) -> anyhow::Result<()> {
    let exec = |host: &str, line: &str| {
        let mut command = Command::new(world.program());
        command.args(["local", "host", "exec", host, "--instance", world.instance(), "--", "sh", "-c", line]);
        command
    };
    let mut packing =
        exec(from, &format!("tar -C {PAYLOAD} -cf - .")).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let archive = packing.stdout.take().context("no archive")?;
    let unpacked = exec(to, &format!("mkdir -p {PAYLOAD} && tar -C {PAYLOAD} -xf -")).stdin(archive).status()?;
    ensure!(packing.wait()?.success() && unpacked.success(), "the payload of {from} was not copied to {to}");
    Ok(())
}

/// Seconds until namespace, volumes' data and the hosts' processes are gone.
fn destroy_all(world: &World) -> anyhow::Result<f64> {
    let started = Instant::now();
    destroy(world, CLUSTER)?;
    eventually("namespace and volumes are gone", LIMIT, || {
        let left = world.kubectl(&["get", "namespaces,persistentvolumes", "--output", "name"])?.success()?;
        ensure!(!left.contains(CLUSTER) && !left.contains("persistentvolume"), "still there: {left}");
        let data = world.in_host(&world.management_host()?, "ls /var/lib/hoist/volumes")?.success()?;
        ensure!(data.trim().is_empty(), "still there: {data}");
        Ok(())
    })?;
    for host in HOSTS {
        eventually("the host's processes are gone", LIMIT, || {
            let left = world.in_host(host, "pgrep -x 'kubelet|containerd|hoist-node'; true")?.success()?;
            ensure!(left.trim().is_empty(), "still running: {left}");
            Ok(())
        })?;
    }
    Ok(started.elapsed().as_secs_f64())
}
