//! The management API as this machine reaches it: through the daemon's loopback proxy.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client, Config,
    api::{ListParams, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    runtime::wait::await_condition,
};
use serde_json::json;
use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use super::Error;
use crate::{host::Host, instance::Instance};

/// Time for etcd and the API server to start on a busy machine.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// Pause between two questions to a server that is not up; the answer itself costs nothing.
const READY_PAUSE: Duration = Duration::from_millis(100);
/// Time for nodes to become ready.
const NODE_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest answer of the API to one request; watches are not requests of this kind.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// A client with the instance's administrator rights.
pub fn client(instance: &Instance) -> Result<Client, Error> {
    connect(config(instance)?)
}

/// The same for the daemon, which stands inside the switch and needs no proxy.
pub(crate) fn client_inside(instance: &Instance) -> Result<Client, Error> {
    let mut config = config(instance)?;
    config.proxy_url = None;
    connect(config)
}

fn connect(config: Config) -> Result<Client, Error> {
    Client::try_from(config).map_err(|source| Error::Api {
        action: "take",
        object: "a connection".to_owned(),
        source: Box::new(source),
    })
}

fn config(instance: &Instance) -> Result<Config, Error> {
    let failed = |source| Error::Client(Box::new(source));
    let text = fs_err::read_to_string(instance.kubeconfig())
        .map_err(|source| Error::Io { action: "read the management cluster's kubeconfig", source })?;
    let kubeconfig = Kubeconfig::from_yaml(&text).map_err(failed)?;
    let options = KubeConfigOptions::default();
    // Nothing is waited for: without an exec plugin the loader does no I/O.
    let mut config =
        futures::executor::block_on(Config::from_custom_kubeconfig(kubeconfig, &options)).map_err(failed)?;
    config.connect_timeout = Some(REQUEST_TIMEOUT);
    Ok(config)
}

/// Waits until the API server answers that it is ready, its first roles included.
pub(super) async fn wait_until_ready(client: &Client, host: &Host) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        let last = match is_ready(client).await {
            Ok(()) => return Ok(()),
            Err(last) => last,
        };
        if start.elapsed() > READY_TIMEOUT {
            return Err(Error::Late {
                what: "the management API",
                seconds: READY_TIMEOUT.as_secs(),
                last,
                look: format!("hcp local host logs {} --unit kubelet", host.name()),
            });
        }
        tokio::time::sleep(READY_PAUSE).await;
    }
}

/// Whether the API server is ready; else why not.
pub async fn is_ready(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    // A server that is not up yet is no error, but the client would log each refusal as one.
    let answer = client.request_text(request).with_subscriber(NoSubscriber::default());
    match tokio::time::timeout(REQUEST_TIMEOUT, answer).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(crate::error_chain(&error)),
        Err(_) => Err(format!("no answer within {} s", REQUEST_TIMEOUT.as_secs())),
    }
}

/// Whether there is a Node of this name.
pub(super) async fn knows_node(client: &Client, name: &str) -> Result<bool, Error> {
    let node = Api::<Node>::all(client.clone()).get_metadata_opt(name).await;
    let node =
        node.map_err(|source| Error::Api { action: "read", object: format!("Node {name}"), source: Box::new(source) })?;
    Ok(node.is_some())
}

/// Waits until all nodes are ready, and marks them as the control plane's.
///
/// - `started`: names of those that were switched on after `begin`. Such a node says "ready" from
///   its former life until its kubelet speaks again.
pub(super) async fn wait_for_nodes(
    client: &Client,
    hosts: &[Host],
    started: &[String],
    begin: Timestamp,
) -> Result<bool, Error> {
    let api: Api<Node> = Api::all(client.clone());
    let mut changed = false;
    for host in hosts {
        let since = started.iter().any(|name| name == host.name()).then_some(begin);
        let ready = await_condition(api.clone(), host.name(), move |node: Option<&Node>| {
            node.is_some_and(|node| is_node_ready(node) && spoke_after(node, since))
        });
        let late = |last: String| Error::Late {
            what: "a management node",
            seconds: NODE_TIMEOUT.as_secs(),
            last: format!("{} {last}", host.name()),
            look: format!("hcp local host logs {} --unit kubelet", host.name()),
        };
        let node = tokio::time::timeout(NODE_TIMEOUT, ready)
            .await
            .map_err(|_| late("reports no condition Ready".to_owned()))?
            .map_err(|error| late(crate::error_chain(&error)))?;
        let role = "node-role.kubernetes.io/control-plane";
        let labels = node.and_then(|node| node.metadata.labels).unwrap_or_default();
        if !labels.contains_key(role) {
            let patch = json!({"metadata": {"labels": {role: ""}}});
            api.patch(host.name(), &PatchParams::default(), &Patch::Merge(patch)).await.map_err(|source| {
                Error::Api { action: "label", object: format!("Node {}", host.name()), source: Box::new(source) }
            })?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Whether a node reports itself ready.
pub fn is_node_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Whether the node's kubelet has reported after `since`, in whole seconds as the API keeps them.
fn spoke_after(node: &Node, since: Option<Timestamp>) -> bool {
    let Some(since) = since else { return true };
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    let heartbeats = conditions.iter().filter_map(|condition| condition.last_heartbeat_time.as_ref());
    heartbeats.map(|time| time.0).max().is_some_and(|last| last.as_second() >= since.as_second())
}

/// How many nodes are ready, and how many there are.
pub async fn ready_nodes(client: &Client) -> Result<(usize, usize), String> {
    let api: Api<Node> = Api::all(client.clone());
    let nodes = tokio::time::timeout(REQUEST_TIMEOUT, api.list(&ListParams::default()))
        .await
        .map_err(|_| "no answer".to_owned())?
        .map_err(|error| crate::error_chain(&error))?;
    Ok((nodes.items.iter().filter(|node| is_node_ready(node)).count(), nodes.items.len()))
}
