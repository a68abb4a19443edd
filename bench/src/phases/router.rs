//! What the router costs: requests through it beside requests to a node port, and its memory.

use std::net::IpAddr;
use std::time::Instant;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hoist_e2e::eventually::eventually;
use hoist_e2e::host_network;
use hoist_e2e::world::{World, expect_condition};

use super::{LIMIT, destroy};
use crate::api::{Api, Connections};
use crate::figures::{Figures, median};
use crate::memory;

const DIRECT: &str = "by-port";
const ROUTED: &str = "by-name";
const REQUESTS: usize = 200;
const PATH: &str = "/version";

/// Asks two clusters in turn, one at its node port and one through the router, from inside the management node's network.
pub fn measure(world: &World, figures: &mut Figures) -> anyhow::Result<()> {
    create(world, DIRECT, &[])?;
    create(world, ROUTED, &["--expose-through-load-balancer", "--external-dns-domain", super::ROUTER_DOMAIN])?;
    let (direct, routed) = (kubeconfig(world, DIRECT)?, kubeconfig(world, ROUTED)?);
    let management = world.management_host()?;
    let address: IpAddr = host_network::address(world.status()?, &management)?.parse()?;
    // The first bytes of a new connection wait six times for the router to wake, those of one that is kept twice.
    for (name, connections, bound) in
        [("a new connection", Connections::New, 2.5), ("a connection that is kept", Connections::Kept, 1.5)]
    {
        let (direct, routed) = (direct.clone(), routed.clone());
        let (by_port, by_name) = host_network::inside(world.status()?, &management, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let apis = [Api::at(&direct, address, connections)?, Api::at(&routed, address, connections)?];
            runtime.block_on(compare(&apis))
        })?;
        let ratio = median(&by_name) / median(&by_port);
        figures.add(format!("request on {name}, at a node port"), "ms", by_port, None);
        figures.add("  through the router", "ms", by_name, None);
        figures.add("  ratio of the medians", "", vec![ratio], Some(bound));
    }
    figures.add("both routers, PSS", "MiB", vec![memory::of_programs(world, &["hoist-router"])?.pss], Some(30.0));
    for name in [DIRECT, ROUTED] {
        destroy(world, name)?;
    }
    Ok(())
}

/// Milliseconds of each request, asked in turn so that both meet the same machine.
async fn compare([direct, routed]: &[Api; 2]) -> anyhow::Result<(Vec<f64>, Vec<f64>)> {
    let mut samples = (Vec::new(), Vec::new());
    for _ in 0..REQUESTS {
        for (api, taken) in [(direct, &mut samples.0), (routed, &mut samples.1)] {
            let started = Instant::now();
            api.get(PATH).await?;
            taken.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(samples)
}

fn create(world: &World, name: &str, more: &[&str]) -> anyhow::Result<()> {
    let arguments =
        ["create", "cluster", "none", "--name", name, "--control-plane-availability-policy", "SingleReplica"];
    let arguments = [&arguments[..], &["--pull-secret", world.fact("pullSecret")?], more].concat();
    world.hcp(&arguments)?.success()?;
    eventually("the cluster is available", LIMIT, || {
        let cluster = world.object("clusters", "hostedcluster", name)?;
        expect_condition(&cluster, "Available", "True", None).map(drop)
    })
}

fn kubeconfig(world: &World, name: &str) -> anyhow::Result<String> {
    let secret = world.object("clusters", "secret", &format!("{name}-admin-kubeconfig"))?;
    let text = secret["data"]["kubeconfig"].as_str().context("no kubeconfig")?;
    Ok(String::from_utf8(STANDARD.decode(text)?)?)
}
