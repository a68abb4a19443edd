//! Approving kubelets' certificate requests in one hosted cluster; the judgement itself is [`approval::judge`].
//!
//! What is not approved stays Pending, never Denied: a person may still approve it, and it is reported.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use hoist_api::{Host, HostedControlPlane, NodePool};
use hoist_controller::{ApiError, ObjectId, error_chain};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;

use super::Shared;
use crate::context::Context;
use crate::node_bootstrap::approval::{self, Asked, Surroundings, Verdict};

/// A request may become acceptable without changing: its Host's addresses did.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// Names of approved requests that a Host keeps.
const REMEMBERED: usize = 10;
/// Refusals that are reported one by one; a flood of requests must not fill the operator's memory.
const MOST_REFUSALS: usize = 50;

/// Why a request stays pending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The Host that it is about, if there is one of that name.
    pub host: Option<String>,
    /// Names requestor, cause and next step.
    pub message: String,
}

/// Judges every request that comes in.
pub async fn approve(ctx: Arc<Context>, shared: Arc<Shared>) {
    let api: Api<CertificateSigningRequest> = Api::all(shared.client.clone());
    let mut changes = watcher(api.clone(), watcher::Config::default())
        .default_backoff()
        .modify(|request| request.managed_fields_mut().clear())
        .touched_objects()
        .boxed();
    // Before the Nodes are known, a name that is taken looks free.
    if shared.knows_nodes.subscribe().wait_for(|knows_nodes| *knows_nodes).await.is_err() {
        return;
    }
    let mut pending: std::collections::BTreeMap<String, CertificateSigningRequest> = std::collections::BTreeMap::new();
    let mut look_again = tokio::time::interval(LOOK_AGAIN);
    look_again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        let due: Vec<CertificateSigningRequest> = tokio::select! {
            change = changes.try_next() => match change {
                Ok(Some(request)) => vec![request],
                Ok(None) => return,
                Err(error) => {
                    let namespace = &shared.connection.namespace;
                    tracing::debug!(namespace, error = error_chain(&error), "certificate requests are not watched for now");
                    continue;
                }
            },
            _ = look_again.tick() => still_there(&ctx, &api, &shared, &mut pending).await,
        };
        for request in due {
            let name = request.name_any();
            if approval::is_decided(&request) || request.metadata.deletion_timestamp.is_some() {
                pending.remove(&name);
                forget(&ctx, &shared, &name).await;
                if let Err(error) = adopt(&ctx, &shared, &request).await {
                    tracing::warn!(request = name, error = error_chain(&error), "an approved request was not noted");
                }
                continue;
            }
            match judge(&ctx, &shared, &api, &request).await {
                Ok(true) => {
                    pending.remove(&name);
                    forget(&ctx, &shared, &name).await;
                }
                Ok(false) => {
                    if pending.len() < MOST_REFUSALS {
                        pending.insert(name, request);
                    }
                }
                Err(error) => {
                    tracing::warn!(request = name, error = error_chain(&error), "a certificate request was not judged");
                    pending.insert(name, request);
                }
            }
        }
    }
}

/// The pending requests, without those that expired: the API server deletes them, and not every deletion is seen.
async fn still_there(
    ctx: &Context,
    api: &Api<CertificateSigningRequest>,
    shared: &Shared,
    pending: &mut std::collections::BTreeMap<String, CertificateSigningRequest>,
) -> Vec<CertificateSigningRequest> {
    let mut found = Vec::new();
    for name in pending.keys().cloned().collect::<Vec<_>>() {
        match shared.calls.get(api, &name).await {
            Ok(Some(request)) => found.push(request),
            Ok(None) => {
                pending.remove(&name);
                forget(ctx, shared, &name).await;
            }
            Err(_) => break,
        }
    }
    found
}

async fn forget(ctx: &Context, shared: &Shared, request: &str) {
    let Some(refusal) = shared.state().refused.get(request).cloned() else { return };
    shared.learn(ctx, |state| {
        state.refused.remove(request);
    });
    if let Some(host) = &refusal.host {
        ctx.triggers.host(&shared.connection.namespace, host);
    }
    tell_node_pools(ctx, shared).await;
}

/// Approves or reports; `true` when approved, or none of our business.
async fn judge(
    ctx: &Context,
    shared: &Shared,
    api: &Api<CertificateSigningRequest>,
    request: &CertificateSigningRequest,
) -> Result<bool, ApiError> {
    let Some(asked) = Asked::of(request) else { return Ok(true) };
    let hosts: Api<Host> = Api::namespaced(ctx.client.clone(), &shared.connection.namespace);
    let name = asked.node_name().unwrap_or_default();
    let all = ctx.calls.list(&hosts, &ListParams::default()).await?;
    let nodes = shared.nodes.state();
    let around = Surroundings::of(name, &all, nodes.iter().map(AsRef::as_ref));
    let host = all.into_iter().find(|host| host.name_any() == name);
    match approval::judge(&asked, host.as_ref(), &around) {
        Verdict::Approve => {
            // Noted first: a host that is let in and not known to be would never own its Node.
            if let Some(host) = host {
                remember(ctx, &hosts, &host, &request.name_any()).await?;
            }
            approve_one(shared, api, request).await?;
            Ok(true)
        }
        Verdict::Refuse(message) => {
            report(ctx, shared, request, host.as_ref(), message).await;
            Ok(false)
        }
    }
}

async fn approve_one(
    shared: &Shared,
    api: &Api<CertificateSigningRequest>,
    request: &CertificateSigningRequest,
) -> Result<(), ApiError> {
    let name = request.name_any();
    tracing::info!(namespace = shared.connection.namespace, request = name, "approving a certificate request");
    let patch = json!({
        "metadata": {"resourceVersion": request.resource_version()},
        "status": {"conditions": [{
            "type": "Approved", "status": "True", "reason": "HoistHost",
            "message": "credential, key and names match the Host object",
            "lastUpdateTime": jiff::Timestamp::now().to_string(),
        }]}
    });
    let id = ObjectId::cluster("CertificateSigningRequest", &name);
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    let approved = shared.calls.run("approve", id, api.patch_approval(&name, &parameters, &patch)).await;
    match approved {
        // Somebody else decided or deleted it meanwhile; the watch tells.
        Err(error) if error.is_conflict() || error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

/// Notes a host that a person let in by approving its request; our own approvals are noted already.
async fn adopt(ctx: &Context, shared: &Shared, request: &CertificateSigningRequest) -> Result<(), ApiError> {
    let Some(name) = approval::admitted_host(request) else { return Ok(()) };
    let hosts: Api<Host> = Api::namespaced(ctx.client.clone(), &shared.connection.namespace);
    let Some(host) = ctx.calls.get(&hosts, &name).await? else { return Ok(()) };
    // Requests outlive the Host that they were for; one of the same name may have come since.
    let is_newer = host.metadata.creation_timestamp > request.metadata.creation_timestamp;
    let is_known = host.status.as_ref().is_some_and(|status| !status.approved_requests.is_empty());
    if is_newer || is_known { Ok(()) } else { remember(ctx, &hosts, &host, &request.name_any()).await }
}

async fn remember(ctx: &Context, hosts: &Api<Host>, host: &Host, request: &str) -> Result<(), ApiError> {
    let mut approved = host.status.clone().unwrap_or_default().approved_requests;
    approved.retain(|name| name != request);
    approved.push(request.to_owned());
    let surplus = approved.len().saturating_sub(REMEMBERED);
    approved.drain(..surplus);
    let patch = json!({"status": {"approvedRequests": approved}});
    match ctx.calls.merge_status(hosts, &host.name_any(), &patch).await {
        Err(error) if error.is_not_found() => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn report(
    ctx: &Context,
    shared: &Shared,
    request: &CertificateSigningRequest,
    host: Option<&Host>,
    message: String,
) {
    let name = request.name_any();
    let refusal = Refusal { host: host.map(ResourceExt::name_any), message };
    let is_known = shared.state().refused.get(&name) == Some(&refusal);
    if is_known || shared.state().refused.len() >= MOST_REFUSALS {
        return;
    }
    tracing::warn!(
        namespace = shared.connection.namespace,
        request = name,
        refusal.message,
        "a certificate request stays pending"
    );
    let about = match host {
        Some(host) => host.object_ref(&()),
        None => k8s_openapi::api::core::v1::ObjectReference {
            api_version: Some(HostedControlPlane::api_version(&()).into_owned()),
            kind: Some(HostedControlPlane::kind(&()).into_owned()),
            namespace: Some(shared.connection.namespace.clone()),
            name: Some(shared.connection.name.clone()),
            ..Default::default()
        },
    };
    let note = format!("certificate request {name} stays pending: {}", refusal.message);
    ctx.events.warning(&about, "CertificateRequestPending", note).await;
    let host = refusal.host.clone();
    shared.learn(ctx, |state| {
        state.refused.insert(name, refusal);
    });
    if let Some(host) = &host {
        ctx.triggers.host(&shared.connection.namespace, host);
    }
    tell_node_pools(ctx, shared).await;
}

/// Which pool a stranger's request is about nobody knows, so all of the cluster say that it is there.
async fn tell_node_pools(ctx: &Context, shared: &Shared) {
    let connection = &shared.connection;
    let api: Api<NodePool> = Api::namespaced(ctx.client.clone(), &connection.hosted_cluster_namespace);
    for pool in ctx.calls.list(&api, &ListParams::default()).await.unwrap_or_default() {
        if pool.spec.cluster_name == connection.name {
            ctx.triggers.node_pool(&connection.hosted_cluster_namespace, &pool.name_any());
        }
    }
}
