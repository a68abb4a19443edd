//! Keeping a hosted cluster's ClusterVersion and ClusterOperators as the last pass over its control plane judged them.

use std::sync::Arc;
use std::time::Duration;

use hoist_api::config::{ClusterOperator, ClusterVersion, cluster_version};
use hoist_api::dynamic::dynamic;
use hoist_controller::{ApiError, Scope, error_chain, resources};
use hoist_guest::{apply_sets, cluster_config};
use kube::Api;

use super::Shared;
use crate::context::Context;
use crate::hosted_control_plane::cluster_operators::Part;
use crate::hosted_control_plane::cluster_version::Version;

/// Somebody in the hosted cluster may have changed what we wrote; nobody watches for that.
const LOOK_AGAIN: Duration = Duration::from_secs(5 * 60);
/// First and longest pause after a failure: a CRD that was just made is served some hundred milliseconds later.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// What the hosted cluster shall say of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Its identity and update settings.
    pub settings: cluster_config::Settings,
    /// Its parts.
    pub parts: Vec<Part>,
    /// Its versions.
    pub version: Version,
}

/// Writes the report whenever it changes, and looks after it from time to time.
pub async fn keep(ctx: Arc<Context>, shared: Arc<Shared>) {
    let mut wanted = shared.report.subscribe();
    let mut retry = RETRY.0;
    let mut has_crds = false;
    loop {
        let report = wanted.borrow_and_update().clone();
        let pause = match report {
            None => LOOK_AGAIN,
            Some(report) => match publish(&ctx, &shared, &report, &mut has_crds).await {
                Ok(()) => {
                    retry = RETRY.0;
                    LOOK_AGAIN
                }
                Err(error) => {
                    // A CRD may have been taken away.
                    has_crds &= !error.is_not_found();
                    let namespace = &shared.connection.namespace;
                    let error = error_chain(&error);
                    tracing::debug!(namespace, error, "ClusterVersion and ClusterOperators were not written");
                    let pause = retry;
                    retry = (retry * 2).min(RETRY.1);
                    pause
                }
            },
        };
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(pause) => {}
        }
    }
}

pub(super) async fn publish(
    ctx: &Context,
    shared: &Shared,
    report: &Report,
    has_crds: &mut bool,
) -> Result<(), ApiError> {
    if !*has_crds {
        let scope = Scope {
            name: apply_sets::DEFINITIONS.to_owned(),
            namespace: None,
            kinds: vec![resources::resource("apiextensions.k8s.io/v1", "CustomResourceDefinition")],
        };
        let mut pass = shared.sets.begin(&shared.admin, &scope).await?;
        pass.apply(cluster_config::crds()).await?;
        let outcome = pass.finish().await?;
        ctx.metrics.wrote("guest", outcome.applied + outcome.swept);
        *has_crds = true;
    }
    let scope = Scope {
        name: apply_sets::CLUSTER_CONFIG.to_owned(),
        namespace: None,
        kinds: ["ClusterVersion", "ClusterOperator"]
            .map(|kind| resources::resource("config.openshift.io/v1", kind))
            .to_vec(),
    };
    let mut pass = shared.sets.begin(&shared.client, &scope).await?;
    let mut objects = vec![dynamic(&cluster_config::cluster_version(&report.settings))];
    objects.extend(report.parts.iter().map(|part| dynamic(&cluster_config::cluster_operator(part.name))));
    pass.apply(objects).await?;
    let now = ctx.clock.now();
    let mut written = 0;
    let operators: Api<ClusterOperator> = Api::all(shared.client.clone());
    for part in &report.parts {
        let Some(live) = pass.typed::<ClusterOperator>(part.name) else { continue };
        let status = part.status(live.status.as_ref(), now);
        written += usize::from(shared.calls.publish_status(&operators, &live, live.status.as_ref(), &status).await?);
    }
    let versions: Api<ClusterVersion> = Api::all(shared.client.clone());
    if let Some(live) = pass.typed::<ClusterVersion>(cluster_version::NAME) {
        let status = report.version.status(&live, now);
        written += usize::from(shared.calls.publish_status(&versions, &live, live.status.as_ref(), &status).await?);
    }
    let outcome = pass.finish().await?;
    ctx.metrics.wrote("guest", outcome.applied + outcome.swept + written);
    Ok(())
}
