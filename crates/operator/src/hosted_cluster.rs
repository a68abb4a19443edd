//! Reconciles `HostedCluster`: observe → validate → apply → publish; on deletion the whole way back.
//!
//! It makes the namespace and the `HostedControlPlane`, and shows users what that one reports.

pub mod apply;
pub mod build;
pub mod defaults;
pub mod error;
pub mod neighbours;
pub mod observe;
pub mod published_name;
pub mod status;
pub mod tear_down;
pub mod validate;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hoist_api::conditions::{ConditionType as Type, Reason};
use hoist_api::hosted_cluster::status::HostedClusterStatus;
use hoist_api::{Host, HostedCluster, HostedControlPlane, NodePool};
use hoist_controller::conditions::find;
use hoist_controller::error_chain;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use tracing::instrument;

use crate::context::Context;
use crate::rights::Scope;
use crate::{paused, references, watches};
use error::Error;

/// Safety net: in the normal case the watches trigger the next pass.
const RESYNC: Duration = Duration::from_secs(10 * 60);
/// How soon rights that were just granted are tried again.
const RIGHTS_SEEN: Duration = Duration::from_millis(50);
/// How soon a published name that nobody knows is looked up again.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(30);
const NAME: &str = "hosted-cluster";

/// Runs the controller. `management` has an item whenever the management cluster changed in a way that validation judges.
pub fn run(ctx: Arc<Context>, management: impl Stream<Item = ()> + Send + 'static) -> impl Stream<Item = ()> + Send {
    let client = ctx.client.clone();
    let (store, changes) = watches::own::<HostedCluster>(Api::all(client.clone()));
    ctx.hosted_clusters.follow(&store);
    let changes = watches::changed(changes, watches::wish);
    let control_planes = watches::events::<HostedControlPlane>(Api::all(client.clone()), watcher::Config::default());
    let control_planes = control_planes.touched_objects();
    let hosts = watches::metadata::<Host>(Api::all(client.clone()), watcher::Config::default());
    let hosts = watches::changed(hosts, |host| host.metadata.deletion_timestamp.is_some());
    let pools = watches::metadata::<NodePool>(Api::all(client.clone()), watcher::Config::default());
    let pools = watches::changed(pools, |pool| pool.metadata.deletion_timestamp.is_some());
    let (of_hosts, of_pools, of_namespaces) = (store.clone(), store.clone(), store.clone());
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.settings.concurrency))
        .watches_stream(control_planes, |control_plane| watches::hosted_cluster_of(&control_plane))
        .watches_stream(watches::of_clusters::<Namespace>(&client), move |namespace: PartialObjectMeta<Namespace>| {
            ending(&of_namespaces, |cluster| namespace_of(cluster) == namespace.name_any())
        })
        .watches_stream(hosts, move |host| ending(&of_hosts, |cluster| Some(namespace_of(cluster)) == host.namespace()))
        .watches_stream(pools, move |pool| ending(&of_pools, |cluster| cluster.namespace() == pool.namespace()))
        .reconcile_on(references::changes(Arc::clone(&ctx)))
        .reconcile_all_on(management)
        .run(reconcile, error_policy, ctx)
        .map(|_| ())
}

/// HostedClusters on their way out that `concerns`: only those wait for Hosts, NodePools and namespaces to go.
fn ending(store: &Store<HostedCluster>, concerns: impl Fn(&HostedCluster) -> bool) -> Vec<ObjectRef<HostedCluster>> {
    store
        .state()
        .iter()
        .filter(|cluster| cluster.metadata.deletion_timestamp.is_some() && concerns(cluster))
        .map(|cluster| ObjectRef::from_obj(&**cluster))
        .collect()
}

/// The control plane namespace.
pub fn namespace_of(cluster: &HostedCluster) -> String {
    hoist_api::names::control_plane_namespace(&cluster.namespace().unwrap_or_default(), &cluster.name_any())
}

/// One pass.
#[instrument(skip_all, fields(object = %format_args!("{}/{}", hosted_cluster.namespace().unwrap_or_default(), hosted_cluster.name_any())))]
pub async fn reconcile(hosted_cluster: Arc<HostedCluster>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = std::time::Instant::now();
    let outcome = Box::pin(pass(&hosted_cluster, &ctx)).await;
    ctx.metrics.reconciled(NAME, started.elapsed(), outcome.as_ref().err().map(Into::into));
    if is_forbidden(outcome.as_ref().err()) {
        let namespaces = [namespace_of(&hosted_cluster), hosted_cluster.namespace().unwrap_or_default()];
        if namespaces.iter().any(|namespace| ctx.rights.are_fresh(namespace)) {
            return Ok(Action::requeue(RIGHTS_SEEN));
        }
        // Somebody took the RoleBinding away: make it again.
        for namespace in &namespaces {
            ctx.rights.forget(namespace);
        }
    }
    outcome
}

fn is_forbidden(error: Option<&Error>) -> bool {
    matches!(error, Some(Error::Api(error)) if error.is_forbidden())
}

async fn pass(hosted_cluster: &HostedCluster, ctx: &Arc<Context>) -> Result<Action, Error> {
    let namespace = hosted_cluster.namespace().unwrap_or_default();
    let api: Api<HostedCluster> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(hosted_cluster) = ctx.calls.get(&api, &hosted_cluster.name_any()).await? else {
        return Ok(Action::await_change());
    };
    if hosted_cluster.metadata.deletion_timestamp.is_some() {
        ctx.references.forget(&namespace, &hosted_cluster.name_any());
    }
    ctx.rights.ensure(&ctx.client, &ctx.calls, &namespace, Scope::HostedClusters).await?;
    if hosted_cluster.metadata.deletion_timestamp.is_some() {
        return tear_down::tear_down(ctx, &api, &hosted_cluster).await;
    }
    let hosted_cluster = match defaults::patch(&hosted_cluster) {
        Some(patch) => ctx.calls.merge(&api, &hosted_cluster.name_any(), &patch).await?,
        None => hosted_cluster,
    };
    let pause = paused::until(hosted_cluster.spec.paused_until.as_deref(), ctx.clock.now());
    let observed = observe::observe(ctx, &hosted_cluster).await?;
    let checked = validate::validate(&hosted_cluster, &observed);
    let outcome = match &checked {
        _ if pause.is_paused() => {
            apply::pass_on_pause(ctx, &hosted_cluster, observed.control_plane.as_ref()).await.map(|()| false)
        }
        Ok(checked) => apply::apply(ctx, &hosted_cluster, &checked.plan, &observed).await,
        Err(_) => Ok(false),
    };
    if is_forbidden(outcome.as_ref().err()) && ctx.rights.are_fresh(&namespace_of(&hosted_cluster)) {
        // Not worth a condition: the rights are on their way.
        return Ok(Action::requeue(RIGHTS_SEEN));
    }
    // After everything is applied: name servers may let wait.
    let domain = ctx.settings.router_domain.as_deref();
    let published_name = ctx.lookups.of(&hosted_cluster, domain, ctx.clock.now()).await;
    let is_unknown = published_name.as_ref().is_some_and(|published| published.failure.is_some());
    let judged = status::Judged {
        findings: match &checked {
            Ok(checked) => checked.notices.clone(),
            Err(findings) => findings.clone(),
        },
        plan: checked.as_ref().ok().map(|checked| &checked.plan),
        outcome: outcome.as_ref().copied(),
        observed: &observed,
        pause: &pause,
        front: ctx.front.services(),
        published_name,
    };
    let wanted = status::compute(&hosted_cluster, &judged, ctx.clock.now());
    if ctx.calls.publish_status(&api, &hosted_cluster, hosted_cluster.status.as_ref(), &wanted).await? {
        announce(ctx, &hosted_cluster, &wanted).await;
    }
    match outcome {
        Err(error) => {
            tracing::warn!(error = error_chain(&error), "the hosted cluster was not applied");
            Err(error)
        }
        Ok(_) => Ok(Action::requeue(match (&pause, &checked) {
            (pause, _) if pause.is_paused() => pause.look_again(ctx.clock.now(), RESYNC),
            // Registries are not watched, and what was refused for a missing Secret shall go on soon after it is there.
            (_, Err(_)) => Duration::from_secs(5),
            // Name servers are not watched either.
            _ if is_unknown => LOOK_UP_AGAIN,
            _ => RESYNC,
        })),
    }
}

/// Events on the steps that people wait for, and on what is wrong.
async fn announce(ctx: &Context, hosted_cluster: &HostedCluster, wanted: &HostedClusterStatus) {
    let about = hosted_cluster.object_ref(&());
    let before = hosted_cluster.status.clone().unwrap_or_default();
    let is_first = before.conditions.is_empty();
    for now in &wanted.conditions {
        let was = find(&before.conditions, &now.type_);
        let has_changed =
            was.is_none_or(|was| was.status != now.status || (now.status == "False" && was.message != now.message));
        let expected = if now.type_ == Type::Degraded.as_ref() || now.type_ == Type::Progressing.as_ref() {
            "False"
        } else {
            "True"
        };
        if !has_changed {
            continue;
        }
        if now.type_ == Type::Available.as_ref() && now.status == "True" {
            ctx.events.normal(&about, "Available", now.message.clone()).await;
        } else if now.status != expected && now.status != "Unknown" && is_news(&now.type_, &now.reason, is_first) {
            ctx.events.warning(&about, &now.reason, format!("{}: {}", now.type_, now.message)).await;
        }
    }
}

/// That a new cluster is not there yet is no news; that it cannot come is.
fn is_news(type_: &str, reason: &str, is_first: bool) -> bool {
    let quiet = [
        Reason::WaitingForAvailable,
        Reason::EtcdWaitingForQuorum,
        Reason::StatefulSetNotFound,
        Reason::NotFound,
        Reason::StatusUnknown,
        Reason::FromClusterVersion,
        Reason::Progressing,
        Reason::NotServed,
        Reason::HoistNetwork,
        Reason::ReadOnlyDeploy,
        Reason::WritePromote,
        Reason::Migrating,
    ];
    let is_quiet = quiet.iter().any(|quiet| quiet.as_ref() == reason);
    let is_beginning = is_first && type_ == Type::Available.as_ref();
    !is_quiet && !is_beginning
}

/// When to try again after an error.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
pub fn error_policy(_: Arc<HostedCluster>, error: &Error, _: Arc<Context>) -> Action {
    error.retry_after().map_or_else(Action::await_change, Action::requeue)
}

#[cfg(test)]
mod certificates_tests;
#[cfg(test)]
mod tests;
