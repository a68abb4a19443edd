//! A HostedCluster that stays readable for a while after everything else of it is gone.

use std::time::Duration;

use hoist_api::HostedCluster;
use hoist_api::annotations::DESTROY_GRACE_PERIOD;
use hoist_api::conditions::{ConditionType, Reason};
use hoist_controller::ApiError;
use hoist_controller::conditions::{Verdict, find, merge};
use hoist_controller::lease::elapsed_since;
use kube::{Api, ResourceExt};

use crate::context::Context;

/// How much of the grace period is left; says since when it runs. `None` when it is over, or none was asked for.
pub async fn left(
    ctx: &Context,
    api: &Api<HostedCluster>,
    hosted_cluster: &HostedCluster,
) -> Result<Option<Duration>, ApiError> {
    let text = hosted_cluster.annotations().get(DESTROY_GRACE_PERIOD);
    // What is no duration was told of while the cluster lived, and holds nothing up.
    let Some(period) = text.and_then(|text| hoist_api::duration::parse(text)) else { return Ok(None) };
    let before = hosted_cluster.status.clone().unwrap_or_default();
    let now = ctx.clock.now();
    let said = find(&before.conditions, ConditionType::HostedClusterDestroyed);
    if let Some(since) = said.filter(|said| said.status == "True").map(|said| said.last_transition_time.0) {
        let left = period.saturating_sub(elapsed_since(since, now));
        return Ok((!left.is_zero()).then_some(left));
    }
    if period.is_zero() {
        return Ok(None);
    }
    let type_ = ConditionType::HostedClusterDestroyed;
    let mut verdicts: Vec<Verdict> =
        before.conditions.iter().filter(|said| said.type_ != type_.as_ref()).map(Verdict::copied).collect();
    let message = format!("Grace period set: {}", text.map(String::as_str).unwrap_or_default());
    verdicts.push(Verdict::new(type_, true, Reason::WaitingForGracefulDestroy, message));
    let mut status = before.clone();
    status.conditions = merge(&before.conditions, &verdicts, hosted_cluster.metadata.generation, now);
    ctx.calls.publish_status(api, hosted_cluster, hosted_cluster.status.as_ref(), &status).await?;
    Ok(Some(period))
}
