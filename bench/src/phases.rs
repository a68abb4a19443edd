//! What is measured, one phase after the other.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::api::Api;
use crate::bare::Bare;
use crate::complain;
use crate::figures::{Figures, median};
use crate::memory;
use hoist_e2e::world::World;

const LIMIT: Duration = Duration::from_secs(120);
const BARE: &str = "bare start of etcd + kube-apiserver";

/// Brings instance and operator up.
pub fn prepare(world: &mut World) -> anyhow::Result<()> {
    world.local(&["up"])?.success()?;
    world.refresh()?;
    let (registry, secret, bundle) =
        (world.fact("registry")?, world.fact("pullSecret")?, world.fact("registryTrustBundle")?);
    let arguments = [
        "install",
        "--registry",
        registry,
        "--pull-secret",
        secret,
        "--additional-trust-bundle",
        bundle,
        "--wait-until-available",
    ];
    world.hcp(&arguments)?.success()?;
    Ok(())
}

/// Creation against bare starts.
pub async fn create(world: &World, figures: &mut Figures, rounds: u32) -> anyhow::Result<()> {
    let mut bare = Vec::new();
    let mut created = Vec::new();
    for round in 0..rounds {
        let name = format!("bench-{round}");
        let started = Instant::now();
        let kubeconfig = first_list(world, &name, started, &mut created).await?;
        let namespace = format!("clusters-{name}");
        let bare_start = Bare::of(world, &namespace, &kubeconfig)?;
        destroy(world, &name)?;
        // Alternating, so that both see the same noise.
        bare.push(bare_start.start().await?);
        complain(format_args!(
            "round {round}: created in {:.2} s, bare {:.2} s",
            created[created.len() - 1],
            bare[bare.len() - 1]
        ));
    }
    let bound = (2.2 * median(&bare)).max(8.0);
    figures.add(BARE, "s", bare, None);
    figures.add("create: exec of hcp to first LIST", "s", created, Some(bound));
    Ok(())
}

/// Runs `hcp create cluster` and waits for the first list; returns the administrator's kubeconfig as `hcp` prints it.
async fn first_list(world: &World, name: &str, started: Instant, samples: &mut Vec<f64>) -> anyhow::Result<String> {
    let management = Api::new(&fs_err::read_to_string(world.fact("kubeconfig")?)?)?;
    let mut hcp = Command::new(world.program())
        .args(["create", "cluster", "none", "--name", name, "--control-plane-availability-policy", "SingleReplica"])
        .args(["--node-pool-replicas", "1", "--pull-secret", world.fact("pullSecret")?])
        .env("KUBECONFIG", world.fact("kubeconfig")?)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let path = format!("/api/v1/namespaces/clusters/secrets/{name}-admin-kubeconfig");
    let secret = management.until(&path, LIMIT, |secret| secret["data"]["kubeconfig"].is_string()).await?;
    let text = STANDARD.decode(secret["data"]["kubeconfig"].as_str().context("no kubeconfig")?)?;
    let kubeconfig = with_proxy(&String::from_utf8(text)?, world.fact("proxy")?);
    Api::new(&kubeconfig)?.until("/api/v1/namespaces", LIMIT, |_| true).await?;
    samples.push(started.elapsed().as_secs_f64());
    ensure!(hcp.wait()?.success(), "hcp create cluster {name} failed");
    Ok(kubeconfig)
}

/// The Secret's kubeconfig names the published address, which only the instance's proxy reaches from here.
fn with_proxy(kubeconfig: &str, proxy: &str) -> String {
    kubeconfig
        .lines()
        .map(|line| match line.split_once("server:") {
            Some((before, _)) => format!("{line}\n{}proxy-url: {proxy}\n", before.replace('-', " ")),
            None => format!("{line}\n"),
        })
        .collect()
}

fn destroy(world: &World, name: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    world.hcp(&["destroy", "cluster", "none", "--name", name])?.success()?;
    Ok(started.elapsed().as_secs_f64())
}

/// Joins two hosts to one cluster, measures it idle with one, destroys it with both.
pub async fn join_memory_destroy(world: &World, figures: &mut Figures, idle_seconds: u64) -> anyhow::Result<()> {
    let kubeconfig = first_list(world, "bench", Instant::now(), &mut Vec::new()).await?;
    let api = Api::new(&kubeconfig)?;
    start_pod(world, &kubeconfig)?;
    let first = join(world, &api, "bench", "bench-host-1").await?;
    tokio::time::sleep(Duration::from_secs(idle_seconds)).await;
    let memory = memory::of_namespace(world, "clusters-bench")?;
    let pods = world
        .kubectl(&["--namespace", "clusters-bench", "get", "pods", "--output", "name"])?
        .success()?
        .lines()
        .count();
    figures.add("pods of one hosted cluster", "pods", vec![f64::from(u32::try_from(pods)?)], Some(5.0));
    figures.add("idle control plane, PSS with shims and pause", "MiB", vec![memory.pss], Some(450.0));
    figures.add("  of it anonymous", "MiB", vec![memory.anonymous], None);

    let second = join_watching_operator(world, &api, figures).await?;
    figures.add("join: Enter to Node Ready and a pod running", "s", vec![first, second], Some(15.0));

    let mut took = destroy(world, "bench")?;
    let started = Instant::now();
    wait_for_plain_hosts(world, &["bench-host-1", "bench-host-2"])?;
    took += started.elapsed().as_secs_f64();
    figures.add("destroy with 2 joined hosts", "s", vec![took], Some(20.0));
    for host in ["bench-host-1", "bench-host-2"] {
        world.local(&["host", "remove", host])?.success()?;
    }
    Ok(())
}

const PROBE: &str = include_str!("../probe.yaml");

/// Pods that can run as soon as there is a node for each.
fn start_pod(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("kubeconfig");
    fs_err::write(&file, kubeconfig)?;
    let cluster = world.object("clusters", "hostedcluster", "bench")?;
    let image = cluster["spec"]["release"]["image"].as_str().context("no release image")?;
    let agnhost = world.hcp(&["release", "info", image, "--component", "agnhost"])?.success()?;
    let manifest = folder.path().join("probe.yaml");
    fs_err::write(&manifest, PROBE.replace("IMAGE", agnhost.trim()))?;
    world.kubectl_in(&file.to_string_lossy(), &["apply", "--filename", &manifest.to_string_lossy()])?.success()?;
    Ok(())
}

/// Seconds from Enter on a plain host to its Node Ready and a pod running on it.
async fn join(world: &World, api: &Api, cluster: &str, host: &str) -> anyhow::Result<f64> {
    world.local(&["host", "add", host])?.success()?;
    let line = world.hcp(&["create", "join-command", "--name", cluster])?.success()?;
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

/// Joins the second host and measures operator and bootstrap server in the middle of it.
async fn join_watching_operator(world: &World, api: &Api, figures: &mut Figures) -> anyhow::Result<f64> {
    // `hcp` and `kubectl` block this thread between polls: the memory is read right after, while the join's last
    // reports still run. PSS of a Rust program does not shrink in between.
    let took = join(world, api, "bench", "bench-host-2").await?;
    let memory = memory::of_namespace(world, "hypershift")?;
    figures.add("operator + bootstrap, PSS with shims and pause", "MiB", vec![memory.pss], None);
    let programs = memory::of_programs(world, &["hoist-operator", "hoist-bootstrap"])?;
    figures.add("operator + bootstrap during a join, PSS", "MiB", vec![programs.pss], Some(60.0));
    Ok(took)
}

fn is_ready(node: &Value) -> bool {
    node["status"]["conditions"]
        .as_array()
        .is_some_and(|all| all.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True"))
}

fn wait_for_plain_hosts(world: &World, hosts: &[&str]) -> anyhow::Result<()> {
    for host in hosts {
        hoist_e2e::eventually::eventually("the host's processes are gone", LIMIT, || {
            let left = world.in_host(host, "pgrep -x 'kubelet|containerd|hoist-node'; true")?.success()?;
            ensure!(left.trim().is_empty(), "still running: {left}");
            Ok(())
        })?;
    }
    Ok(())
}

/// Five clusters started together, each with a Ready node.
pub async fn five_at_once(world: &World, figures: &mut Figures) -> anyhow::Result<()> {
    let names: Vec<String> = (0..5).map(|number| format!("five-{number}")).collect();
    let started = Instant::now();
    let mut kubeconfigs = Vec::new();
    for name in &names {
        let arguments =
            ["create", "cluster", "none", "--name", name, "--control-plane-availability-policy", "SingleReplica"];
        let more = ["--node-pool-replicas", "1", "--pull-secret", world.fact("pullSecret")?];
        world.hcp(&[&arguments[..], &more[..]].concat())?.success()?;
    }
    let management = Api::new(&fs_err::read_to_string(world.fact("kubeconfig")?)?)?;
    for name in &names {
        let path = format!("/api/v1/namespaces/clusters/secrets/{name}-admin-kubeconfig");
        let secret = management.until(&path, LIMIT, |secret| secret["data"]["kubeconfig"].is_string()).await?;
        let text = STANDARD.decode(secret["data"]["kubeconfig"].as_str().context("no kubeconfig")?)?;
        kubeconfigs.push(with_proxy(&String::from_utf8(text)?, world.fact("proxy")?));
    }
    for kubeconfig in &kubeconfigs {
        Api::new(kubeconfig)?.until("/api/v1/namespaces", LIMIT, |_| true).await?;
    }
    figures.add("five clusters at once: all APIs answer", "s", vec![started.elapsed().as_secs_f64()], None);
    for (name, kubeconfig) in names.iter().zip(&kubeconfigs) {
        let host = format!("{name}-host");
        world.local(&["host", "add", &host])?.success()?;
        let line = world.hcp(&["create", "join-command", "--name", name])?.success()?;
        world.in_host(&host, line.trim())?.success()?;
        Api::new(kubeconfig)?.until(&format!("/api/v1/nodes/{host}"), LIMIT, is_ready).await?;
    }
    figures.add("five clusters at once: each with a Ready node", "s", vec![started.elapsed().as_secs_f64()], None);
    for name in &names {
        destroy(world, name)?;
        world.local(&["host", "remove", &format!("{name}-host")])?.success()?;
    }
    Ok(())
}
