//! Clearing away join tokens that nobody can use any more.
//!
//! They are kept for a day after their end, so that `hcp list join-token` can still say why a host was refused.

use std::sync::Arc;
use std::time::Duration;

use hoist_api::JoinToken;
use hoist_controller::{ApiError, error_chain};
use jiff::{SignedDuration, Timestamp};
use kube::api::{DeleteParams, ListParams};
use kube::{Api, ResourceExt};

use crate::context::Context;

const KEPT: SignedDuration = SignedDuration::from_hours(24);
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Clears away once an hour.
pub async fn clear(ctx: Arc<Context>) {
    loop {
        if let Err(error) = clear_once(&ctx).await {
            tracing::warn!(error = error_chain(&error), "old join tokens were not cleared away");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn clear_once(ctx: &Context) -> Result<(), ApiError> {
    let everywhere: Api<JoinToken> = Api::all(ctx.client.clone());
    let now = ctx.clock.now();
    for token in ctx.calls.list(&everywhere, &ListParams::default()).await? {
        if is_over(&token, now) {
            let api: Api<JoinToken> = Api::namespaced(ctx.client.clone(), &token.namespace().unwrap_or_default());
            ctx.calls.delete(&api, &token.name_any(), &DeleteParams::default()).await?;
        }
    }
    Ok(())
}

fn is_over(token: &JoinToken, now: Timestamp) -> bool {
    now.duration_since(token.spec.expiration_time.0) > KEPT
}

#[cfg(test)]
mod tests {
    use hoist_api::join_token::JoinTokenSpec;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    #[test]
    fn a_token_is_kept_for_a_day_after_its_end() {
        let now = hoist_testkit::fixtures::now();
        let ended = |hours: i64| {
            let spec = JoinTokenSpec {
                node_pool: "demo".to_owned(),
                secret_hash: "00".repeat(32),
                expiration_time: Time(now - SignedDuration::from_hours(hours)),
                uses: 1,
                revoked: false,
            };
            JoinToken::new("abcdef", spec)
        };
        assert!(!is_over(&ended(23), now));
        assert!(is_over(&ended(25), now));
    }
}
