//! A host's first contact: token checked, Host written, credential awaited.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
};
use hoist_api::host::{
    BootstrapCredential, CREDENTIAL_ISSUED, CREDENTIAL_REFUSED, Host, HostFactsSummary, HostSpec, NODE_NAME_TAKEN,
    Stage,
};
use hoist_node_config::{
    Endpoint,
    join::{Credential, JoinRequest, JoinResponse},
    validate_node_name,
};
use hoist_pki::CertificateRequest;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, ResourceExt as _,
    api::{ObjectMeta, Patch, PatchParams, PostParams},
};
use serde_json::json;
use tracing::info;

use crate::{
    access::{self, Peer},
    app::App,
    host_status::{self, cut, record_stage},
    kubernetes,
    metrics::JoinOutcome,
    refusal::Refusal,
    tokens,
};

/// Longest that the operator is waited for before the host is asked to come again.
const CREDENTIAL_DEADLINE: Duration = Duration::from_secs(20);
/// A credential that ends sooner would not last through a slow join.
const LEAST_VALIDITY: SignedDuration = SignedDuration::from_secs(120);
/// Most addresses a host may report.
const MOST_ADDRESSES: usize = 16;
/// Certificate requests of P-256 keys have about 500 bytes.
const MOST_REQUEST: usize = 8 * 1024;

/// `POST /v1/clusters/{namespace}/join`.
pub(crate) async fn join(
    State(app): State<Arc<App>>,
    Path(namespace): Path<String>,
    Extension(peer): Extension<Peer>,
    body: Body,
) -> Result<Json<JoinResponse>, Refusal> {
    let answer = admitted(&app, &namespace, peer, body).await;
    app.metrics.joined(match &answer {
        Ok(_) => JoinOutcome::Accepted,
        Err(Refusal::Token) => JoinOutcome::WrongToken,
        Err(Refusal::Conflict(_)) => JoinOutcome::Conflict,
        Err(Refusal::NotAdmitted(_)) => JoinOutcome::NotAdmitted,
        Err(Refusal::TooMany) => JoinOutcome::TooMany,
        Err(Refusal::Unavailable(_)) => JoinOutcome::Unavailable,
        Err(_) => JoinOutcome::Malformed,
    });
    answer.map(Json)
}

async fn admitted(app: &App, namespace: &str, peer: Peer, body: Body) -> Result<JoinResponse, Refusal> {
    access::admit(app, peer, true)?;
    let request: JoinRequest = access::read_json(body).await?;
    let now = app.clock.now();
    let signing_request =
        if request.csr_pem.len() <= MOST_REQUEST { CertificateRequest::from_pem(&request.csr_pem).ok() } else { None };
    let fingerprint = signing_request.map(|request| request.key_fingerprint);
    let token = tokens::check(&app.client, namespace, &request.token, fingerprint.as_deref(), now).await?;
    let fingerprint = fingerprint.ok_or_else(|| {
        Refusal::Malformed("csrPem is not a certificate signing request signed by its key".to_owned())
    })?;
    validate(&request)?;

    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    let name = request.node_name.clone();
    let existing = kubernetes::optional("get host", api.get(&name)).await?;
    if let Some(host) = &existing {
        same_host(host, &fingerprint)?;
    }
    let token_name = token.name_any();
    let node_pool = token.spec.node_pool.clone();
    tokens::count_use(&app.client, namespace, token, &fingerprint, &name, now).await?;

    let report_token = tokens::random();
    let spec = HostSpec {
        node_pool: node_pool.clone(),
        node_name: name.clone(),
        key_fingerprint: fingerprint.clone(),
        certificate_signing_request: request.csr_pem.clone(),
        addresses: request.addresses.iter().map(ToString::to_string).collect(),
        seen_address: peer.address().to_string(),
        token: token_name,
        report_token_hash: tokens::hash(report_token.expose()),
        facts: summary(&request),
    };
    let host = write(&api, existing, spec, &fingerprint).await?;
    let host = publish_stage(&api, &host, &request, now).await?;
    info!(namespace, host = name, node_pool, peer = %peer.address(), failed = request.failure.is_some(), "host contacted");
    let host_uid = host.metadata.uid.clone().unwrap_or_default();
    let credential = match request.failure {
        Some(_) => None,
        None => Some(match await_credential(app, namespace, host.clone(), now).await {
            Err(Refusal::NotAdmitted(cause)) => {
                host_status::update(app, namespace, &host, Stage::Failed, Some(cause.clone())).await?;
                return Err(Refusal::NotAdmitted(cause));
            }
            other => other?,
        }),
    };
    Ok(JoinResponse { host_uid, report_token, node_pool, credential })
}

fn validate(request: &JoinRequest) -> Result<(), Refusal> {
    validate_node_name(&request.node_name).map_err(|cause| Refusal::Malformed(cause.to_string()))?;
    if request.addresses.len() > MOST_ADDRESSES {
        return Err(Refusal::Malformed(format!("more than {MOST_ADDRESSES} addresses")));
    }
    Ok(())
}

fn same_host(host: &Host, fingerprint: &str) -> Result<(), Refusal> {
    if host.spec.key_fingerprint != fingerprint {
        let name = host.name_any();
        let address = host.spec.addresses.first().unwrap_or(&host.spec.seen_address);
        return Err(Refusal::Conflict(format!(
            "the node name {name} belongs to another host, which has address {address}; give this one another name with \
             --node-name, or remove the other with `hcp remove host {name}`"
        )));
    }
    if host.metadata.deletion_timestamp.is_some() {
        return Err(Refusal::Conflict(format!(
            "host {} is still leaving; try again in a few seconds",
            host.name_any()
        )));
    }
    Ok(())
}

/// Creates the Host, or brings the existing one up to date.
async fn write(api: &Api<Host>, existing: Option<Host>, spec: HostSpec, fingerprint: &str) -> Result<Host, Refusal> {
    let name = spec.node_name.clone();
    if existing.is_none() {
        let mut host = Host::new(&name, spec.clone());
        host.metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let parameters = PostParams::default();
        if let Some(host) = kubernetes::unless_conflict("create host", api.create(&parameters, &host)).await? {
            return Ok(host);
        }
        // Another request made it since we looked: whose is it?
        let host = kubernetes::optional("get host", api.get(&name)).await?;
        same_host(&host.ok_or(Refusal::NoHost)?, fingerprint)?;
    }
    let parameters = PatchParams::default();
    let patch = json!({"spec": spec});
    let patch = Patch::Merge(&patch);
    kubernetes::optional("update host", api.patch(&name, &parameters, &patch)).await?.ok_or(Refusal::NoHost)
}

/// Says in the Host how far it is, and asks for a new credential when the one there is too old or for another request.
async fn publish_stage(api: &Api<Host>, host: &Host, request: &JoinRequest, now: Timestamp) -> Result<Host, Refusal> {
    let status = host.status.clone().unwrap_or_default();
    let (stage, message) = match &request.failure {
        Some(failure) => (Stage::Failed, format!("{} (next step: {})", failure.cause, failure.next_step)),
        None => (Stage::Credential, "waiting for its credential".to_owned()),
    };
    let mut stages = status.stages;
    for stage in [Stage::Contacted, Stage::Preflight, stage] {
        record_stage(&mut stages, stage, now);
    }
    let mut patch = json!({"status": {
        "stage": stage, "message": cut(&message), "stages": stages, "lastReportTime": Time(now),
    }});
    if status.bootstrap.is_some_and(|credential| !is_usable(&credential, now)) {
        patch["status"]["bootstrap"] = json!(null);
    }
    let name = host.name_any();
    let parameters = PatchParams::default();
    let patch = Patch::Merge(&patch);
    kubernetes::optional("update host status", api.patch_status(&name, &parameters, &patch))
        .await?
        .ok_or(Refusal::NoHost)
}

fn is_usable(credential: &BootstrapCredential, now: Timestamp) -> bool {
    credential.not_after.0.duration_since(now) >= LEAST_VALIDITY
}

/// Why the operator gives this host no credential. What it said about an earlier request of the host does not count: each
/// request changes the Host.
fn refused(host: &Host) -> Option<String> {
    let conditions = &host.status.as_ref()?.conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == CREDENTIAL_ISSUED)?;
    let is_final =
        condition.status == "False" && [NODE_NAME_TAKEN, CREDENTIAL_REFUSED].contains(&condition.reason.as_str());
    let is_current = condition.observed_generation >= host.metadata.generation;
    (is_final && is_current).then(|| cut(&condition.message))
}

async fn await_credential(app: &App, namespace: &str, host: Host, now: Timestamp) -> Result<Credential, Refusal> {
    let name = host.name_any();
    let uid = host.metadata.uid.clone();
    let mut changes = app.hosts.changes();
    let found = async {
        let mut host = Arc::new(host);
        loop {
            // An older object of the same name must not lend its credential to this one.
            let is_this = host.metadata.uid == uid;
            let credential = host.status.as_ref().and_then(|status| status.bootstrap.as_ref());
            if let Some(credential) = credential.filter(|credential| is_this && is_usable(credential, now)) {
                return Ok(credential.clone());
            }
            if let Some(cause) = refused(&host).filter(|_| is_this) {
                return Err(Refusal::NotAdmitted(cause));
            }
            changes.changed().await.map_err(|_| Refusal::Unavailable("the server is stopping".to_owned()))?;
            if let Some(current) = app.hosts.get(namespace, &name) {
                host = current;
            }
        }
    };
    let credential = tokio::time::timeout(CREDENTIAL_DEADLINE, found).await.map_err(|_| {
        Refusal::Unavailable(
            "the operator has not issued this host's credential yet; is the cluster's API up?".to_owned(),
        )
    })??;
    Ok(Credential {
        certificate_pem: credential.certificate,
        certificate_authority_pem: credential.certificate_authority,
        api_endpoints: credential.api_endpoints.iter().filter_map(|text| parse_endpoint(text)).collect(),
        not_after: credential.not_after.0.to_string(),
    })
}

/// Reads `host:port` or `[address]:port`.
fn parse_endpoint(text: &str) -> Option<Endpoint> {
    let (host, port) = text.rsplit_once(':')?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some(Endpoint::new(host, port.parse().ok()?))
}

fn summary(request: &JoinRequest) -> HostFactsSummary {
    let facts = &request.facts;
    HostFactsSummary {
        os_image: cut(&facts.os_release.pretty_name),
        os_id: cut(&facts.os_release.id),
        kernel: cut(&facts.kernel),
        architecture: cut(&facts.architecture),
        cpus: facts.cpus,
        memory_mebibytes: facts.memory_bytes >> 20,
        hoist_version: cut(&request.hoist_version),
    }
}

#[cfg(test)]
mod unit_tests {
    use super::*;

    #[test]
    fn endpoints_of_both_families_are_read() {
        let endpoint = |host: &str| Some(Endpoint::new(host, 30443));
        assert_eq!(parse_endpoint("192.0.2.1:30443"), endpoint("192.0.2.1"));
        assert_eq!(parse_endpoint("[2001:db8::1]:30443"), endpoint("2001:db8::1"));
        assert_eq!(parse_endpoint("api.example.net"), None);
    }
}
