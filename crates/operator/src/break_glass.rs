//! Certificates for when all else fails: requests for them in the management cluster, approved by a
//! `CertificateSigningRequestApproval` of the same name in the control plane's namespace, signed by a signer of that control
//! plane's. Taking them back is the HostedControlPlane's controller's.

pub mod judgement;

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hoist_api::HostedControlPlane;
use hoist_api::certificates::{self, SignerClass};
use hoist_control_plane::revocation::{class, parse_signer_name};
use hoist_controller::{ApiError, ObjectId, error_chain};
use hoist_pki::Authority;
use hoist_pki::table::names;
use k8s_openapi::ByteString;
use k8s_openapi::api::certificates::v1::{CertificateSigningRequest, CertificateSigningRequestCondition};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, Patch, PatchParams};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::ObjectRef;
use kube::runtime::{Controller, watcher};
use kube::{Api, Resource, ResourceExt};
use serde_json::json;

use crate::context::Context;
use crate::watches;
use judgement::{Judged, judge};

const NAME: &str = "break-glass";
/// The signer is made with its control plane, so a request may come first.
const SIGNER_EXPECTED: Duration = Duration::from_secs(5);

/// Why a request was not worked off. The variant's name is a metric label.
#[derive(Debug, thiserror::Error, strum::IntoStaticStr)]
pub enum Error {
    /// A call failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The signer cannot be used.
    #[error(
        "Secret {namespace}/{secret} cannot sign; delete it to have a new signer made, after which its certificates are void"
    )]
    Signer {
        /// Control plane namespace.
        namespace: String,
        /// The Secret.
        secret: &'static str,
        /// Cause.
        source: hoist_pki::Error,
    },
}

/// Runs the controller.
pub fn run(ctx: Arc<Context>) -> impl Stream<Item = ()> + Send {
    let client = ctx.client.clone();
    let (store, changes) = watches::own::<CertificateSigningRequest>(Api::all(client.clone()));
    let changes = watches::changed(changes, |request| (request.status.clone(), watches::wish(request)));
    let approvals = watches::metadata::<certificates::CertificateSigningRequestApproval>(
        Api::all(client.clone()),
        watcher::Config::default(),
    );
    let older = watches::metadata::<certificates::older::CertificateSigningRequestApproval>(
        Api::all(client),
        watcher::Config::default(),
    );
    Controller::for_stream(changes, store)
        .with_config(Config::default().concurrency(ctx.settings.concurrency))
        .watches_stream(watches::changed(approvals, watches::wish), |approval| of_same_name(&approval))
        .watches_stream(watches::changed(older, watches::wish), |approval| of_same_name(&approval))
        .run(reconcile, error_policy, ctx)
        .map(|_| ())
}

fn of_same_name<K: Resource>(approval: &K) -> Option<ObjectRef<CertificateSigningRequest>> {
    approval.meta().name.as_deref().map(ObjectRef::new)
}

/// One pass over a request.
pub async fn reconcile(request: Arc<CertificateSigningRequest>, ctx: Arc<Context>) -> Result<Action, Error> {
    let Some((namespace, class)) = parse_signer_name(&request.spec.signer_name) else {
        return Ok(Action::await_change());
    };
    let started = std::time::Instant::now();
    let outcome = pass(&request, &namespace, class, &ctx).await;
    ctx.metrics.reconciled(NAME, started.elapsed(), outcome.as_ref().err().map(Into::into));
    if let Err(error) = &outcome {
        tracing::warn!(request = request.name_any(), error = error_chain(error), "a request was not worked off");
    }
    outcome
}

async fn pass(
    request: &CertificateSigningRequest,
    namespace: &str,
    class: SignerClass,
    ctx: &Context,
) -> Result<Action, Error> {
    let requests: Api<CertificateSigningRequest> = Api::all(ctx.client.clone());
    let Some(request) = ctx.calls.get(&requests, &request.name_any()).await? else { return Ok(Action::await_change()) };
    let control_planes: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), namespace);
    let is_ours = !ctx.calls.list(&control_planes, &ListParams::default()).await?.is_empty();
    let is_over = has(&request, "Denied") || has(&request, "Failed") || certificate(&request).is_some();
    if !is_ours || is_over {
        return Ok(Action::await_change());
    }
    let is_approved = has(&request, "Approved");
    if !is_approved && !is_let_through(ctx, namespace, &request.name_any()).await? {
        return Ok(Action::await_change());
    }
    match judge(&request, class) {
        Err(cause) => fail(ctx, &requests, &request, &cause).await?,
        Ok(_) if !is_approved => approve(ctx, &requests, &request, namespace).await?,
        Ok(judged) => return sign(ctx, &requests, &request, namespace, class, &judged).await,
    }
    Ok(Action::await_change())
}

/// Whether there is an approval of the request's name, of either kind.
async fn is_let_through(ctx: &Context, namespace: &str, name: &str) -> Result<bool, ApiError> {
    let approvals: Api<certificates::CertificateSigningRequestApproval> =
        Api::namespaced(ctx.client.clone(), namespace);
    let older: Api<certificates::older::CertificateSigningRequestApproval> =
        Api::namespaced(ctx.client.clone(), namespace);
    // That it exists is all that counts; most have no spec.
    let id = || ObjectId::namespaced("CertificateSigningRequestApproval", namespace, name);
    let (new, old) = futures::try_join!(
        ctx.calls.run("read", id(), approvals.get_metadata_opt(name)),
        ctx.calls.run("read", id(), older.get_metadata_opt(name)),
    )?;
    Ok(new.is_some() || old.is_some())
}

fn has(request: &CertificateSigningRequest, type_: &str) -> bool {
    let conditions = request.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|condition| condition.type_ == type_ && condition.status == "True")
}

fn certificate(request: &CertificateSigningRequest) -> Option<&[u8]> {
    let certificate = &request.status.as_ref()?.certificate.as_ref()?.0;
    (!certificate.is_empty()).then_some(certificate)
}

async fn approve(
    ctx: &Context,
    requests: &Api<CertificateSigningRequest>,
    request: &CertificateSigningRequest,
    namespace: &str,
) -> Result<(), ApiError> {
    let name = request.name_any();
    tracing::info!(namespace, request = name, "approving a request for a break-glass certificate");
    let message = format!("CertificateSigningRequestApproval {namespace}/{name} exists");
    let patch = with_condition(ctx, request, "Approved", "ApprovalPresent", &message);
    let id = ObjectId::cluster("CertificateSigningRequest", &name);
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    let call = requests.patch_approval(&name, &parameters, &patch);
    settled(ctx.calls.run("approve", id, call).await)
}

/// A request that no signer will ever sign says so, and why.
async fn fail(
    ctx: &Context,
    requests: &Api<CertificateSigningRequest>,
    request: &CertificateSigningRequest,
    cause: &str,
) -> Result<(), ApiError> {
    let name = request.name_any();
    tracing::warn!(request = name, cause, "a request for a break-glass certificate is refused");
    let patch = with_condition(ctx, request, "Failed", "SignerValidationFailure", cause);
    let id = ObjectId::cluster("CertificateSigningRequest", &name);
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    let call = requests.patch_status(&name, &parameters, &patch);
    settled(ctx.calls.run("refuse", id, call).await)
}

async fn sign(
    ctx: &Context,
    requests: &Api<CertificateSigningRequest>,
    request: &CertificateSigningRequest,
    namespace: &str,
    signer: SignerClass,
    judged: &Judged,
) -> Result<Action, Error> {
    let name = request.name_any();
    let secret = class(signer).signer;
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
    let found = ctx.calls.get(&secrets, secret).await?;
    let text = |key: &str| String::from_utf8(found.as_ref()?.data.as_ref()?.get(key)?.0.clone()).ok();
    let (Some(certificate), Some(key)) = (text(names::CA_CERTIFICATE_KEY), text(names::CA_PRIVATE_KEY)) else {
        return Ok(Action::requeue(SIGNER_EXPECTED));
    };
    let pem = Authority::from_pem(&certificate, &key)
        .and_then(|authority| authority.sign_request(&judged.leaf, &judged.request, ctx.clock.now()))
        .map_err(|source| Error::Signer { namespace: namespace.to_owned(), secret, source })?;
    tracing::info!(
        namespace,
        request = name,
        user = judged.leaf.subject.common_name,
        "signing a break-glass certificate"
    );
    let patch = json!({
        "metadata": {"resourceVersion": request.resource_version()},
        "status": {"certificate": ByteString(pem.into_bytes())},
    });
    let id = ObjectId::cluster("CertificateSigningRequest", &name);
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    let call = requests.patch_status(&name, &parameters, &patch);
    settled(ctx.calls.run("sign", id, call).await)?;
    Ok(Action::await_change())
}

/// Somebody else who decided or deleted it meanwhile is seen by the watch.
fn settled<T>(outcome: Result<T, ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if error.is_conflict() || error.is_not_found() => Ok(()),
        other => other.map(drop),
    }
}

/// The conditions that there are, and one more.
fn with_condition(
    ctx: &Context,
    request: &CertificateSigningRequest,
    type_: &str,
    reason: &str,
    message: &str,
) -> serde_json::Value {
    let now = ctx.clock.now_in_seconds();
    let mut conditions = request.status.clone().unwrap_or_default().conditions.unwrap_or_default();
    conditions.push(CertificateSigningRequestCondition {
        type_: type_.to_owned(),
        status: "True".to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_update_time: Some(now),
        last_transition_time: None,
    });
    json!({"metadata": {"resourceVersion": request.resource_version()}, "status": {"conditions": conditions}})
}

/// When to try again after an error.
#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
pub fn error_policy(_: Arc<CertificateSigningRequest>, error: &Error, _: Arc<Context>) -> Action {
    match error {
        Error::Api(_) => Action::requeue(Duration::from_secs(3)),
        Error::Signer { .. } => Action::requeue(Duration::from_secs(30)),
    }
}

#[cfg(test)]
mod tests;
