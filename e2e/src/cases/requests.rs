//! Certificate requests that must not be approved: they stay pending, and somebody is told.

use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::create::{CLUSTER, NAMESPACE, kubeconfig};
use super::join::{join_line, plain};
use hoist_e2e::eventually::eventually;
use hoist_e2e::signing_request::{CLIENT, SERVING, another_key, of_node};
use hoist_e2e::world::{World, expect_condition};

/// What is wrong must be told within this time.
const TOLD_WITHIN: Duration = Duration::from_secs(15);

/// Sends a request as `user` of `group`.
fn send(world: &World, kubeconfig: &str, request: &Value, user: &str, group: &str) -> anyhow::Result<()> {
    world.create_in(kubeconfig, request, &["--as", user, "--as-group", group])?.success()?;
    Ok(())
}

/// A request must be undecided, and the NodePool must say of it why; the message is the answer.
fn stays_pending(world: &World, kubeconfig: &str, name: &str) -> anyhow::Result<String> {
    let message = eventually(&format!("the NodePool tells of {name}"), TOLD_WITHIN, || {
        let pool = world.object("clusters", "nodepool", CLUSTER)?;
        let message = expect_condition(&pool, "CertificateRequestsPending", "True", None)?;
        let own = message.split("; ").find(|part| part.starts_with(&format!("{name}:")));
        Ok(own.with_context(|| format!("the condition says {message}"))?.to_owned())
    })?;
    let conditions = world
        .kubectl_in(
            kubeconfig,
            &["get", "certificatesigningrequest", name, "--output", "jsonpath={.status.conditions}"],
        )?
        .success()?;
    ensure!(conditions.trim().is_empty(), "{name} is decided: {conditions}");
    Ok(message)
}

fn delete_requests(world: &World, kubeconfig: &str, names: &[&str]) -> anyhow::Result<()> {
    let mut arguments = vec!["delete", "certificatesigningrequests"];
    arguments.extend_from_slice(names);
    world.kubectl_in(kubeconfig, &arguments)?.success()?;
    Ok(())
}

pub fn foreign(world: &mut World) -> anyhow::Result<()> {
    const HOST: (&str, &str) = ("hoist:host:worker-1", "system:bootstrappers:hoist");
    const NODE: (&str, &str) = ("system:node:worker-1", "system:nodes");
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let management = hoist_e2e::host_network::address(world.status()?, &world.management_host()?)?;
    let cases = [
        ("e2e-other-node", HOST, of_node("e2e-other-node", CLIENT, "worker-2", &[])?, "worker-2"),
        ("e2e-somebody", ("somebody", "system:masters"), of_node("e2e-somebody", CLIENT, "worker-1", &[])?, "somebody"),
        (
            "e2e-extra-address",
            NODE,
            of_node("e2e-extra-address", SERVING, "worker-1", &["worker-1", &management])?,
            management.as_str(),
        ),
        (
            "e2e-extra-name",
            NODE,
            of_node("e2e-extra-name", SERVING, "worker-1", &["worker-1", "kubernetes.default.svc"])?,
            "kubernetes.default.svc",
        ),
        (
            "e2e-unknown-host",
            ("hoist:host:ghost", "system:bootstrappers:hoist"),
            of_node("e2e-unknown-host", CLIENT, "ghost", &[])?,
            "no Host ghost",
        ),
    ];
    for (_, (user, group), request, _) in &cases {
        send(world, &kubeconfig, request, user, group)?;
    }
    for (name, _, _, cause) in &cases {
        let message = stays_pending(world, &kubeconfig, name)?;
        ensure!(message.contains(cause), "{name}: the report does not name {cause}: {message}");
    }
    eventually("the Host tells of what was asked in its name", TOLD_WITHIN, || {
        let host = world.object(NAMESPACE, "host", "worker-1")?;
        let message = expect_condition(&host, "CertificateRequestsApproved", "False", Some("Pending"))?;
        ensure!(message.contains("e2e-extra-address"), "it says {message}");
        Ok(())
    })?;
    let events = world
        .kubectl(&["--namespace", NAMESPACE, "get", "events", "--field-selector", "reason=CertificateRequestPending"])?
        .success()?;
    ensure!(events.contains("e2e-somebody"), "no event tells of the stranger's request:\n{events}");
    let names: Vec<&str> = cases.iter().map(|case| case.0).collect();
    delete_requests(world, &kubeconfig, &names)?;
    eventually("what is no longer there is no longer told of", Duration::from_secs(30), || {
        let host = world.object(NAMESPACE, "host", "worker-1")?;
        ensure!(expect_condition(&host, "CertificateRequestsApproved", "False", None).is_err(), "it is");
        Ok(())
    })
}

pub fn replayed_credential(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let host = world.object(NAMESPACE, "host", "worker-1")?;
    let certificate = host["status"]["bootstrap"]["certificate"].as_str().context("the Host shows no credential")?;
    let folder = std::env::temp_dir().join(format!("hoist-e2e-{}-replay", std::process::id()));
    fs_err::create_dir_all(&folder)?;
    let (certificate_file, key_file) = (folder.join("tls.crt"), folder.join("tls.key"));
    fs_err::write(&certificate_file, certificate)?;
    fs_err::write(&key_file, another_key()?)?;
    let said = world.kubectl_in(
        &kubeconfig,
        &[
            "--client-certificate",
            &certificate_file.to_string_lossy(),
            "--client-key",
            &key_file.to_string_lossy(),
            "auth",
            "whoami",
        ],
    )?;
    fs_err::remove_dir_all(&folder)?;
    let refused = said.refusal()?;
    ensure!(refused.contains("private key does not match"), "refused for another reason: {refused}");
    Ok(())
}

/// A Node that an administrator made, or that was left by somebody: no host may take it over by its name.
pub fn taken_node_name(world: &mut World) -> anyhow::Result<()> {
    let kubeconfig = kubeconfig(world, CLUSTER)?;
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "taken", "labels": {"whose": "mine"}}});
    world.create_in(&kubeconfig, &node, &[])?.success()?;
    world.local(&["host", "add", "taken"])?.success()?;
    let started = std::time::Instant::now();
    let refused = world.in_host("taken", &join_line(world, "1")?)?.refusal()?;
    ensure!(started.elapsed() < TOLD_WITHIN, "it took {:?}", started.elapsed());
    for word in ["Node taken exists", "--node-name"] {
        ensure!(refused.contains(word), "the refusal does not say {word:?}: {refused}");
    }
    let host = world.object(NAMESPACE, "host", "taken")?;
    expect_condition(&host, "CredentialIssued", "False", Some("NodeNameTaken"))?;
    ensure!(host["status"]["stage"] == "Failed", "the Host says {}", host["status"]);

    // With a credential of that name all the same, the request still stays pending.
    let request = of_node("e2e-taken", CLIENT, "taken", &[])?;
    send(world, &kubeconfig, &request, "hoist:host:taken", "system:bootstrappers:hoist")?;
    let message = stays_pending(world, &kubeconfig, "e2e-taken")?;
    ensure!(message.contains("does not belong to Host taken"), "the report says {message}");
    delete_requests(world, &kubeconfig, &["e2e-taken"])?;

    // The host goes, and at once, because nothing runs on it; the Node of somebody else stays as it is.
    world.hcp(&["remove", "host", "taken", "--name", CLUSTER, "--timeout", "15s"])?.success()?;
    let left = world.kubectl_in(&kubeconfig, &["get", "node", "taken", "--output", "json"])?.success()?;
    let left: Value = serde_json::from_str(&left)?;
    ensure!(left["spec"]["unschedulable"].is_null(), "the Node of somebody else was cordoned");
    let labels = left["metadata"]["labels"].as_object().context("no labels")?;
    ensure!(
        !labels.keys().any(|label| label.contains("nodePool")),
        "the Node of somebody else was labelled: {labels:?}"
    );
    world.kubectl_in(&kubeconfig, &["delete", "node", "taken"])?.success()?;
    ensure!(!plain(world, "taken")?.contains("kubelet"), "kubelet was started");
    world.local(&["host", "remove", "taken"])?.success()?;
    Ok(())
}
