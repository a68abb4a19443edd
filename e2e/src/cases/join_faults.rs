//! Joins that meet trouble: each says what it is, and the same line goes on once it is over.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::{join_line, plain, ready_nodes, release_image};
use hoist_e2e::command::Said;
use hoist_e2e::connect_proxy::ConnectProxy;
use hoist_e2e::eventually::eventually;
use hoist_e2e::host_network;
use hoist_e2e::power;
use hoist_e2e::world::World;

/// What is wrong must be told within this time.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// A host whose checks fail, one after the other; then it joins though nobody knows its distribution.
pub fn preflight(world: &mut World) -> anyhow::Result<()> {
    world.local(&["host", "add", "wary"])?.success()?;
    world.refresh()?;
    // One use is enough: a failed check costs the token no more than once.
    let line = join_line(world, "1")?;
    let injected = [
        ("swap=/dev/sda2", "swapoff -a"),
        ("clock-skew=7200", "7200 s ahead of the server's"),
        ("port-in-use=10250", "10250/tcp (for kubelet)"),
        ("disk-free=1000", "1024 MiB are needed"),
        ("memory=1000", "480 MiB are needed"),
        ("kernel=4.1", "Linux 4.1"),
    ];
    for (injection, named) in injected {
        let started = Instant::now();
        let refused = world.in_host("wary", &format!("HOIST_NODE_INJECT={injection} {line}"))?.refusal()?;
        ensure!(started.elapsed() < TOLD_WITHIN, "{injection}: it took {:?}", started.elapsed());
        for word in [named, "injected by HOIST_NODE_INJECT", "stopped at Preflight", "next step: "] {
            ensure!(refused.contains(word), "{injection}: the refusal does not say {word:?}: {refused}");
        }
    }
    let taken: SocketAddr = "0.0.0.0:10250".parse()?;
    let listener = host_network::listen(world.status()?, "wary", taken)?;
    let refused = world.in_host("wary", &line)?.refusal()?;
    drop(listener);
    ensure!(refused.contains("10250/tcp (for kubelet)"), "the refusal does not name the port: {refused}");
    ensure!(!refused.contains("injected"), "a real reading is called injected: {refused}");

    let host = world.object(NAMESPACE, "host", "wary")?;
    ensure!(host["status"]["stage"] == "Failed", "the Host says {}", host["status"]);
    let message = host["status"]["message"].as_str().unwrap_or_default();
    ensure!(message.contains("10250/tcp"), "the Host says {message}");
    ensure!(!plain(world, "wary")?.contains("kubelet"), "something was started");

    let said = world.in_host("wary", &format!("HOIST_NODE_INJECT=os-id=plan9 {line}"))?.success()?;
    for word in ["warning: distribution", "injected by HOIST_NODE_INJECT", "Joined: node wary"] {
        ensure!(said.contains(word), "the join does not say {word:?}: {said}");
    }
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    ensure!(ready_nodes(world, &kubeconfig)?.contains(&"wary".to_owned()), "wary is not Ready");

    // Its one use is used up, by somebody else's reckoning as well.
    world.local(&["host", "add", "twin"])?.success()?;
    let refused = world.in_host("twin", &line)?.refusal()?;
    ensure!(refused.contains("join token is not valid"), "a token that is used up: {refused}");
    Ok(())
}

/// Two machines that were installed from one image.
pub fn same_name(world: &mut World) -> anyhow::Result<()> {
    let before = plain(world, "twin")?;
    world.refresh()?;
    let other = host_network::address(world.status()?, "wary")?;
    let line = join_line(world, "1")?;
    let started = Instant::now();
    let refused = world.in_host("twin", &format!("hostname wary; {line}"))?.refusal()?;
    ensure!(started.elapsed() < TOLD_WITHIN, "it took {:?}", started.elapsed());
    for word in ["the node name wary belongs to another host", &other, "--node-name", "hcp remove host wary"] {
        ensure!(refused.contains(word), "the refusal does not say {word:?}: {refused}");
    }
    let left = plain(world, "twin")?;
    ensure!(left == before, "left on the host:\n{left}\nbefore:\n{before}");
    world.in_host("twin", "hostname twin")?.success()?;
    // The machine of that name dies here; it is removed in a later case, when the control plane knows of it.
    run_pod(world, "wary", "doomed", 5)?;
    power::cut_host(world.status()?, "wary")
}

/// Lets `megabytes` through to a host and nothing after them: the network is gone in the middle of what was under way.
fn lose_network_after(world: &World, host: &str, megabytes: u32) -> anyhow::Result<()> {
    let rules = format!(
        "nft 'add table inet lost; add chain inet lost in {{ type filter hook input priority 0; }}; \
         add rule inet lost in iif != lo quota over {megabytes} mbytes drop'"
    );
    world.in_host(host, &rules)?.success()?;
    Ok(())
}

/// Runs the join line, does `meanwhile` once it says that nothing arrives any more, and returns how the line ended.
fn join_and(world: &World, line: &str, meanwhile: &str) -> anyhow::Result<Said> {
    world.in_host("twin", "rm -f /root/join.log")?.success()?;
    std::thread::scope(|scope| {
        let joining = scope.spawn(|| {
            world.in_host("twin", &format!("({line}) >/root/join.log 2>&1; code=$?; cat /root/join.log; exit $code"))
        });
        let done = eventually("the join waits for the network", Duration::from_secs(60), || {
            ensure!(!joining.is_finished(), "it has ended");
            world.in_host("twin", "grep 'waiting: nothing came from' /root/join.log")?.success()
        })
        .and_then(|_| world.in_host("twin", meanwhile)?.success());
        let ended = joining.join().map_err(|_| anyhow::anyhow!("the joining thread panicked"))?;
        done.and(ended)
    })
}

pub fn interrupted(world: &mut World) -> anyhow::Result<()> {
    const FIND_NETWORK: &str = "nft delete table inet lost";
    let line = join_line(world, "1")?;

    // The process dies while it waits for a network that is gone.
    lose_network_after(world, "twin", 20)?;
    let killed = join_and(world, &line, "pkill -9 '^tmp[.]'")?;
    ensure!(killed.code != 0, "a join that was killed succeeded: {}", killed.stdout);
    world.in_host("twin", FIND_NETWORK)?.success()?;

    // The same line again; now the network comes back, and it goes on by itself.
    lose_network_after(world, "twin", 40)?;
    let said = join_and(world, &line, FIND_NETWORK)?.success()?;
    ensure!(said.contains("Joined: node twin"), "the join says: {said}");
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    ensure!(ready_nodes(world, &kubeconfig)?.contains(&"twin".to_owned()), "twin is not Ready");
    let status = world.in_host("twin", "/opt/hoist/bin/hoist-node status --output json")?.success()?;
    let status: Value = serde_json::from_str(&status)?;
    ensure!(status["stage"] == "Joined", "hoist-node status says {status}");
    let services: BTreeMap<&str, &str> = status["services"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|service| Some((service["name"].as_str()?, service["state"].as_str()?)))
        .collect();
    let all = ["agent", "api-proxy", "cni", "containerd", "kubelet"];
    ensure!(services == all.map(|name| (name, "running")).into(), "hoist-node status lists {services:?}");
    world.in_host("twin", "/opt/hoist/bin/hoist-node leave")?.success()?;
    world.local(&["host", "remove", "twin"])?.success()?;
    Ok(())
}

/// Runs a pod on a node and waits until it is Ready.
fn run_pod(world: &World, node: &str, name: &str, grace: u32) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let image = world.hcp(&["release", "info", &release_image(world)?, "--component", "agnhost"])?.success()?;
    let overrides = json!({"spec": {"nodeName": node, "terminationGracePeriodSeconds": grace}}).to_string();
    let run = [
        "run",
        name,
        "--image",
        image.trim(),
        "--overrides",
        &overrides,
        "--command",
        "--",
        "/usr/bin/agnhost",
        "pause",
    ];
    world.kubectl_in(&kubeconfig, &run)?.success()?;
    world
        .kubectl_in(&kubeconfig, &["wait", &format!("pod/{name}"), "--for=condition=Ready", "--timeout=60s"])?
        .success()
        .with_context(|| format!("pod {name} does not run"))?;
    Ok(())
}

const PROXY_PORT: u16 = 3128;

/// A host that reaches nothing of the management side but an HTTP proxy.
pub fn behind_a_proxy(world: &mut World) -> anyhow::Result<()> {
    world.local(&["host", "add", "walled"])?.success()?;
    world.refresh()?;
    let management = world.management_host()?;
    let address = host_network::address(world.status()?, &management)?;
    let proxy = ConnectProxy::start(world.status()?, &management, SocketAddr::new(address.parse()?, PROXY_PORT))?;
    let wall = format!(
        "nft 'add table inet wall; add chain inet wall out {{ type filter hook output priority 0; }}; \
         add rule inet wall out ip daddr {address} tcp dport != {PROXY_PORT} drop; \
         add rule inet wall out ip daddr {address} meta l4proto != tcp drop'"
    );
    world.in_host("walled", &wall)?.success()?;
    let said = world
        .in_host("walled", &format!("export HTTPS_PROXY=http://{address}:{PROXY_PORT}; {}", join_line(world, "1")?))?
        .success()?;
    ensure!(said.contains("Joined: node walled"), "the join says: {said}");

    let kubeconfig = kubeconfig(world, CLUSTER)?;
    run_pod(world, "walled", "walled", 1)?;
    let registry = world.fact("registry")?.split('/').next().unwrap_or_default().to_owned();
    let targets = proxy.targets();
    ensure!(targets.contains(&registry), "images did not come through the proxy, which connected to {targets:?}");
    ensure!(targets.len() >= 3, "bootstrap server, API and registry are three; the proxy connected to {targets:?}");
    world
        .kubectl_in(&kubeconfig, &["exec", "walled", "--", "/usr/bin/agnhost", "--help"])?
        .success()
        .context("exec into the pod behind the proxy")?;
    let agent = ["--selector", "k8s-app=konnectivity-agent", "--field-selector", "spec.nodeName=walled"];
    let mut wait = vec!["--namespace", "kube-system", "wait", "pod", "--for=condition=Ready", "--timeout=30s"];
    wait.extend(agent);
    world.kubectl_in(&kubeconfig, &wait)?.success().context("konnectivity does not go through the proxy")?;

    world.kubectl_in(&kubeconfig, &["delete", "pod", "walled", "--wait=false"])?.success()?;
    world.in_host("walled", "/opt/hoist/bin/hoist-node leave")?.success()?;
    drop(proxy);
    world.local(&["host", "remove", "walled"])?.success()?;
    Ok(())
}

/// A machine that burnt down: nobody answers for it, and its pods never end.
pub fn dead_machine(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let removed = removed(world, &kubeconfig);
    // Also when something failed: later cases count the nodes of this cluster.
    world.local(&["host", "remove", "wary"])?.success()?;
    removed
}

fn removed(world: &World, kubeconfig: &str) -> anyhow::Result<()> {
    eventually("the dead machine's node is not Ready", Duration::from_secs(60), || {
        ensure!(!ready_nodes(world, kubeconfig)?.contains(&"wary".to_owned()), "it is");
        Ok(())
    })?;
    // It can never end: only its kubelet could say that it has.
    let started = Instant::now();
    world.hcp(&["remove", "host", "wary", "--name", CLUSTER, "--timeout", "60s"])?.success()?;
    ensure!(started.elapsed() < Duration::from_secs(45), "it took {:?}", started.elapsed());
    let left = world.kubectl_in(kubeconfig, &["get", "nodes", "--output", "name"])?.success()?;
    ensure!(!left.contains("wary"), "nodes: {left}");
    let pods = world.kubectl_in(kubeconfig, &["get", "pods", "--output", "name"])?.success()?;
    ensure!(!pods.contains("doomed"), "the dead machine's pod is still there: {pods}");
    Ok(())
}
