//! What Hoist writes to the management API while nobody wants anything: nothing, also after a restart of the operator.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, bail};
use hoist_e2e::world::World;
use serde_json::Value;

use super::destroy;
use crate::complain;
use crate::figures::Figures;

const REAL: u32 = 10;
const PAUSED: u32 = 40;
/// Whose writes count.
const HOIST: &str = "system:serviceaccount:hypershift:";
/// Clusters are at rest when nothing was written for so long,
const AT_REST: Duration = Duration::from_secs(60);
/// and that must come within this time.
const LIMIT: Duration = Duration::from_secs(600);

/// Restarts the operator beside clusters at rest, waits `idle`, and counts from the audit log.
pub async fn measure(world: &World, figures: &mut Figures, idle: Duration) -> anyhow::Result<()> {
    let names: Vec<String> = (0..REAL).map(|number| format!("quiet-{number}")).collect();
    let paused: Vec<String> = (0..PAUSED).map(|number| format!("paused-{number}")).collect();
    for name in &names {
        create(world, name, &[])?;
        wait_until_complete(world, name)?;
    }
    for name in &paused {
        create(world, name, &["--pausedUntil", "true"])?;
    }
    wait_until_at_rest(world).await?;

    let before = newest(world)?;
    let operator = ["--namespace", "hypershift", "delete", "pod", "--selector", "app.kubernetes.io/name=operator"];
    world.kubectl(&operator)?.success()?;
    world.kubectl(&["--namespace", "hypershift", "rollout", "status", "deployment/operator"])?.success()?;
    tokio::time::sleep(idle).await;
    let writes = writes_since(world, &before)?;
    complain(format_args!("{}", by_object(&writes)));
    let name = format!("writes: restart of the operator and {} s, {REAL} + {PAUSED} paused clusters", idle.as_secs());
    figures.add(name, "writes", vec![f64::from(u32::try_from(writes.len())?)], Some(0.0));

    for name in names.iter().chain(&paused) {
        let resume = r#"{"spec":{"pausedUntil":null}}"#;
        world
            .kubectl(&["--namespace", "clusters", "patch", "hostedcluster", name, "--type=merge", "--patch", resume])?
            .success()?;
        destroy(world, name)?;
    }
    Ok(())
}

fn create(world: &World, name: &str, more: &[&str]) -> anyhow::Result<()> {
    let policy = "--control-plane-availability-policy";
    let arguments = ["create", "cluster", "none", "--name", name, policy, "SingleReplica", "--pull-secret"];
    world.hcp(&[&arguments[..], &[world.fact("pullSecret")?], more].concat())?.success()?;
    Ok(())
}

fn wait_until_complete(world: &World, name: &str) -> anyhow::Result<()> {
    let complete = "--for=jsonpath={.status.controlPlaneVersion.history[0].state}=Completed";
    let cluster = format!("hostedcluster/{name}");
    world.kubectl(&["--namespace", "clusters", "wait", &cluster, complete, "--timeout=180s"])?.success()?;
    Ok(())
}

async fn wait_until_at_rest(world: &World) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    while started.elapsed() < LIMIT {
        let before = newest(world)?;
        tokio::time::sleep(AT_REST).await;
        let writes = writes_since(world, &before)?;
        if writes.is_empty() {
            return Ok(());
        }
        complain(format_args!("not at rest yet: {}", by_object(&writes)));
    }
    bail!("clusters that nobody changes are not at rest after {} s", LIMIT.as_secs())
}

/// Time of the newest line of the audit log, whoever wrote.
fn newest(world: &World) -> anyhow::Result<String> {
    let lines = audit_log(world)?;
    lines.iter().map(|line| time(line).to_owned()).max().context("the audit log of the management API is empty")
}

/// Hoist's own writes after `time`.
fn writes_since(world: &World, since: &str) -> anyhow::Result<Vec<Value>> {
    let mut lines = audit_log(world)?;
    lines.retain(|line| {
        time(line) > since && line["user"]["username"].as_str().is_some_and(|user| user.starts_with(HOIST))
    });
    Ok(lines)
}

/// RFC 3339 with six digits in UTC: sorts as text.
fn time(line: &Value) -> &str {
    line["requestReceivedTimestamp"].as_str().unwrap_or_default()
}

/// The audit log of the management API server, from its container's output as kubelet keeps it.
fn audit_log(world: &World) -> anyhow::Result<Vec<Value>> {
    let read = "for file in /var/log/pods/kube-system_kube-apiserver-*/kube-apiserver/*; do zcat -f \"$file\"; done";
    let text = world.in_host(&world.management_host()?, &format!("{read} | grep '\"kind\":\"Event\"'"))?.success()?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(&line[line.find('{')?..]).ok()).collect())
}

fn by_object(writes: &[Value]) -> String {
    let mut counts = BTreeMap::<String, u32>::new();
    for write in writes {
        let object = &write["objectRef"];
        let part = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let verb = write["verb"].as_str().unwrap_or_default();
        *counts.entry(format!("{verb} {}/{} {}", part("resource"), part("subresource"), part("name"))).or_default() +=
            1;
    }
    counts.iter().fold(format!("{} writes", writes.len()), |mut text, (write, count)| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {count} × {write}");
        text
    })
}
