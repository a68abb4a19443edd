//! Reconciles `HostedControlPlane`: observe → validate → apply → publish, and the connection into the hosted cluster.
//!
//! Validation and building are pure and live in `hoist-plan` and `hoist-control-plane`. "Not ready yet" is a condition here,
//! never an error: the watches on workloads, pods and Services bring the next pass.

pub mod apply;
pub mod cluster_operators;
pub mod cluster_version;
pub mod convergence;
pub mod encryption;
pub mod error;
pub mod guest_content;
pub mod observe;
pub mod pods;
pub mod revocation;
pub mod silence;
pub mod status;
pub mod versions;
pub mod workloads;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hoist_api::certificates::CertificateRevocationRequest;
use hoist_api::hosted_control_plane::HostedControlPlaneStatus;
use hoist_api::{HostedControlPlane, NodePool};
use hoist_control_plane::encryption::rotation::Rotation;
use hoist_controller::error_chain;
use hoist_plan::validate::Inputs;
use hoist_plan::{Finding, Identity, Plan};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::DeleteParams;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource, ResourceExt};
use tracing::instrument;

use crate::context::Context;
use crate::{paused, watches};
use error::Error;

/// Safety net: in the normal case the watches trigger the next pass.
const RESYNC: Duration = Duration::from_secs(10 * 60);
const NAME: &str = "hosted-control-plane";

/// Runs the controller.
pub fn run(ctx: Arc<Context>) -> impl Stream<Item = ()> + Send {
    let client = ctx.client.clone();
    let (store, changes) = watches::own::<HostedControlPlane>(Api::all(client.clone()));
    let changes = watches::changed(changes, watches::wish);
    let pools = watches::events::<NodePool>(Api::all(client.clone()), watcher::Config::default());
    let pools = watches::changed(pools, watches::wish);
    let revocations =
        watches::metadata::<CertificateRevocationRequest>(Api::all(client.clone()), watcher::Config::default());
    let revocations = watches::changed(revocations, watches::wish);
    let (workloads, sets, pods, services) = (store.clone(), store.clone(), store.clone(), store.clone());
    let of_revocations = store.clone();
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.settings.concurrency))
        .watches_stream(watches::of_clusters::<Deployment>(&client), move |object| beside(&workloads, &object))
        .watches_stream(watches::of_clusters::<StatefulSet>(&client), move |object| beside(&sets, &object))
        .watches_stream(watches::of_clusters::<Pod>(&client), move |object| beside(&pods, &object))
        .watches_stream(watches::of_clusters::<Service>(&client), move |object| beside(&services, &object))
        .watches_stream(revocations, move |object| beside(&of_revocations, &object))
        .watches_stream(pools, |pool| {
            let namespace = pool.namespace()?;
            let name = &pool.spec.cluster_name;
            Some(ObjectRef::new(name).within(&hoist_api::names::control_plane_namespace(&namespace, name)))
        })
        .reconcile_on(ctx.triggers.control_planes())
        .run(reconcile, error_policy, ctx)
        .map(|_| ())
}

/// The HostedControlPlane of an object's namespace: there is one in each.
fn beside<K: Resource>(store: &Store<HostedControlPlane>, object: &K) -> Option<ObjectRef<HostedControlPlane>> {
    let namespace = object.meta().namespace.as_ref();
    store.find(|candidate| candidate.metadata.namespace.as_ref() == namespace).map(|found| ObjectRef::from_obj(&*found))
}

/// One pass.
#[instrument(skip_all, fields(object = %format_args!("{}/{}", control_plane.namespace().unwrap_or_default(), control_plane.name_any())))]
pub async fn reconcile(control_plane: Arc<HostedControlPlane>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = std::time::Instant::now();
    let outcome = Box::pin(pass(&control_plane, &ctx)).await;
    ctx.metrics.reconciled(NAME, started.elapsed(), outcome.as_ref().err().map(Into::into));
    outcome
}

async fn pass(control_plane: &HostedControlPlane, ctx: &Arc<Context>) -> Result<Action, Error> {
    let namespace = control_plane.namespace().unwrap_or_default();
    if control_plane.metadata.deletion_timestamp.is_some() {
        ctx.guests.stop(ctx, &namespace);
        return Ok(Action::await_change());
    }
    let pause = paused::until(control_plane.spec.paused_until.as_deref(), ctx.clock.now());
    if pause.is_paused() {
        if let Some(guest) = ctx.guests.get(&namespace) {
            guest.rest();
        }
        return Ok(Action::requeue(pause.look_again(ctx.clock.now(), RESYNC)));
    }
    // Nothing here waits for the watch's cache: the status that this pass builds on must be the newest.
    let api: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(control_plane) = ctx.calls.get(&api, &control_plane.name_any()).await? else {
        return Ok(Action::await_change());
    };
    let Some(owner) = hosted_cluster_of(&control_plane) else { return Err(Error::NoHostedCluster { namespace }) };
    let observed = Box::pin(observe::observe(ctx, &control_plane, &owner)).await?;
    let identity = identity(&control_plane, &owner);
    let checked = validate(&control_plane, &identity, &observed);
    let outcome = match &checked {
        Ok(checked) => Some(apply::apply(ctx, &control_plane, &checked.plan, &observed).await),
        Err(_) => None,
    };
    if let (Ok(checked), Some(Ok(applied))) = (&checked, &outcome) {
        connect(ctx, &control_plane, &checked.plan, &observed, applied).await;
        if revocation::publish(ctx, &checked.plan, applied).await? {
            // The next step of a revocation is made once it is published that it is made.
            ctx.triggers.control_plane(&namespace, &control_plane.name_any());
        }
    }
    let progress = match &outcome {
        Some(Ok(applied)) => applied.progress.clone(),
        _ => apply::look(ctx, &namespace).await?,
    };
    let guest = ctx.guests.get(&namespace);
    let state = guest.as_ref().map(|guest| (guest.state(), guest.nodes()));
    let judged = status::Judged {
        findings: match &checked {
            Ok(checked) => checked.notices.clone(),
            Err(findings) => findings.clone(),
        },
        plan: checked.as_ref().ok().map(|checked| &checked.plan),
        outcome: outcome.as_ref().map(Result::as_ref),
        progress: &progress,
        guest: state.as_ref(),
        pods: &observed.pods,
        node_pools: &observed.node_pools,
        supported: observed.supported.as_ref(),
    };
    let judgement = status::judge(&control_plane, &judged, ctx.clock.now());
    let wanted = status::compute(&control_plane, &judged, &judgement, ctx.clock.now());
    if let Some(guest) = &guest
        && cluster_operators::is_settled(state.as_ref())
        && judgement.version.is_known()
    {
        guest.set_report(guest_content::report(&control_plane, judgement));
    }
    if ctx.calls.publish_status(&api, &control_plane, control_plane.status.as_ref(), &wanted).await? {
        announce(ctx, &control_plane, &wanted).await;
        if has_next_step(&control_plane.status.clone().unwrap_or_default(), &wanted) {
            ctx.triggers.control_plane(&namespace, &control_plane.name_any());
        }
    }
    let is_single = checked.as_ref().is_ok_and(|checked| !checked.plan.is_highly_available());
    let silence = if is_single {
        silence::judge(&wanted.conditions, &observed.pods, ctx.clock.now())
    } else {
        silence::Silence::default()
    };
    end(ctx, &namespace, &silence).await?;
    match outcome {
        Some(Err(error)) => {
            tracing::warn!(error = error_chain(&error), "the control plane was not applied");
            Err(error)
        }
        Some(Ok(applied)) => {
            let now = ctx.clock.now();
            let renewal = [applied.look_again(now), silence.next].into_iter().flatten().min().unwrap_or(RESYNC);
            // What hosts of a paused pool read is applied here, so here its pause must be seen to end.
            let pauses = observed
                .node_pools
                .iter()
                .map(|(pool, _)| paused::until(pool.spec.paused_until.as_deref(), now).look_again(now, RESYNC));
            Ok(Action::requeue(pauses.fold(renewal.min(RESYNC), Duration::min)))
        }
        // A release that could not be read may be readable soon; everything else waits for an edit.
        None if observed.facts.release.is_err() => Ok(Action::requeue(Duration::from_secs(6))),
        None => Ok(Action::requeue(Duration::from_secs(30))),
    }
}

/// Ends pods that have heard nothing for too long.
async fn end(ctx: &Context, namespace: &str, silence: &silence::Silence) -> Result<(), Error> {
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), namespace);
    for name in &silence.end {
        tracing::info!(pod = name, "ended while its API server is away: it would take all nodes for lost");
        ctx.calls.delete(&pods, name, &DeleteParams::default()).await?;
    }
    Ok(())
}

/// Namespace and name of the HostedCluster.
pub fn hosted_cluster_of(control_plane: &HostedControlPlane) -> Option<(String, String)> {
    let owner = watches::hosted_cluster_of(control_plane)?;
    Some((owner.namespace?, owner.name))
}

/// The names that a plan for this control plane carries.
pub fn identity(control_plane: &HostedControlPlane, owner: &(String, String)) -> Identity {
    Identity {
        hosted_cluster_namespace: owner.0.clone(),
        hosted_cluster_name: owner.1.clone(),
        namespace: control_plane.namespace().unwrap_or_default(),
        infra_id: control_plane.spec.infra_id.clone(),
        cluster_id: control_plane.spec.cluster_id.clone(),
        owner: control_plane.controller_owner_ref(&()),
    }
}

fn validate(
    control_plane: &HostedControlPlane,
    identity: &Identity,
    observed: &observe::Observed,
) -> Result<hoist_plan::Checked, Vec<Finding>> {
    hoist_plan::validate(&Inputs {
        identity,
        spec: &control_plane.spec,
        annotations: control_plane.annotations(),
        observed: &observed.facts,
    })
}

/// Connects once the API server is up, and hands over what the hosted cluster shall contain. A failure is the connection's own
/// and shows in its state.
async fn connect(
    ctx: &Arc<Context>,
    control_plane: &HostedControlPlane,
    plan: &Plan,
    observed: &observe::Observed,
    applied: &apply::Applied,
) {
    if !applied.is_api_available() && ctx.guests.get(&plan.identity.namespace).is_none() {
        return;
    }
    let Some(connection) = guest_content::connection(ctx, control_plane, plan, applied) else { return };
    let content = guest_content::content(plan, observed, applied, ctx.clock.now());
    match ctx.guests.ensure(ctx, connection).await {
        Ok(guest) => {
            let changed: Vec<String> = content
                .targets
                .iter()
                .filter(|(pool, target)| guest.target(pool).as_ref() != Some(*target))
                .map(|(pool, _)| pool.clone())
                .collect();
            guest.set_content(content);
            guest.set_migration(applied.rotation.as_ref().and_then(Rotation::migration));
            for pool in changed {
                ctx.triggers.node_pool(&plan.identity.hosted_cluster_namespace, &pool);
            }
        }
        Err(error) => tracing::warn!(error = error_chain(&error), "no connection into the hosted cluster"),
    }
}

/// Events on the steps that people wait for.
async fn announce(ctx: &Context, control_plane: &HostedControlPlane, wanted: &HostedControlPlaneStatus) {
    use hoist_api::conditions::ConditionType as Type;
    use hoist_controller::conditions::find;
    let about = control_plane.object_ref(&());
    let before = control_plane.status.clone().unwrap_or_default();
    for type_ in
        [Type::EtcdAvailable, Type::KubeAPIServerAvailable, Type::Available, Type::DataPlaneConnectionAvailable]
    {
        let was = find(&before.conditions, type_).map_or("Unknown", |condition| condition.status.as_str());
        let Some(now) = find(&wanted.conditions, type_) else { continue };
        match (was, now.status.as_str()) {
            (before, after) if before == after => {}
            (_, "True") => ctx.events.normal(&about, type_.as_ref(), now.message.clone()).await,
            ("True", _) => ctx.events.warning(&about, type_.as_ref(), now.message.clone()).await,
            _ => {}
        }
    }
    let degraded = find(&wanted.conditions, Type::Degraded).filter(|now| now.status == "True");
    if let Some(now) = degraded
        && find(&before.conditions, Type::Degraded).is_none_or(|was| was.message != now.message)
    {
        ctx.events.warning(&about, &now.reason, now.message.clone()).await;
    }
}

/// Whether what was just published is what the next step waits for: that of a change of keys, and of the first rollout, after
/// which the API server is replaced without a gap.
fn has_next_step(before: &HostedControlPlaneStatus, now: &HostedControlPlaneStatus) -> bool {
    let is_complete =
        |status: &HostedControlPlaneStatus| versions::completed(status.control_plane_version.as_ref()).is_some();
    before.secret_encryption != now.secret_encryption || is_complete(before) != is_complete(now)
}

/// When to try again after an error.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
pub fn error_policy(_: Arc<HostedControlPlane>, error: &Error, ctx: Arc<Context>) -> Action {
    let _ = &ctx;
    error.retry_after().map_or_else(Action::await_change, Action::requeue)
}

#[cfg(test)]
pub(crate) mod tests;
