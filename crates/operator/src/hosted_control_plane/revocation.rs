//! What is said of requests to take break-glass certificates back.

use hoist_api::certificates::{
    CertificateRevocationRequest, CertificateRevocationRequestStatus, RevocationConditionType as Type,
};
use hoist_api::conditions::Reason;
use hoist_api::hosted_cluster::references::LocalObjectReference;
use hoist_control_plane::revocation::Revocation;
use hoist_controller::ApiError;
use hoist_controller::conditions::{Verdict, merge};
use hoist_pki::table::names;
use hoist_plan::Plan;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;

use super::apply::Applied;
use crate::context::Context;

/// Nothing of certificates is changed while the HostedCluster says so.
const FROZEN: &str = "PKIReconciliationDisabled";

/// Publishes how far each request is; `true` when one went a step further.
pub async fn publish(ctx: &Context, plan: &Plan, applied: &Applied) -> Result<bool, ApiError> {
    let api: Api<CertificateRevocationRequest> = Api::namespaced(ctx.client.clone(), &plan.identity.namespace);
    let mut is_news = false;
    for revocation in &applied.revocations {
        let (request, status) = (&revocation.request, status(revocation, plan, applied, ctx.clock.now()));
        match ctx.calls.publish_status(&api, request, request.status.as_ref(), &status).await {
            // Deleted meanwhile.
            Err(error) if error.is_not_found() => {}
            outcome => is_news |= outcome?,
        }
    }
    Ok(is_news)
}

/// The status of one request after this pass.
pub fn status(
    revocation: &Revocation,
    plan: &Plan,
    applied: &Applied,
    now: Timestamp,
) -> CertificateRevocationRequestStatus {
    let before = revocation.request.status.clone().unwrap_or_default();
    let verdicts = verdicts(revocation, plan, applied);
    let announced = (revocation.previous.is_some() && !plan.is_pki_frozen).then(|| {
        let whole_second = Time(Timestamp::from_second(now.as_second()).unwrap_or(now));
        (whole_second, LocalObjectReference::new(&revocation.previous_name))
    });
    let (timestamp, signer) = announced.unzip();
    CertificateRevocationRequestStatus {
        revocation_timestamp: before.revocation_timestamp.or(timestamp),
        previous_signer: before.previous_signer.or(signer),
        conditions: merge(&before.conditions, &verdicts, revocation.request.metadata.generation, now),
    }
}

fn verdicts(revocation: &Revocation, plan: &Plan, applied: &Applied) -> Vec<Verdict> {
    let class = revocation.class();
    let text = |secret: &str| applied.pki.text(secret, names::CA_CERTIFICATE_KEY);
    let signer = text(class.signer);
    let is_renewed = revocation.is_announced && signer.is_some_and(|signer| !revocation.is_same_signer(signer));
    let is_reissued = is_renewed && text(class.client) == signer;
    let was_trusted = revocation.is(Type::NewCertificatesTrusted);
    let is_trusted = was_trusted || (is_reissued && applied.is_converged);
    // The former authority leaves the bundle only after it was published that the new one is known.
    let is_revoked = revocation.is(Type::PreviousCertificatesRevoked) || (was_trusted && applied.is_converged);
    let step = |type_: Type, is_done: bool, done: String, waiting: &str| {
        let (reason, message) =
            if is_done { (Reason::AsExpected, done) } else { (Reason::RolloutInProgress, waiting.to_owned()) };
        Verdict::new(type_, is_done, reason, message)
    };
    let former = &revocation.previous_name;
    let root = if plan.is_pki_frozen && !is_renewed {
        let message = format!(
            "annotation {} of the HostedCluster keeps its certificates as they are: remove it to have them taken back",
            hoist_api::annotations::DISABLE_PKI_RECONCILIATION
        );
        Verdict::new(Type::RootCertificatesRegenerated, false, FROZEN, message)
    } else {
        step(
            Type::RootCertificatesRegenerated,
            is_renewed,
            format!(
                "Secret {} holds a new authority; the certificate of the former one is in Secret {former}",
                class.signer
            ),
            "the former authority's certificate is put aside first",
        )
    };
    vec![
        Verdict::new(
            Type::SignerClassValid,
            true,
            Reason::AsExpected,
            format!("signer class {} is known", revocation.request.spec.signer_class),
        ),
        root,
        step(
            Type::LeafCertificatesRegenerated,
            is_reissued,
            format!("the certificate in Secret {} is signed by the new authority", class.client),
            "waiting for the new authority",
        ),
        step(
            Type::NewCertificatesTrusted,
            is_trusted,
            "every pod of kube-apiserver takes certificates of the new authority".to_owned(),
            "kube-apiserver is being rolled out with both authorities",
        ),
        step(
            Type::PreviousCertificatesRevoked,
            is_revoked,
            "no pod of kube-apiserver takes certificates of the former authority; ask for new ones with a new CertificateSigningRequest"
                .to_owned(),
            "certificates of the former authority still count until every pod of kube-apiserver knows the new one",
        ),
    ]
}

#[cfg(test)]
mod tests;
