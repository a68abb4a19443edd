//! What joined hosts say of themselves.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use hoist_api::host::{Stage, UpdatePhase};
use hoist_node_config::join::Report;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use tracing::info;

use crate::{
    access::{self, Peer},
    app::App,
    host_status::{cut, progress, update, write},
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
