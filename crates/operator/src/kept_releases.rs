//! The releases that a control plane runs, kept beside it: a registry that is away must not make a running cluster invalid, not
//! even when the operator starts anew meanwhile.
//!
//! Only a registry that cannot be reached is answered from here. One that refuses access or lacks the image is believed.

use std::collections::BTreeMap;
use std::sync::Arc;

use hoist_plan::Identity;
use hoist_release::Release;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::context::Context;
use crate::releases::Failure;

/// The ConfigMap in each control plane namespace.
pub const NAME: &str = "releases";
const KEY: &str = "releases.json";

/// The ConfigMap with what was read, by the reference that the user gave.
pub fn config_map<'a>(identity: &Identity, releases: impl IntoIterator<Item = (&'a str, &'a Release)>) -> ConfigMap {
    let releases: BTreeMap<&str, &Release> = releases.into_iter().collect();
    let text = serde_json::to_string(&releases).unwrap_or_default();
    ConfigMap { metadata: identity.metadata(NAME), data: Some([(KEY.to_owned(), text)].into()), ..ConfigMap::default() }
}

/// The release behind `image`, from the registry, or from the control plane namespace while the registry is away.
pub async fn get(
    ctx: &Context,
    namespace: &str,
    image: &str,
    pull_secret: Option<&[u8]>,
) -> Result<Arc<Release>, Failure> {
    let outcome = ctx.releases.get(image, pull_secret).await;
    let Err(failure) = &outcome else { return outcome };
    if !failure.is_transient {
        return outcome;
    }
    match recall(ctx, namespace, image).await {
        Some(release) => {
            tracing::warn!(
                image,
                namespace,
                cause = failure.message,
                "the registry is away; the release is the one kept"
            );
            Ok(ctx.releases.remember(image, pull_secret, release).await)
        }
        None => outcome,
    }
}

/// A namespace that does not exist yet, or in which the operator has no rights yet, keeps nothing.
async fn recall(ctx: &Context, namespace: &str, image: &str) -> Option<Release> {
    let api: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), namespace);
    let kept = ctx.calls.get(&api, NAME).await.ok()??;
    let mut releases: BTreeMap<String, Release> = serde_json::from_str(kept.data?.get(KEY)?).ok()?;
    releases.remove(image)
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;

    use super::*;
    use crate::fixtures::{context, fake};
    use crate::hosted_cluster::build;

    fn keeping(image: &str) -> ConfigMap {
        let release = fixtures::release("1.36.3");
        let identity = build::identity(&fixtures::hosted_cluster());
        config_map(&identity, [(image, &release)])
    }

    #[tokio::test]
    async fn a_registry_that_is_away_is_answered_from_the_namespace_even_by_a_new_operator() {
        let away = format!("{}:away", fixtures::REPOSITORY);
        let fake = fake().with(&keeping(&away));
        let ctx = context(&fake);
        assert!(get(&ctx, "clusters-other", &away, Some(b"{}")).await.is_err(), "another cluster's releases");
        let ctx = context(&fake);
        let release = get(&ctx, "clusters-demo", &away, Some(b"{}")).await.unwrap();
        assert_eq!(*release, fixtures::release("1.36.3"));
        assert!(ctx.releases.get(&away, Some(b"{}")).await.is_ok(), "it is remembered");
    }

    #[tokio::test]
    async fn a_registry_that_refuses_is_believed() {
        let locked = format!("{}:locked", fixtures::REPOSITORY);
        let ctx = context(&fake().with(&keeping(&locked)));
        assert_eq!(get(&ctx, "clusters-demo", &locked, Some(b"{}")).await.unwrap_err().reason, "RegistryUnauthorized");
    }
}
