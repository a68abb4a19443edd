//! Reconciles `NodePool`: says how many of the expected nodes are there, of what version, and what keeps the others away.
//!
//! On platform None nothing makes machines: the number of replicas is what is expected, and hosts are counted, never sent away.
//! What hosts read is part of the hosted cluster's content, see [`node_config`] and, for what users configure, [`configuration`];
//! hosts that run something else are brought to it one after the other, see [`rollout`].

pub mod configuration;
#[cfg(test)]
mod every;
pub mod node_config;
pub mod repair;
pub mod rollout;
pub mod status;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hoist_api::conditions::NodePoolConditionType;
use hoist_api::node_pool::NodePoolStatus;
use hoist_api::{FINALIZER, Host, HostedCluster, HostedControlPlane, NodePool, names};
use hoist_controller::ApiError;
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Resource, ResourceExt};
use serde_json::json;
use tracing::instrument;

use crate::context::Context;
use crate::hosted_cluster::tear_down::without_finalizer;
use crate::{kept_releases, paused, references, watches};

const RESYNC: Duration = Duration::from_secs(10 * 60);
/// How soon a release that could not be read is looked at again.
const UNREAD: Duration = Duration::from_secs(10);
const NAME: &str = "node-pool";

/// Why a pass stopped.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Error {
    /// When to try again.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Api(error) if error.is_conflict() || error.is_forbidden() => Duration::from_millis(200),
            Self::Api(_) => Duration::from_secs(3),
        }
    }
}

/// Runs the controller.
pub fn run(ctx: Arc<Context>) -> impl Stream<Item = ()> + Send {
    let client = ctx.client.clone();
    let (store, changes) = watches::own::<NodePool>(Api::all(client.clone()));
    let changes = watches::changed(changes, watches::wish);
    let control_planes = watches::events::<HostedControlPlane>(Api::all(client.clone()), watcher::Config::default());
    let control_planes = watches::changed(control_planes, |control_plane| {
        let status = control_plane.status.as_ref();
        (
            status.map(|status| (status.ready, status.control_plane_version.clone())),
            status.map(|status| status.conditions.iter().map(|condition| condition.status.clone()).collect::<Vec<_>>()),
        )
    });
    let pools = store.clone();
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.settings.concurrency))
        .watches_stream(control_planes, move |control_plane| {
            let owner = crate::hosted_control_plane::hosted_cluster_of(&control_plane);
            pools
                .state()
                .iter()
                .filter(|pool| {
                    owner.as_ref().is_some_and(|(namespace, name)| {
                        pool.namespace().as_ref() == Some(namespace) && pool.spec.cluster_name == *name
                    })
                })
                .map(|pool| ObjectRef::from_obj(&**pool))
                .collect::<Vec<_>>()
        })
        .reconcile_on(ctx.triggers.node_pools())
        .reconcile_on(references::changes_of_pools(Arc::clone(&ctx)))
        .run(reconcile, error_policy, ctx)
        .map(|_| ())
}

/// One pass.
#[instrument(skip_all, fields(object = %format_args!("{}/{}", node_pool.namespace().unwrap_or_default(), node_pool.name_any())))]
pub async fn reconcile(node_pool: Arc<NodePool>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = std::time::Instant::now();
    let outcome = Box::pin(pass(&node_pool, &ctx)).await;
    ctx.metrics.reconciled(NAME, started.elapsed(), outcome.as_ref().err().map(Into::into));
    outcome
}

async fn pass(node_pool: &NodePool, ctx: &Context) -> Result<Action, Error> {
    let namespace = node_pool.namespace().unwrap_or_default();
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(node_pool) = ctx.calls.get(&api, &node_pool.name_any()).await? else { return Ok(Action::await_change()) };
    let clusters: Api<HostedCluster> = Api::namespaced(ctx.client.clone(), &namespace);
    let cluster = ctx.calls.get(&clusters, &node_pool.spec.cluster_name).await?;
    let control_plane_namespace = names::control_plane_namespace(&namespace, &node_pool.spec.cluster_name);
    let hosts_api: Api<Host> = Api::namespaced(ctx.client.clone(), &control_plane_namespace);
    let hosts: Vec<Host> = ctx
        .calls
        .list(&hosts_api, &ListParams::default())
        .await?
        .into_iter()
        .filter(|host| host.spec.node_pool == node_pool.name_any())
        .collect();
    if node_pool.metadata.deletion_timestamp.is_some() {
        ctx.pool_references.forget(&namespace, &node_pool.name_any());
        return release(ctx, &api, &node_pool, cluster.as_ref(), &hosts_api, &hosts).await;
    }
    if !node_pool.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        let mut finalizers = node_pool.finalizers().to_vec();
        finalizers.push(FINALIZER.to_owned());
        let patch = json!({"metadata": {"finalizers": finalizers, "resourceVersion": node_pool.resource_version()}});
        ctx.calls.merge(&api, &node_pool.name_any(), &patch).await?;
    }
    let pause = paused::until(node_pool.spec.paused_until.as_deref(), ctx.clock.now());
    let guest = ctx.guests.get(&control_plane_namespace);
    let pull_secret = pull_secret(ctx, &control_plane_namespace, cluster.as_ref()).await?;
    let release = match &pull_secret {
        Some(pull_secret) => {
            let image = &node_pool.spec.release.image;
            Some(kept_releases::get(ctx, &control_plane_namespace, image, Some(pull_secret)).await)
        }
        None => None,
    };
    let configuration = read_configuration(ctx, &node_pool, cluster.is_some(), &control_plane_namespace).await?;
    let target = guest.as_ref().and_then(|guest| guest.target(&node_pool.name_any()));
    let nodes = guest.as_ref().filter(|guest| guest.knows_nodes()).map(|guest| guest.nodes());
    let outlook =
        nodes.as_ref().and_then(|nodes| repair::look(&node_pool, cluster.as_ref(), &hosts, nodes, ctx.clock.now()));
    let mut retry = None;
    if let (Some(nodes), false) = (&nodes, pause.is_paused()) {
        if let Some(target) = &target {
            let after_failure = rollout::roll_out(ctx, &node_pool, &hosts_api, &hosts, nodes, target).await?;
            let due = match &outlook {
                Some(outlook) => repair::begin(ctx, &node_pool, &hosts_api, &hosts, target, outlook).await?,
                None => None,
            };
            retry = [after_failure, due].into_iter().flatten().min();
        }
        for host in rollout::out_of_line(&node_pool, &hosts, nodes) {
            ctx.triggers.host(&control_plane_namespace, &host.name_any());
        }
    }
    let facts = status::Facts {
        cluster: cluster.as_ref(),
        release: release.as_ref().map(|release| release.as_deref()),
        target: target.as_ref(),
        hosts: &hosts,
        nodes,
        refused: guest.as_ref().map(|guest| guest.state().refused).unwrap_or_default(),
        pause: pause.clone(),
        configuration: configuration.as_ref(),
        outlook: outlook.as_ref(),
    };
    let wanted = status::compute(&node_pool, &facts, ctx.clock.now());
    if ctx.calls.publish_status(&api, &node_pool, node_pool.status.as_ref(), &wanted).await? {
        announce(ctx, &node_pool, &wanted).await;
    }
    let is_known = matches!(release, Some(Ok(_))) && (configuration.is_some() || cluster.is_none());
    let at_most = if is_known { retry.unwrap_or(RESYNC).min(RESYNC) } else { UNREAD };
    Ok(Action::requeue(pause.look_again(ctx.clock.now(), at_most)))
}

/// Events on the beginning, the end and the failure of a rollout.
async fn announce(ctx: &Context, node_pool: &NodePool, wanted: &NodePoolStatus) {
    let about = node_pool.object_ref(&());
    let before = node_pool.status.clone().unwrap_or_default();
    for type_ in [NodePoolConditionType::UpdatingVersion, NodePoolConditionType::UpdatingConfig] {
        let of = |status: &NodePoolStatus| {
            let found = status.conditions.iter().find(|condition| condition.type_ == type_.as_ref());
            let found = found.map(|found| (found.status == "True", found.reason.clone(), found.message.clone()));
            found.unwrap_or_default()
        };
        let ((was, reason_before, _), (is, reason, message)) = (of(&before), of(wanted));
        let (reason, message) = (reason.unwrap_or_default(), message.unwrap_or_default());
        if is && reason.ends_with("Failed") && reason_before.as_ref() != Some(&reason) {
            ctx.events.warning(&about, &reason, message).await;
        } else if is && !was {
            ctx.events.normal(&about, type_.as_ref(), message).await;
        } else if was && !is {
            let note =
                format!("all hosts run what the pool wants, Kubernetes {}", wanted.version.as_deref().unwrap_or(""));
            ctx.events.normal(&about, "Updated", note).await;
        }
    }
}

/// Judges the pool's ConfigMaps; a change since the last look is passed on to the control plane, whose pass gives them to hosts.
async fn read_configuration(
    ctx: &Context,
    node_pool: &NodePool,
    has_cluster: bool,
    control_plane_namespace: &str,
) -> Result<Option<configuration::Checked>, ApiError> {
    let (namespace, name) = (node_pool.namespace().unwrap_or_default(), node_pool.name_any());
    if !has_cluster {
        ctx.pool_references.forget(&namespace, &name);
        return Ok(None);
    }
    match configuration::observe(ctx, node_pool).await {
        Ok(observed) => {
            let named = configuration::named(node_pool);
            let is_news = ctx.pool_references.saw(&namespace, &name, &named, |named| observed.version(&named.original));
            if is_news {
                ctx.triggers.control_plane(control_plane_namespace, &node_pool.spec.cluster_name);
            }
            Ok(Some(observed.check(node_pool)))
        }
        // The right to read here comes with the cluster.
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

/// The copy in the control plane namespace: the operator may read Secrets there.
async fn pull_secret(
    ctx: &Context,
    namespace: &str,
    cluster: Option<&HostedCluster>,
) -> Result<Option<Vec<u8>>, ApiError> {
    if cluster.is_none() {
        return Ok(None);
    }
    let secrets: Api<k8s_openapi::api::core::v1::Secret> = Api::namespaced(ctx.client.clone(), namespace);
    match ctx.calls.get(&secrets, crate::copies::PULL_SECRET).await {
        Ok(secret) => Ok(secret.and_then(|secret| secret.data?.remove(".dockerconfigjson")).map(|value| value.0)),
        // The namespace and the rights in it come with the control plane.
        Err(error) if error.is_forbidden() || error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// A pool that goes takes its hosts with it.
async fn release(
    ctx: &Context,
    api: &Api<NodePool>,
    node_pool: &NodePool,
    cluster: Option<&HostedCluster>,
    hosts_api: &Api<Host>,
    hosts: &[Host],
) -> Result<Action, Error> {
    let is_going = cluster.is_none_or(|cluster| cluster.metadata.deletion_timestamp.is_some());
    if hosts.is_empty() && !is_going {
        without_finalizer(ctx, api, node_pool).await?;
        return Ok(Action::await_change());
    }
    if cluster.is_none() {
        without_finalizer(ctx, api, node_pool).await?;
        return Ok(Action::await_change());
    }
    for host in hosts.iter().filter(|host| host.metadata.deletion_timestamp.is_none()) {
        ctx.calls.delete(hosts_api, &host.name_any(), &DeleteParams::default()).await?;
    }
    Ok(Action::requeue(Duration::from_secs(2)))
}

/// When to try again after an error.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
pub fn error_policy(node_pool: Arc<NodePool>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(
        node_pool = node_pool.name_any(),
        error = hoist_controller::error_chain(error),
        "the node pool was not reconciled"
    );
    Action::requeue(error.retry_after())
}

#[cfg(test)]
mod tests;
