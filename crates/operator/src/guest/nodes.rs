//! Following a hosted cluster's Nodes.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Node;
use kube::runtime::reflector::store::Writer;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};

use super::Shared;
use crate::context::Context;

/// Keeps the store, and has those looked at whom a change concerns: the Host, its NodePool, the control plane.
pub async fn follow(ctx: Arc<Context>, shared: Arc<Shared>, writer: Writer<Node>) {
    let api: Api<Node> = Api::all(shared.client.clone());
    let (of_context, of_shared) = (Arc::clone(&ctx), Arc::clone(&shared));
    let stream = watcher(api, watcher::Config::default()).default_backoff().modify(trim).reflect(writer);
    let stream = stream.inspect_ok(move |event| {
        // Where there is no Node, nobody would notice otherwise.
        if matches!(event, watcher::Event::InitDone) && !of_shared.knows_nodes.send_replace(true) {
            of_shared.learn(&of_context, |state| state.knows_nodes = true);
        }
    });
    let mut changes = crate::watches::changed(stream, facts).boxed();
    loop {
        match changes.try_next().await {
            Ok(Some(node)) => {
                let connection = &shared.connection;
                ctx.triggers.host(&connection.namespace, &node.name_any());
                if let Some(pool) = node.labels().get(hoist_api::labels::NODE_POOL) {
                    ctx.triggers.node_pool(&connection.hosted_cluster_namespace, pool);
                }
                ctx.triggers.control_plane(&connection.namespace, &connection.name);
                shared.nodes_changed.notify_one();
            }
            Ok(None) => return,
            Err(error) => {
                let namespace = &shared.connection.namespace;
                tracing::debug!(
                    namespace,
                    error = hoist_controller::error_chain(&error),
                    "nodes are not watched for now"
                );
            }
        }
    }
}

/// Heartbeats change a Node every few minutes; only these facts matter to anybody here.
fn facts(node: &Node) -> impl PartialEq + Send + use<> {
    let status = node.status.as_ref();
    let ready = status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .find(|condition| condition.type_ == "Ready")
        .map(|condition| (condition.status.clone(), condition.reason.clone(), condition.message.clone()));
    (
        ready,
        node.metadata.uid.clone(),
        node.metadata.labels.clone(),
        node.metadata.deletion_timestamp.is_some(),
        node.spec.as_ref().map(|spec| (spec.unschedulable, spec.taints.clone())),
        status.and_then(|status| status.node_info.as_ref()).map(|info| info.kubelet_version.clone()),
    )
}

fn trim(node: &mut Node) {
    node.managed_fields_mut().clear();
    node.annotations_mut().retain(|key, _| key == hoist_api::annotations::OF_NODE_POOL);
    if let Some(status) = &mut node.status {
        status.images = None;
        status.volumes_attached = None;
        status.volumes_in_use = None;
        status.capacity = None;
        status.allocatable = None;
    }
}
