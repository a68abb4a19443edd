//! Hosts: those that joined a hosted cluster, and those that try to.

use anyhow::{Result, anyhow, bail};
use clap::Args;
use futures::StreamExt as _;
use hoist_api::duration::GoDuration;
use hoist_api::host::HostUpdate;
use hoist_api::{Host, HostedCluster, annotations, names};
use jiff::Timestamp;
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::apply::FIELD_MANAGER;
use crate::args::cluster_reference::{ClusterReference, DEFAULT_NAMESPACE};
use crate::args::kubeconfig::KubeconfigFlags;
use crate::args::output::OutputFlags;
use crate::commands::{Context, cluster};
use crate::printer::Table;
use crate::session::Session;

/// `get hosts`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp get hosts
  hcp get hosts --name demo --output json")]
pub struct ListArguments {
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    /// Name of the hosted cluster; all of the namespace when left out
    #[arg(long, value_name = "CLUSTER")]
    name: Option<String>,
    /// Namespace of its HostedCluster
    #[arg(long, default_value = DEFAULT_NAMESPACE)]
    namespace: String,
    #[command(flatten)]
    output: OutputFlags,
}

/// `remove host`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  hcp remove host worker-1 --name demo

The host is drained, its Node removed, and the host restored to what it was; it can join again,
anywhere.")]
pub struct RemoveArguments {
    /// Name of the host, which is its Node's name
    host: String,
    #[command(flatten)]
    kubeconfig: KubeconfigFlags,
    #[command(flatten)]
    cluster: ClusterReference,
    /// Longest wait for the host to be gone; 0s does not wait
    #[arg(long, value_name = "DURATION", default_value = "2m")]
    timeout: GoDuration,
}

/// Runs `get hosts`.
pub async fn list(arguments: ListArguments, context: &Context) -> Result<()> {
    let session = Session::open(&arguments.kubeconfig).await?;
    let clusters = if let Some(name) = &arguments.name {
        vec![cluster::read(&session, &arguments.namespace, name).await?]
    } else {
        let api: Api<HostedCluster> = Api::namespaced(session.client(), &arguments.namespace);
        let action = format!("list HostedClusters in {}", arguments.namespace);
        session.call(&action, api.list(&ListParams::default())).await?.items
    };
    let mut rows: Vec<Value> = Vec::new();
    for cluster in &clusters {
        let name = cluster.name_any();
        let hosts = of_cluster(&session, &arguments.namespace, &name).await?;
        rows.extend(hosts.iter().map(|host| row(&name, host)));
    }
    context.printer.document(arguments.output.output, &rows, || {
        let mut table = Table::new(&["NAME", "CLUSTER", "NODEPOOL", "STAGE", "VERSION", "ADDRESS", "AGE", "MESSAGE"]);
        for row in &rows {
            let keys = ["name", "cluster", "nodePool", "stage", "version", "address", "age", "message"];
            table.row(keys.map(|key| row[key].as_str().unwrap_or_default().to_owned()));
        }
        if table.is_empty() {
            "No hosts. `hcp create join-command --name CLUSTER` prints the line that joins one.".to_owned()
        } else {
            table.text(0)
        }
    })
}

/// The hosts of a cluster, by name.
pub async fn of_cluster(session: &Session, namespace: &str, name: &str) -> Result<Vec<Host>> {
    let control_plane = names::control_plane_namespace(namespace, name);
    let api: Api<Host> = Api::namespaced(session.client(), &control_plane);
    let action = format!("list Hosts in {control_plane}");
    Ok(session.call(&action, api.list(&ListParams::default())).await?.items)
}

fn row(cluster: &str, host: &Host) -> Value {
    let status = host.status.clone().unwrap_or_default();
    let update = status.update.as_ref().map(HostUpdate::in_words);
    json!({
        "name": host.name_any(),
        "cluster": cluster,
        "nodePool": host.spec.node_pool,
        "stage": status.stage.map(|stage| stage.to_string()).unwrap_or_default(),
        "version": status.kubelet_version.unwrap_or_default(),
        "address": address(host),
        "age": host.creation_timestamp().map(|time| age(time.0, Timestamp::now())).unwrap_or_default(),
        "message": update.or(status.message).unwrap_or_default(),
        "os": host.spec.facts.os_image,
    })
}

/// The address that the host reported first, else the one it was seen with.
pub fn address(host: &Host) -> String {
    host.spec.addresses.first().unwrap_or(&host.spec.seen_address).clone()
}

/// An age as kubectl prints it.
pub fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(from.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Runs `remove host`.
pub async fn remove(arguments: RemoveArguments, context: &Context) -> Result<()> {
    let control_plane = arguments.cluster.control_plane_namespace()?;
    let session = Session::open(&arguments.kubeconfig).await?;
    cluster::read(&session, &arguments.cluster.namespace, &arguments.cluster.name).await?;
    let api: Api<Host> = Api::namespaced(session.client(), &control_plane);
    let name = &arguments.host;
    let object = format!("Host {control_plane}/{name}");
    if session.call(&format!("read {object}"), api.get_opt(name)).await?.is_none() {
        let hosts = of_cluster(&session, &arguments.cluster.namespace, &arguments.cluster.name).await?;
        let there: Vec<String> = hosts.iter().map(ResourceExt::name_any).collect();
        bail!(
            "cluster {} has no host {name:?}; it has: {}",
            arguments.cluster.name,
            if there.is_empty() { "none".to_owned() } else { there.join(", ") }
        );
    }
    let patch = Patch::Merge(
        json!({"metadata": {"annotations": {annotations::REMOVE_HOST: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()}}}),
    );
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    session.call(&format!("ask for the removal of {object}"), api.patch(name, &parameters, &patch)).await?;
    if arguments.timeout.0.is_zero() {
        context.printer.note(&format!("Host {name} is asked to leave."));
        return Ok(());
    }
    tokio::time::timeout(arguments.timeout.0, gone(&api, name, context)).await.unwrap_or_else(|_| {
        Err(anyhow!(
            "host {name} did not leave within {}; it is told as soon as it speaks with the server again, or run `hoist-node leave` on it",
            arguments.timeout
        ))
    })
}

/// Waits until the Host object is gone.
async fn gone(api: &Api<Host>, name: &str, context: &Context) -> Result<()> {
    let mut waiting = context.printer.waiting(&format!("Removing host {name}"));
    let one = watcher::Config::default().fields(&format!("metadata.name={name}"));
    let mut events = watcher(api.clone(), one).default_backoff().boxed();
    let mut listed = false;
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Apply(host) | Event::InitApply(host)) => {
                listed = true;
                let status = host.status.unwrap_or_default();
                let stage = status.stage.map(|stage| stage.to_string()).unwrap_or_default();
                waiting.update(&status.message.unwrap_or(stage));
            }
            Ok(Event::Init) => listed = false,
            Ok(Event::InitDone) if listed => {}
            Ok(Event::InitDone | Event::Delete(_)) => {
                drop(waiting);
                context.printer.note(&format!("Host {name} is removed."));
                return Ok(());
            }
            Err(error) => waiting.update(&format!("the management cluster ({error})")),
        }
    }
    bail!("the management cluster closed the watch on host {name}; run the command again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let now: Timestamp = "2026-01-03T00:00:00Z".parse().unwrap();
        let age_of = |from: &str| age(from.parse().unwrap(), now);
        assert_eq!(age_of("2026-01-02T23:59:01Z"), "59s");
        assert_eq!(age_of("2026-01-02T23:00:00Z"), "60m");
        assert_eq!(age_of("2026-01-02T00:00:00Z"), "24h");
        assert_eq!(age_of("2025-12-01T00:00:00Z"), "33d");
        assert_eq!(age_of("2026-01-03T00:00:09Z"), "0s");
    }
}
