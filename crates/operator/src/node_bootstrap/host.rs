//! Reconciles `Host`: credential first, because a joining host waits for it; then its Node; at the end its farewell.

use std::sync::Arc;
use std::time::Duration;

use hoist_api::host::{CREDENTIAL_ISSUED, HostStatus, Stage};
use hoist_api::{FINALIZER, Host, HostedControlPlane, NodePool, annotations};
use hoist_controller::ApiError;
use hoist_controller::conditions::{Status, Verdict, find, merge};
use hoist_pki::Authority;
use hoist_pki::table::names;
use hoist_plan::HostPort;
use k8s_openapi::api::core::v1::{Node, Secret};
use kube::api::{Api, DeleteParams, ListParams};
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde_json::json;
use tracing::instrument;

use super::credential::{self, Issuer};
use super::error::Error;
use super::ownership::owns_node;
use super::{drain, leaving, mirror, updating};
use crate::context::Context;
use crate::guest::Guest;
use crate::hosted_control_plane::hosted_cluster_of;
use crate::{node_facts, paused};

/// Condition of a Host: what its Node says.
pub(crate) const READY: &str = "Ready";
const RESYNC: Duration = Duration::from_secs(10 * 60);
const NAME: &str = "host";

/// One pass.
#[instrument(skip_all, fields(object = %format_args!("{}/{}", host.namespace().unwrap_or_default(), host.name_any())))]
pub async fn reconcile(host: Arc<Host>, ctx: Arc<Context>) -> Result<Action, Error> {
    let started = std::time::Instant::now();
    let outcome = Box::pin(pass(&host, &ctx)).await;
    ctx.metrics.reconciled(NAME, started.elapsed(), outcome.as_ref().err().map(Into::into));
    outcome
}

async fn pass(host: &Host, ctx: &Context) -> Result<Action, Error> {
    let namespace = host.namespace().unwrap_or_default();
    let api: Api<Host> = Api::namespaced(ctx.client.clone(), &namespace);
    let Some(host) = ctx.calls.get(&api, &host.name_any()).await? else { return Ok(Action::await_change()) };
    let control_plane = control_plane(ctx, &namespace).await?;
    let guest = ctx.guests.get(&namespace);
    if host.metadata.deletion_timestamp.is_some() {
        let action = leaving::leave(ctx, &api, &host, control_plane.as_ref(), guest.as_deref()).await?;
        tell_pool(ctx, control_plane.as_ref(), &host);
        return Ok(action);
    }
    let Some(control_plane) = control_plane else { return Ok(Action::requeue(Duration::from_secs(30))) };
    let issued = issue(ctx, &api, &host, &control_plane, guest.as_deref()).await;
    keep_finalizer(ctx, &api, &host).await?;
    let stage = host.status.as_ref().and_then(|status| status.stage);
    let pool = node_pool(ctx, &control_plane, &host).await?;
    let is_unwanted = host.annotations().contains_key(annotations::REMOVE_HOST) || stage == Some(Stage::Leaving);
    if is_unwanted || stage == Some(Stage::Left) {
        if stage != Some(Stage::Left) && !leaving::drain(ctx, &host, pool.as_ref(), guest.as_deref()).await? {
            return Ok(Action::requeue(drain::LOOK_AGAIN));
        }
        // Its machine restores itself once it sees this; the finalizer holds the object until then.
        ctx.calls.delete(&api, &host.name_any(), &DeleteParams::default()).await?;
        return Ok(Action::await_change());
    }
    let node = guest.as_ref().and_then(|guest| guest.node(&host.name_any())).filter(|_| owns_node(&host));
    let pauses = [Some(&control_plane.spec.paused_until), pool.as_ref().map(|pool| &pool.spec.paused_until)];
    let is_paused =
        pauses.into_iter().flatten().any(|text| paused::until(text.as_deref(), ctx.clock.now()).is_paused());
    let mut look_again = RESYNC;
    if !is_paused {
        if let (Some(guest), Some(node)) = (&guest, &node) {
            bring_in_line(guest, node, &host, pool.as_ref()).await?;
        }
        let soon = updating::step(ctx, &api, &host, pool.as_ref(), guest.as_deref()).await?;
        look_again = soon.map_or(look_again, |soon| soon.min(look_again));
    }
    publish(ctx, &api, &host, node.as_deref(), guest.as_deref(), issued.as_ref().err()).await?;
    tell_pool(ctx, Some(&control_plane), &host);
    issued?;
    Ok(Action::requeue(look_again))
}

/// What a pool says is computed from its hosts.
fn tell_pool(ctx: &Context, control_plane: Option<&HostedControlPlane>, host: &Host) {
    if let Some((namespace, _)) = control_plane.and_then(hosted_cluster_of) {
        ctx.triggers.node_pool(&namespace, &host.spec.node_pool);
    }
}

/// The control plane of the namespace, if it is not going.
async fn control_plane(ctx: &Context, namespace: &str) -> Result<Option<HostedControlPlane>, ApiError> {
    let api: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), namespace);
    let found = ctx.calls.list(&api, &ListParams::default().limit(1)).await?;
    Ok(found.into_iter().find(|control_plane| control_plane.metadata.deletion_timestamp.is_none()))
}

async fn node_pool(
    ctx: &Context,
    control_plane: &HostedControlPlane,
    host: &Host,
) -> Result<Option<NodePool>, ApiError> {
    let Some((namespace, _)) = hosted_cluster_of(control_plane) else { return Ok(None) };
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &namespace);
    ctx.calls.get(&api, &host.spec.node_pool).await
}

/// Issues the credential when there is none. The bootstrap server takes an old one away when its host comes back.
async fn issue(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    control_plane: &HostedControlPlane,
    guest: Option<&Guest>,
) -> Result<(), Error> {
    let status = host.status.clone().unwrap_or_default();
    if status.bootstrap.is_some() || matches!(status.stage, Some(Stage::Leaving | Stage::Left)) {
        return Ok(());
    }
    let name = host.name_any();
    if !owns_node(host) && guest.is_some_and(|guest| guest.node(&name).is_some()) {
        return Err(Error::NodeTaken { node: name });
    }
    let Some(issuer) = issuer(ctx, control_plane).await? else { return Ok(()) };
    let credential = credential::issue(host, &issuer, ctx.clock.now())?;
    ctx.calls.merge_status(api, &name, &json!({"status": {"bootstrap": credential}})).await?;
    // What only hosts of its pool may read is opened to it by name.
    ctx.triggers.control_plane(&host.namespace().unwrap_or_default(), &control_plane.name_any());
    tracing::info!(not_after = %credential.not_after.0, "issued the credential of a joining host");
    ctx.events.normal(&host.object_ref(&()), "CredentialIssued", "the host may join for ten minutes").await;
    Ok(())
}

/// What issuing needs; `None` while the control plane does not have it yet.
async fn issuer(ctx: &Context, control_plane: &HostedControlPlane) -> Result<Option<Issuer>, Error> {
    let endpoint = control_plane.status.as_ref().map(|status| &status.control_plane_endpoint);
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.port > 0) else { return Ok(None) };
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), &control_plane.namespace().unwrap_or_default());
    let (signer, root) =
        futures::try_join!(ctx.calls.get(&secrets, names::CLUSTER_SIGNER), ctx.calls.get(&secrets, names::ROOT_CA),)?;
    let text = |secret: &Option<Secret>, key: &str| {
        let value = secret.as_ref()?.data.as_ref()?.get(key)?;
        String::from_utf8(value.0.clone()).ok()
    };
    let (Some(certificate), Some(key), Some(api_authority)) = (
        text(&signer, names::CA_CERTIFICATE_KEY),
        text(&signer, names::CA_PRIVATE_KEY),
        text(&root, names::CA_CERTIFICATE_KEY),
    ) else {
        return Ok(None);
    };
    let signer = Authority::from_pem(&certificate, &key).map_err(credential::CredentialError::Signer)?;
    let port = u16::try_from(endpoint.port).unwrap_or_default();
    Ok(Some(Issuer { signer, api_authority, endpoints: vec![HostPort::new(endpoint.host.clone(), port)] }))
}

async fn keep_finalizer(ctx: &Context, api: &Api<Host>, host: &Host) -> Result<(), ApiError> {
    if host.finalizers().iter().any(|finalizer| finalizer == FINALIZER) {
        return Ok(());
    }
    let mut finalizers = host.finalizers().to_vec();
    finalizers.push(FINALIZER.to_owned());
    ctx.calls.merge(api, &host.name_any(), &json!({"metadata": {"finalizers": finalizers}})).await?;
    Ok(())
}

async fn bring_in_line(guest: &Guest, node: &Node, host: &Host, pool: Option<&NodePool>) -> Result<(), ApiError> {
    let Some(patch) = mirror::patch(node, &host.spec.node_pool, pool.map(|pool| &pool.spec)) else { return Ok(()) };
    let nodes: Api<Node> = Api::all(guest.client());
    match guest.calls().merge(&nodes, &node.name_any(), &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// What the operator knows of the host, beside what the host says of itself.
async fn publish(
    ctx: &Context,
    api: &Api<Host>,
    host: &Host,
    node: Option<&Node>,
    guest: Option<&Guest>,
    refused: Option<&Error>,
) -> Result<(), ApiError> {
    let before = host.status.clone().unwrap_or_default();
    let mut verdicts = verdicts(host, node, guest, refused);
    if !knows(guest) {
        // Not reached since the operator started: what was said last stands.
        for verdict in &mut verdicts {
            if let Some(said) = find(&before.conditions, &verdict.type_).filter(|_| verdict.type_ == READY) {
                *verdict = Verdict::copied(said);
            }
        }
    }
    let wanted = Mirror {
        node: node.map(ResourceExt::name_any).or_else(|| before.node.clone().filter(|_| !knows(guest))),
        kubelet_version: node.and_then(node_facts::kubelet_version).or_else(|| before.kubelet_version.clone()),
        conditions: merge(&before.conditions, &verdicts, host.metadata.generation, ctx.clock.now()),
    };
    let is_same = (&wanted.node, &wanted.kubelet_version, &wanted.conditions)
        == (&before.node, &before.kubelet_version, &before.conditions);
    if is_same {
        return Ok(());
    }
    let patch = json!({"status": {
        "node": wanted.node, "kubeletVersion": wanted.kubelet_version, "conditions": wanted.conditions,
    }});
    ctx.calls.merge_status(api, &host.name_any(), &patch).await?;
    Ok(())
}

struct Mirror {
    node: Option<String>,
    kubelet_version: Option<String>,
    conditions: Vec<k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition>,
}

fn knows(guest: Option<&Guest>) -> bool {
    guest.is_some_and(Guest::knows_nodes)
}

fn verdicts(host: &Host, node: Option<&Node>, guest: Option<&Guest>, refused: Option<&Error>) -> Vec<Verdict> {
    let status: HostStatus = host.status.clone().unwrap_or_default();
    let issued = match refused {
        Some(error) => Verdict::new(CREDENTIAL_ISSUED, false, error.reason(), hoist_controller::error_chain(error)),
        None if status.bootstrap.is_some() => {
            Verdict::new(CREDENTIAL_ISSUED, true, "AsExpected", "the host got its credential")
        }
        None => Verdict::new(
            CREDENTIAL_ISSUED,
            false,
            "ControlPlaneNotReady",
            "the control plane has no published address yet",
        ),
    };
    let ready = match node.and_then(node_facts::ready_condition) {
        Some(condition) => {
            let value = match condition.status.as_str() {
                "True" => Status::True,
                "False" => Status::False,
                _ => Status::Unknown,
            };
            let reason =
                condition.reason.clone().filter(|reason| !reason.is_empty()).unwrap_or_else(|| "Unknown".to_owned());
            Verdict::new(READY, value, reason, condition.message.clone().unwrap_or_default())
        }
        None => Verdict::new(
            READY,
            false,
            "NoNode",
            status.message.clone().unwrap_or_else(|| "the host has not registered its Node yet".to_owned()),
        ),
    };
    let mut all = vec![issued, ready];
    let name = host.name_any();
    let pending = guest.map(|guest| guest.state().refused).unwrap_or_default();
    let pending: Vec<String> = pending
        .into_iter()
        .filter(|(_, refusal)| refusal.host.as_deref() == Some(name.as_str()))
        .map(|(request, refusal)| format!("{request}: {}", refusal.message))
        .collect();
    if !pending.is_empty() {
        all.push(Verdict::new("CertificateRequestsApproved", false, "Pending", pending.join("; ")));
    }
    all
}

/// When to try again after an error.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
pub fn error_policy(host: Arc<Host>, error: &Error, _: Arc<Context>) -> Action {
    tracing::warn!(host = host.name_any(), error = hoist_controller::error_chain(error), "the host was not reconciled");
    error.retry_after().map_or_else(Action::await_change, Action::requeue)
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;
    use hoist_testkit::fixtures;

    use super::*;

    #[tokio::test]
    async fn a_pool_is_told_of_a_host_that_has_gone() {
        let fake = crate::fixtures::fake().with(&fixtures::hosted_cluster());
        let ctx = crate::fixtures::context(&fake);
        crate::hosted_cluster::reconcile(Arc::new(fake.get("clusters", "demo")), ctx.clone()).await.unwrap();
        let mut host = fixtures::host("worker-0");
        host.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
        host.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(fixtures::now()));
        host.status = Some(HostStatus { stage: Some(Stage::Left), ..HostStatus::default() });
        fake.put(&host);
        let mut pools = Box::pin(ctx.triggers.node_pools());
        reconcile(Arc::new(host), ctx.clone()).await.unwrap();
        assert!(fake.find::<Host>(Some("clusters-demo"), "worker-0").is_none());
        let told = tokio::time::timeout(Duration::from_secs(1), pools.next()).await.unwrap().unwrap();
        assert_eq!((told.name.as_str(), told.namespace.as_deref()), ("demo", Some("clusters")));
    }
}
