//! What joined hosts say, and what they are told.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use hoist_api::host::{Host, Stage, UpdatePhase};
use hoist_node_config::join::{ORDERS_WAIT_LIMIT, Order, Orders, Report};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use crate::{
    access::{self, Peer},
    app::App,
    join::{cut, record_stage},
    kubernetes,
    refusal::Refusal,
};

/// `POST …/hosts/{name}/report`.
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    access::admit(&app, peer, false)?;
    let host = access::host_of(&app, &namespace, &name, &headers).await?;
    let report: Report = access::read_json(body).await?;
    let message = report.failure.as_ref().map(|failure| {
        let during = report.failed_stage.map(|stage| format!("{stage}: ")).unwrap_or_default();
        cut(&format!("{during}{} (next step: {})", failure.cause, failure.next_step))
    });
    info!(namespace, host = name, stage = %report.stage, message, "host reported");
    let mut status = progress(&host, report.stage, message.as_deref(), app.clock.now());
    if let Some(version) = report.versions.get("kubelet") {
        status["kubeletVersion"] = Value::String(cut(version));
    }
    if let Some(revision) = &report.revision {
        status["revision"] = Value::String(cut(revision));
    }
    if let Some(repair) = &report.last_repair {
        status["lastRepair"] = Value::String(cut(repair));
    }
    let is_updated = host.status.as_ref().is_some_and(|status| status.update.is_some());
    if report.failed_stage == Some(Stage::Updating) && is_updated {
        status["update"] = json!({"phase": UpdatePhase::Failed, "since": Time(app.clock.now()), "message": message});
    }
    write(&app, &namespace, &host, status).await
}

/// `POST …/hosts/{name}/left`.
pub(crate) async fn left(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    access::admit(&app, peer, false)?;
    let host = access::host_of(&app, &namespace, &name, &headers).await?;
    info!(namespace, host = name, "host left");
    update(&app, &namespace, &host, Stage::Left, None).await
}

/// Writes down how far a host is.
pub(crate) async fn update(
    app: &App,
    namespace: &str,
    host: &Host,
    stage: Stage,
    message: Option<String>,
) -> Result<StatusCode, Refusal> {
    write(app, namespace, host, progress(host, stage, message.as_deref(), app.clock.now())).await
}

/// What every report says.
fn progress(host: &Host, stage: Stage, message: Option<&str>, now: Timestamp) -> Value {
    let mut stages = host.status.clone().unwrap_or_default().stages;
    record_stage(&mut stages, stage, now);
    json!({"stage": stage, "message": message, "stages": stages, "lastReportTime": Time(now)})
}

async fn write(app: &App, namespace: &str, host: &Host, status: Value) -> Result<StatusCode, Refusal> {
    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    let name = host.name_any();
    let parameters = PatchParams::default();
    let patch = json!({"status": status});
    let patch = Patch::Merge(&patch);
    kubernetes::optional("update host status", api.patch_status(&name, &parameters, &patch)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Query of an orders request.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    /// Seconds to wait for an order; text, so that nonsense is simply zero.
    #[serde(default)]
    wait: String,
}

/// `GET …/hosts/{name}/orders?wait=50`: answers at once when there is an order, else after the wait.
pub(crate) async fn orders(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Query(wait): Query<Wait>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Json<Orders>, Refusal> {
    access::admit(&app, peer, false)?;
    let seconds = u64::from_str(&wait.wait).unwrap_or(0).min(ORDERS_WAIT_LIMIT);
    // Subscribed before looking, so that nothing can change in between unseen.
    let mut changes = app.hosts.changes();
    let mut host = access::host_of(&app, &namespace, &name, &headers).await?;
    let answered = called(&host).cloned();
    if answered.is_some() {
        answer(&app, &namespace, &host).await?;
    }
    let waiting = async {
        // One that is called comes again to be heard: this request may be of a machine that died since.
        while orders_of(&host).order == Order::None
            && called(&host).is_none_or(|since| answered.as_ref() == Some(since))
        {
            if changes.changed().await.is_err() {
                break;
            }
            match app.hosts.get(&namespace, &name) {
                Some(current) => host = current,
                None => return Err(access::missing(&app, &namespace).await),
            }
        }
        Ok(orders_of(&host))
    };
    let orders = match tokio::time::timeout(Duration::from_secs(seconds), waiting).await {
        Ok(orders) => orders?,
        Err(_) => Orders::plain(Order::None),
    };
    Ok(Json(orders))
}

/// Since when a sign of this host is waited for, if it is.
fn called(host: &Host) -> Option<&Time> {
    let update = host.status.as_ref()?.update.as_ref()?;
    (update.phase == UpdatePhase::Calling).then_some(&update.since)
}

/// Writes down that a host gave the sign. When something else came in between, the operator decides anew.
async fn answer(app: &App, namespace: &str, host: &Host) -> Result<(), Refusal> {
    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    let patch = json!({
        "metadata": {"resourceVersion": host.resource_version()},
        "status": {"update": {"phase": UpdatePhase::Draining, "since": Time(app.clock.now())}},
    });
    let (name, parameters, patch) = (host.name_any(), PatchParams::default(), Patch::Merge(&patch));
    info!(namespace, host = name, "host that is to be repaired gave a sign");
    kubernetes::unless_conflict("update host status", api.patch_status(&name, &parameters, &patch)).await.map(drop)
}

/// A Host that is being deleted waits for its machine to be restored, whoever deletes it and why. One that was told to change
/// is told so until it says that it has.
fn orders_of(host: &Host) -> Orders {
    if host.metadata.deletion_timestamp.is_some() {
        return Orders::plain(Order::Leave);
    }
    let status = host.status.as_ref();
    let ordered = status.and_then(|status| {
        let update = status.update.as_ref()?;
        (update.phase == UpdatePhase::Ordered && !update.is_done(status)).then_some(update)
    });
    match ordered {
        Some(update) => Orders {
            order: match (&update.repair, update.replace) {
                (Some(_), _) => Order::Repair,
                (None, true) => Order::Replace,
                (None, false) => Order::Update,
            },
            revision: Some(update.revision.clone()),
            repair: update.repair.clone(),
        },
        None => Orders::plain(Order::None),
    }
}
