//! Storing again what is encrypted at rest, so that nothing is left that only a former key decrypts.
//!
//! An empty patch is enough: kube-apiserver writes an unchanged object whose stored form was made with another key than the
//! first, and writes nothing otherwise. So neither a change of somebody else's can be lost, nor does it cost anything to begin
//! again after the operator was killed. Only metadata is read.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use hoist_controller::{ApiError, ObjectId, error_chain};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{ListParams, Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Shared;
use crate::context::Context;

/// Objects of one page.
const PAGE: u32 = 200;
/// How many are written at a time: the hosted cluster's users come first.
const AT_A_TIME: usize = 8;
/// First and longest pause after a failure; rights that were just given are seen a moment later.
const RETRY: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(15));

/// How far storing again is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// For which migration.
    pub migration: String,
    /// Number of objects, or why it is not done.
    pub outcome: Result<usize, String>,
}

/// Stores everything again whenever another migration is asked for, until it succeeds.
pub async fn keep(ctx: Arc<Context>, shared: Arc<Shared>) {
    let mut wanted = shared.migration.subscribe();
    let mut retry = RETRY.0;
    loop {
        let migration = wanted.borrow_and_update().clone();
        let pause = match migration {
            Some(migration) if !is_done(&shared, &migration) => {
                let outcome = rewrite(&shared).await;
                let namespace = &shared.connection.namespace;
                match &outcome {
                    Ok(count) => tracing::info!(namespace, count, "stored everything again with another key"),
                    Err(error) => {
                        tracing::warn!(namespace, error = error_chain(error), "not everything was stored again");
                    }
                }
                let pause = outcome.is_err().then_some(retry);
                // The right to it is given in the same moment, and seen a little later.
                let is_too_early = retry < RETRY.1 && outcome.as_ref().is_err_and(ApiError::is_forbidden);
                retry = if pause.is_some() { (retry * 2).min(RETRY.1) } else { RETRY.0 };
                if !is_too_early {
                    let migration = migration.as_ref().clone();
                    let outcome = outcome.map_err(|error| error_chain(&error));
                    shared.learn(&ctx, |state| state.rewritten = Some(Rewritten { migration, outcome }));
                }
                pause
            }
            _ => None,
        };
        let is_over = match pause {
            None => wanted.changed().await.is_err(),
            Some(pause) => tokio::select! {
                changed = wanted.changed() => changed.is_err(),
                () = tokio::time::sleep(pause) => false,
            },
        };
        if is_over {
            return;
        }
    }
}

fn is_done(shared: &Shared, migration: &str) -> bool {
    let state = shared.state();
    state.rewritten.as_ref().is_some_and(|last| last.migration == migration && last.outcome.is_ok())
}

/// Stores every object again whose kind is encrypted; see `hoist_control_plane::encryption::RESOURCES`.
pub(super) async fn rewrite(shared: &Shared) -> Result<usize, ApiError> {
    Ok(rewrite_kind::<Secret>(shared).await? + rewrite_kind::<ConfigMap>(shared).await?)
}

async fn rewrite_kind<K>(shared: &Shared) -> Result<usize, ApiError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let api: Api<K> = Api::all(shared.client.clone());
    let first = ListParams { limit: Some(PAGE), ..ListParams::default() };
    let mut parameters = first.clone();
    let mut count = 0;
    loop {
        let all = ObjectId::cluster(K::kind(&()), "");
        let page = match shared.calls.run("list", all, api.list_metadata(&parameters)).await {
            // The place where the last page ended is remembered for some minutes only.
            Err(error) if error.status() == Some(410) && parameters.continue_token.is_some() => {
                parameters = first.clone();
                count = 0;
                continue;
            }
            page => page?,
        };
        count += page.items.len();
        stream::iter(page.items)
            .map(|object| rewrite_one::<K>(shared, object))
            .buffer_unordered(AT_A_TIME)
            .try_collect::<Vec<()>>()
            .await?;
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(count),
        }
    }
}

async fn rewrite_one<K>(shared: &Shared, object: PartialObjectMeta<K>) -> Result<(), ApiError>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + DeserializeOwned + Debug,
{
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let api: Api<K> = Api::namespaced(shared.client.clone(), &namespace);
    // The uid keeps an object that was made again meanwhile from being meant.
    let patch = Patch::Merge(json!({"metadata": {"uid": object.uid()}}));
    let id = ObjectId::namespaced(K::kind(&()), namespace, &name);
    let parameters = PatchParams::default();
    let call = shared.calls.run("store again", id, api.patch_metadata(&name, &parameters, &patch));
    match call.await {
        // Gone, made again, or written by somebody else: what is stored now was written with the new key.
        Err(error) if error.is_not_found() || error.is_conflict() => Ok(()),
        other => other.map(drop),
    }
}
