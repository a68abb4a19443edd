//! What is written into a Host's status, of what its machine says.

use axum::http::StatusCode;
use hoist_api::host::{Host, Stage, StageTime};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{app::App, kubernetes, refusal::Refusal};

/// Most characters of any text of a host's own.
const MOST_TEXT: usize = 512;

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
pub(crate) fn progress(host: &Host, stage: Stage, message: Option<&str>, now: Timestamp) -> Value {
    let mut stages = host.status.clone().unwrap_or_default().stages;
    record_stage(&mut stages, stage, now);
    json!({"stage": stage, "message": message, "stages": stages, "lastReportTime": Time(now)})
}

/// Writes `status` over what is there.
pub(crate) async fn write(app: &App, namespace: &str, host: &Host, status: Value) -> Result<StatusCode, Refusal> {
    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    let name = host.name_any();
    let parameters = PatchParams::default();
    let patch = json!({"status": status});
    let patch = Patch::Merge(&patch);
    kubernetes::optional("update host status", api.patch_status(&name, &parameters, &patch)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes when a stage was entered; entering it again moves the time.
pub(crate) fn record_stage(stages: &mut Vec<StageTime>, stage: Stage, now: Timestamp) {
    stages.retain(|entry| entry.stage != stage);
    stages.push(StageTime { stage, time: Time(now) });
}

/// Strangers' texts go into objects and logs: of bounded length and without control characters.
pub(crate) fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn texts_of_strangers_are_cut_and_cleaned() {
        assert_eq!(cut("a\nb\u{1b}[31m"), "ab[31m");
        assert_eq!(cut(&"x".repeat(1000)).len(), MOST_TEXT);
    }

    #[test]
    fn a_stage_entered_again_is_listed_once_and_last() {
        let (early, late) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(5));
        let mut stages = Vec::new();
        record_stage(&mut stages, Stage::Contacted, early);
        record_stage(&mut stages, Stage::Failed, early);
        record_stage(&mut stages, Stage::Contacted, late);
        let listed: Vec<_> = stages.iter().map(|entry| (entry.stage, entry.time.0)).collect();
        assert_eq!(listed, [(Stage::Failed, early), (Stage::Contacted, late)]);
    }
}
