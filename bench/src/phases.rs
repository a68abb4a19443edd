//! What is measured, one phase after the other; here what they share.

pub mod creation;
pub mod five_at_once;
pub mod nodes;
pub mod quiet;
pub mod router;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::api::Api;
use hoist_e2e::world::World;

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Phase {
    /// Creation against bare starts.
    Creation,
    /// Joins, memory of an idle cluster, destroying it.
    Nodes,
    /// Five clusters started together.
    FiveAtOnce,
    /// Requests through the router against requests to a node port.
    Router,
    /// Writes to the management API while nothing happens.
    Quiet,
}

/// Domain of names that the router makes.
const ROUTER_DOMAIN: &str = "apps.example.com";
const LIMIT: Duration = Duration::from_secs(120);

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
        "--router",
        "NodePort",
        "--router-domain",
        ROUTER_DOMAIN,
        "--wait-until-available",
    ];
    world.hcp(&arguments)?.success()?;
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

fn is_ready(node: &Value) -> bool {
    node["status"]["conditions"]
        .as_array()
        .is_some_and(|all| all.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True"))
}
