//! The way back: NodePools, hosts, control plane, namespace, finalizer. Each pass does all that can be done and returns; the
//! watches on what is going bring the next.
//!
//! Hosts are told to leave first and waited for, but not for ever: one that is switched off cleans itself when it comes back,
//! because the pinned bootstrap server tells it that its cluster is gone.

mod grace_period;
mod kept_namespace;

use std::sync::Arc;
use std::time::Duration;

use hoist_api::conditions::{ConditionType, Reason};
use hoist_api::host::Stage;
use hoist_api::{FINALIZER, Host, HostedCluster, HostedControlPlane, NodePool, annotations, labels, names};
use hoist_controller::conditions::{Verdict, find, merge};
use hoist_controller::lease::elapsed_since;
use hoist_controller::{ApiError, ObjectId};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::error::Error;
use super::namespace_of;
use crate::context::Context;
use crate::{copies, rights};

/// How long hosts are waited for. The whole way back is to take 20 s.
const HOSTS: Duration = Duration::from_secs(10);
/// For what no watch sees.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// One step of the way back.
pub async fn tear_down(
    ctx: &Arc<Context>,
    api: &Api<HostedCluster>,
    hosted_cluster: &HostedCluster,
) -> Result<Action, Error> {
    if !hosted_cluster.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(Action::await_change());
    }
    let namespace = namespace_of(hosted_cluster);
    ctx.guests.stop(ctx, &namespace);
    let pools = delete_node_pools(ctx, hosted_cluster).await?;
    let hosts = tell_hosts(ctx, &namespace).await?;
    let namespaces: Api<Namespace> = Api::all(ctx.client.clone());
    let home = ctx.calls.get(&namespaces, &namespace).await?;
    let is_ours = home.as_ref().is_some_and(|home| super::build::is_own(home, &super::build::identity(hosted_cluster)));
    if let Some(home) = home.as_ref().filter(|home| is_ours && home.metadata.deletion_timestamp.is_none()) {
        ctx.rights.ensure(&ctx.client, &ctx.calls, &namespace, rights::Scope::ControlPlane).await?;
        let control_planes: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), &home.name_any());
        ctx.calls.delete(&control_planes, &hosted_cluster.name_any(), &DeleteParams::background()).await?;
        end_workloads(ctx, &namespace).await?;
        if !keeps_namespace(hosted_cluster) {
            ctx.calls.delete(&namespaces, &namespace, &DeleteParams::background()).await?;
        }
    }
    if !hosts.is_empty() {
        return wait_for_hosts(ctx, api, hosted_cluster, &namespace, hosts).await;
    }
    for pool in &pools {
        release(ctx, pool).await?;
    }
    if is_ours && keeps_namespace(hosted_cluster) {
        if !kept_namespace::empty(ctx, &namespace, &hosted_cluster.name_any()).await? {
            let message = format!("waiting for the control plane in namespace {namespace} to go; the namespace stays");
            say(ctx, api, hosted_cluster, Reason::WaitingForGracefulDestroy, message).await?;
            return Ok(Action::requeue(LOOK_AGAIN));
        }
    } else if is_ours {
        let message = format!("waiting for namespace {namespace} to go");
        say(ctx, api, hosted_cluster, Reason::WaitingForGracefulDestroy, message).await?;
        return Ok(Action::requeue(LOOK_AGAIN));
    }
    if let Some(left) = grace_period::left(ctx, api, hosted_cluster).await? {
        return Ok(Action::requeue(left));
    }
    finish(ctx, api, hosted_cluster, &namespace).await?;
    Ok(Action::await_change())
}

fn keeps_namespace(hosted_cluster: &HostedCluster) -> bool {
    hosted_cluster.annotations().get(annotations::SKIP_DELETE_NAMESPACE).is_some_and(|value| value == "true")
}

/// Deletes the cluster's NodePools; returns those that still exist.
async fn delete_node_pools(ctx: &Context, hosted_cluster: &HostedCluster) -> Result<Vec<NodePool>, ApiError> {
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &hosted_cluster.namespace().unwrap_or_default());
    let mut pools = ctx.calls.list(&api, &ListParams::default()).await?;
    pools.retain(|pool| pool.spec.cluster_name == hosted_cluster.name_any());
    for pool in pools.iter().filter(|pool| pool.metadata.deletion_timestamp.is_none()) {
        ctx.calls.delete(&api, &pool.name_any(), &DeleteParams::background()).await?;
    }
    Ok(pools)
}

/// Deleting a Host is the order to leave; returns those that have not left.
async fn tell_hosts(ctx: &Context, namespace: &str) -> Result<Vec<Host>, ApiError> {
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), namespace);
    let hosts = ctx.calls.list(&api, &ListParams::default()).await?;
    for host in hosts.iter().filter(|host| host.metadata.deletion_timestamp.is_none()) {
        ctx.calls.delete(&api, &host.name_any(), &DeleteParams::default()).await?;
    }
    Ok(hosts)
}

/// The control plane serves nobody any more: its pods get one second, its volumes go.
///
/// Kubernetes begins to empty a namespace five seconds after its deletion, and looks again only eight seconds later when
/// something in it still holds a finalizer. So what takes time is begun here, and is over by then.
async fn end_workloads(ctx: &Context, namespace: &str) -> Result<(), ApiError> {
    let ours = ListParams::default().labels(labels::CLUSTER);
    let client = &ctx.client;
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let stateful_sets: Api<StatefulSet> = Api::namespaced(client.clone(), namespace);
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let background = DeleteParams::background();
    for deployment in ctx.calls.list(&deployments, &ours).await? {
        ctx.calls.delete(&deployments, &deployment.name_any(), &background).await?;
    }
    for stateful_set in ctx.calls.list(&stateful_sets, &ours).await? {
        ctx.calls.delete(&stateful_sets, &stateful_set.name_any(), &background).await?;
    }
    let shortly = DeleteParams::default().grace_period(1);
    for pod in ctx.calls.list(&pods, &ours).await? {
        ctx.calls.delete(&pods, &pod.name_any(), &shortly).await?;
    }
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client.clone(), namespace);
    for claim in ctx.calls.list(&claims, &ours).await? {
        ctx.calls.delete(&claims, &claim.name_any(), &background).await?;
    }
    Ok(())
}

async fn wait_for_hosts(
    ctx: &Context,
    api: &Api<HostedCluster>,
    hosted_cluster: &HostedCluster,
    namespace: &str,
    hosts: Vec<Host>,
) -> Result<Action, Error> {
    let begun = hosted_cluster.metadata.deletion_timestamp.as_ref().map_or(ctx.clock.now(), |time| time.0);
    let waited = elapsed_since(begun, ctx.clock.now());
    let silent: Vec<&Host> =
        hosts.iter().filter(|host| host.status.as_ref().and_then(|status| status.stage) != Some(Stage::Left)).collect();
    let listed = silent.iter().map(|host| host.name_any()).collect::<Vec<_>>().join(", ");
    if waited < HOSTS && !silent.is_empty() {
        let message = format!("waiting for hosts to leave: {listed}");
        say(ctx, api, hosted_cluster, Reason::WaitingForGracefulDestroy, message).await?;
        return Ok(Action::requeue(HOSTS.saturating_sub(waited).min(LOOK_AGAIN)));
    }
    if !silent.is_empty() {
        let message = format!(
            "hosts did not leave within {} s: {listed}; each cleans itself as soon as it reaches the bootstrap server, or run `hoist-node leave --force` on it",
            HOSTS.as_secs()
        );
        tracing::warn!(namespace, hosts = listed, "hosts did not leave in time");
        ctx.events.warning(&hosted_cluster.object_ref(&()), Reason::HostsSilent.as_ref(), message.clone()).await;
        say(ctx, api, hosted_cluster, Reason::HostsSilent, message).await?;
    }
    let host_api: Api<Host> = Api::namespaced(ctx.client.clone(), namespace);
    for host in &hosts {
        without_finalizer(ctx, &host_api, host).await?;
    }
    Ok(Action::requeue(Duration::from_millis(50)))
}

/// Lets a NodePool go: its hosts have left.
async fn release(ctx: &Context, pool: &NodePool) -> Result<(), ApiError> {
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &pool.namespace().unwrap_or_default());
    without_finalizer(ctx, &api, pool).await
}

/// Takes our finalizer off an object, as it is now: others may have taken theirs off since it was read.
pub async fn without_finalizer<K>(ctx: &Context, api: &Api<K>, object: &K) -> Result<(), ApiError>
where
    K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let Some(object) = ctx.calls.get(api, &object.name_any()).await? else { return Ok(()) };
    let left: Vec<&String> = object.finalizers().iter().filter(|finalizer| *finalizer != FINALIZER).collect();
    if left.len() == object.finalizers().len() {
        return Ok(());
    }
    let patch = json!({"metadata": {"finalizers": left, "resourceVersion": object.resource_version()}});
    match ctx.calls.merge(api, &object.name_any(), &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn say(
    ctx: &Context,
    api: &Api<HostedCluster>,
    hosted_cluster: &HostedCluster,
    reason: Reason,
    message: String,
) -> Result<(), ApiError> {
    let before = hosted_cluster.status.clone().unwrap_or_default();
    let destroyed = ConditionType::HostedClusterDestroyed;
    // Once hosts were found silent, later steps must not hide that.
    let stays = find(&before.conditions, destroyed)
        .is_some_and(|condition| condition.reason == Reason::HostsSilent.as_ref() && reason != Reason::HostsSilent);
    if stays {
        return Ok(());
    }
    let mut verdicts: Vec<Verdict> = before
        .conditions
        .iter()
        .filter(|condition| condition.type_ != destroyed.as_ref())
        .map(Verdict::copied)
        .collect();
    verdicts.push(Verdict::new(destroyed, false, reason, message));
    let mut status = before.clone();
    status.conditions = merge(&before.conditions, &verdicts, hosted_cluster.metadata.generation, ctx.clock.now());
    ctx.calls.publish_status(api, hosted_cluster, hosted_cluster.status.as_ref(), &status).await?;
    Ok(())
}

/// Nothing of the cluster is left but what lies beside the HostedCluster.
async fn finish(
    ctx: &Context,
    api: &Api<HostedCluster>,
    hosted_cluster: &HostedCluster,
    namespace: &str,
) -> Result<(), Error> {
    let home = hosted_cluster.namespace().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), &home);
    let cluster = hosted_cluster.name_any();
    for kubeconfig in [names::admin_kubeconfig(&cluster), names::custom_admin_kubeconfig(&cluster)] {
        ctx.calls.delete(&secrets, &kubeconfig, &DeleteParams::default()).await?;
    }
    if keeps_namespace(hosted_cluster) {
        let bindings: Api<RoleBinding> = Api::namespaced(ctx.client.clone(), namespace);
        ctx.calls.delete(&bindings, rights::BINDING, &DeleteParams::default()).await?;
    }
    ctx.rights.forget(namespace);
    ctx.sets.forget(namespace);
    // A pass over the control plane that was under way may have connected once more.
    ctx.guests.stop(ctx, namespace);
    without_finalizer(ctx, api, hosted_cluster).await?;
    // Of several that go at once each sees the others until it is gone itself: the last one looks at none.
    let others = ctx.calls.list(api, &ListParams::default()).await?;
    if others.iter().all(|other| other.name_any() == hosted_cluster.name_any()) {
        let bindings: Api<RoleBinding> = Api::namespaced(ctx.client.clone(), &home);
        ctx.rights.forget(&home);
        ctx.calls.delete(&bindings, rights::BINDING, &DeleteParams::default()).await?;
    }
    tracing::info!(object = %ObjectId::of(hosted_cluster), set = copies::SET, "nothing of the cluster is left");
    Ok(())
}
