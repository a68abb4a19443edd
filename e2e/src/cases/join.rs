//! Plain hosts that become nodes.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use hoist_e2e::eventually::eventually;
use hoist_e2e::world::World;

/// Prints a join line for `uses` hosts.
pub fn join_line(world: &World, uses: &str) -> anyhow::Result<String> {
    Ok(world.hcp(&["create", "join-command", "--name", CLUSTER, "--uses", uses])?.success()?.trim().to_owned())
}

pub fn bad_tokens(world: &mut World) -> anyhow::Result<()> {
    world.local(&["host", "add", "stranger"])?.success()?;
    let line = join_line(world, "1")?;
    let token = word_after(&line, "--token")?;
    let (id, secret) = token.split_once('.').context("a token is <id>.<secret>")?;

    let guessed = line.replace(secret, &"0".repeat(secret.len()));
    let wrong = world.in_host("stranger", &guessed)?.refusal()?;
    let unknown = world.in_host("stranger", &line.replace(id, "no-such-token"))?.refusal()?;
    world.hcp(&["revoke", "join-token", id, "--name", CLUSTER])?.success()?;
    let revoked = world.in_host("stranger", &line)?.refusal()?;
    for said in [&wrong, &unknown, &revoked] {
        ensure!(said.contains("join token is not valid"), "the refusal does not name its cause: {said}");
    }

    let line = join_line(world, "1")?;
    let pin = word_after(&line, "--ca-pin")?;
    let other = format!("sha256:{}", "0".repeat(64));
    let refused = world.in_host("stranger", &line.replace(&pin, &other))?.refusal()?;
    ensure!(refused.contains("pin"), "a wrong pin is refused for another reason: {refused}");

    let hosts = world.kubectl(&["--namespace", NAMESPACE, "get", "hosts", "--output", "name"])?.success()?;
    ensure!(hosts.trim().is_empty(), "a refused host left {hosts}");
    world.local(&["host", "remove", "stranger"])?.success()?;
    Ok(())
}

/// The word behind `flag` in a join line.
pub fn word_after(line: &str, flag: &str) -> anyhow::Result<String> {
    let mut words = line.split_whitespace();
    words.find(|word| *word == flag).with_context(|| format!("the join line has no {flag}: {line}"))?;
    Ok(words.next().context("the flag has no value")?.trim_matches(['\'', '"', ';', ')', '}']).to_owned())
}

/// Makes a plain host and joins it with a line of its own.
pub fn one_host(world: &World, host: &str) -> anyhow::Result<()> {
    world.local(&["host", "add", host])?.success()?;
    world.in_host(host, &join_line(world, "1")?)?.success()?;
    Ok(())
}

pub fn two_hosts(world: &mut World) -> anyhow::Result<()> {
    let line = join_line(world, "2")?;
    for host in ["worker-1", "worker-2"] {
        world.local(&["host", "add", host])?.success()?;
        world.in_host(host, &line)?.success()?;
    }
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    eventually("both nodes are Ready", Duration::from_secs(60), || {
        let ready = ready_nodes(world, &kubeconfig)?;
        ensure!(ready == ["worker-1", "worker-2"], "ready nodes: {ready:?}");
        Ok(())
    })?;
    eventually("the NodePool counts them", Duration::from_secs(30), || {
        let pool = world.object("clusters", "nodepool", CLUSTER)?;
        ensure!(pool["status"]["replicas"] == 2, "NodePool: {}", pool["status"]);
        Ok(())
    })
}

/// Names of the Nodes that are Ready, sorted.
pub fn ready_nodes(world: &World, kubeconfig: &str) -> anyhow::Result<Vec<String>> {
    let text = world.kubectl_in(kubeconfig, &["get", "nodes", "--output", "json"])?.success()?;
    let nodes: Value = serde_json::from_str(&text)?;
    let mut ready: Vec<String> = nodes["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|node| {
            node["status"]["conditions"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        })
        .filter_map(|node| node["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    ready.sort();
    Ok(ready)
}

/// Two web servers, one a host, behind a Service.
const WEB: &str = include_str!("../../../demo/web.yaml");

pub fn web_pods(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let image = world.hcp(&["release", "info", &release_image(world)?, "--component", "agnhost"])?.success()?;
    let manifest = std::env::temp_dir().join(format!("hoist-e2e-{}-web.yaml", std::process::id()));
    fs_err::write(&manifest, WEB.replace("IMAGE", image.trim()))?;
    world.kubectl_in(&kubeconfig, &["apply", "--filename", &manifest.to_string_lossy()])?.success()?;
    fs_err::remove_file(&manifest)?;
    world
        .kubectl_in(&kubeconfig, &["rollout", "status", "deployment/web", "--timeout=90s"])?
        .success()
        .context("the web pods are not ready")?;
    let spread = world
        .kubectl_in(
            &kubeconfig,
            &["get", "pods", "--selector=app=web", "--output", "jsonpath={.items[*].spec.nodeName}"],
        )?
        .success()?;
    let mut nodes: Vec<&str> = spread.split_whitespace().collect();
    nodes.sort_unstable();
    ensure!(nodes == ["worker-1", "worker-2"], "the pods run on {nodes:?}");

    // Each pod asks the Service until both have answered it, so that one answer at least crossed the overlay.
    let pods = world
        .kubectl_in(
            &kubeconfig,
            &["get", "pods", "--selector=app=web", "--output", "jsonpath={.items[*].metadata.name}"],
        )?
        .success()?;
    for pod in pods.split_whitespace() {
        let mut seen = std::collections::BTreeSet::new();
        eventually("both pods answer through the Service", Duration::from_secs(60), || {
            let answer = world.kubectl_in(
                &kubeconfig,
                &["exec", pod, "--", "/usr/bin/agnhost", "connect", "--timeout=2s", "web:80"],
            )?;
            answer.success()?;
            let name = world
                .kubectl_in(
                    &kubeconfig,
                    &["get", "--raw", "/api/v1/namespaces/default/services/web:80/proxy/hostname"],
                )?
                .success()?;
            seen.insert(name.trim().to_owned());
            ensure!(seen.len() == 2, "answers so far: {seen:?}");
            Ok(())
        })?;
    }
    Ok(())
}

/// The release image of the hosted cluster.
pub fn release_image(world: &World) -> anyhow::Result<String> {
    let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
    Ok(cluster["spec"]["release"]["image"].as_str().context("no release image")?.to_owned())
}

pub fn logs_and_exec(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let pods = world
        .kubectl_in(
            &kubeconfig,
            &["get", "pods", "--selector=app=web", "--output", "jsonpath={.items[*].metadata.name}"],
        )?
        .success()?;
    for pod in pods.split_whitespace() {
        let log = world.kubectl_in(&kubeconfig, &["logs", pod])?.success()?;
        ensure!(!log.trim().is_empty(), "the log of {pod} is empty");
        let said = world.kubectl_in(&kubeconfig, &["exec", pod, "--", "/usr/bin/agnhost", "--help"])?.success()?;
        ensure!(said.contains("netexec"), "exec said: {said}");
    }
    eventually("the data plane connection is reported", Duration::from_secs(60), || {
        let cluster = world.object("clusters", "hostedcluster", CLUSTER)?;
        hoist_e2e::world::expect_condition(&cluster, "DataPlaneConnectionAvailable", "True", None)?;
        Ok(())
    })
}

pub fn join_again(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let uid = |world: &World| {
        world.kubectl_in(&kubeconfig, &["get", "node", "worker-1", "--output", "jsonpath={.metadata.uid}"])?.success()
    };
    let before = uid(world)?;
    let line = join_line(world, "1")?;
    world.in_host("worker-1", &line)?.success()?;
    ensure!(before == uid(world)?, "the Node was made anew");
    ensure!(ready_nodes(world, &kubeconfig)?.contains(&"worker-1".to_owned()), "worker-1 is no longer Ready");
    Ok(())
}

pub fn leave(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    world.in_host("worker-2", "/opt/hoist/bin/hoist-node leave")?.success()?;
    // The host reports that it is restored; the operator removes the Node when it reads that.
    eventually("the Node is gone", Duration::from_secs(20), || {
        let nodes = world.kubectl_in(&kubeconfig, &["get", "nodes", "--output", "name"])?.success()?;
        ensure!(nodes.trim() == "node/worker-1", "nodes: {nodes}");
        Ok(())
    })?;
    let left = world
        .in_host("worker-2", "ls -d /opt/hoist /var/lib/hoist /etc/cni/net.d/10-hoist.conflist 2>/dev/null; pgrep -a kubelet; pgrep -a containerd; grep -v ' / ' /proc/mounts | grep hoist; grep hoist /etc/inittab; true")?
        .success()?;
    ensure!(left.trim().is_empty(), "left on the host: {left}");
    Ok(())
}

/// What of ours lies and runs on a host; of a plain one always the same.
pub fn plain(world: &World, host: &str) -> anyhow::Result<String> {
    let ours = r"\( -path '*hoist*' -o -path '*kubelet*' -o -path '*containerd*' -o -path '*cni*' \)";
    let look = format!(
        "find /opt /etc /var/lib /var/log /run /tmp -xdev {ours} 2>/dev/null | sort; \
         for p in /proc/[0-9]*/comm; do cat $p; done 2>/dev/null | grep -vwE 'cat|grep|sh|sort' | sort -u; \
         ip -o addr show dev lo; nft list tables"
    );
    world.in_host(host, &look)?.success()
}
