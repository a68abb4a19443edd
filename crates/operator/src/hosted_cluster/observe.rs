//! What a pass over a HostedCluster reads.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join_all;
use hoist_api::{HostedCluster, HostedControlPlane, names};
use hoist_controller::ApiError;
use hoist_plan::Observed as Facts;
use hoist_plan::observed::Management;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::{Api, ResourceExt};

use super::namespace_of;
use crate::bootstrap_server::data_of;
use crate::context::Context;
use crate::copies::{self, Named};
use crate::hosted_control_plane::versions;
use crate::kept_releases;
use crate::releases::Failure;
use crate::supported_releases;

/// What was read.
pub struct Observed {
    /// What validation judges by; Secrets and ConfigMaps by the names that the user gave them.
    pub facts: Facts,
    /// Why the release cannot be read, if so.
    pub release_failure: Option<Failure>,
    /// What the spec names.
    pub named: Vec<Named>,
    /// The control plane as it is.
    pub control_plane: Option<HostedControlPlane>,
    /// Minor versions that this installation offers; empty when it does not say.
    pub supported: Vec<String>,
}

/// Reads it, all at once where nothing depends on anything.
pub async fn observe(ctx: &Context, hosted_cluster: &HostedCluster) -> Result<Observed, ApiError> {
    let namespace = hosted_cluster.namespace().unwrap_or_default();
    let secrets_api: Api<Secret> = Api::namespaced(ctx.client.clone(), &namespace);
    let maps_api: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &namespace);
    let control_planes: Api<HostedControlPlane> = Api::namespaced(ctx.client.clone(), &namespace_of(hosted_cluster));
    let own_maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &ctx.settings.namespace);
    let named = copies::named(hosted_cluster);
    let (secret_names, map_names): (Vec<&Named>, Vec<&Named>) = named.iter().partition(|named| named.is_secret);
    let secrets = try_join_all(secret_names.iter().map(|named| ctx.calls.get(&secrets_api, &named.original)));
    let maps = try_join_all(map_names.iter().map(|named| ctx.calls.get(&maps_api, &named.original)));
    let name = hosted_cluster.name_any();
    let (secrets, maps, control_plane, supported) = futures::try_join!(
        secrets,
        maps,
        ctx.calls.get(&control_planes, &name),
        ctx.calls.get(&own_maps, names::SUPPORTED_VERSIONS),
    )?;
    let versions: BTreeMap<(bool, String), Option<String>> = secrets
        .iter()
        .flatten()
        .map(|secret| ((true, secret.name_any()), secret.resource_version()))
        .chain(maps.iter().flatten().map(|map| ((false, map.name_any()), map.resource_version())))
        .collect();
    ctx.references
        .saw(&namespace, &name, &named, |named| versions.get(&(named.is_secret, named.original.clone()))?.as_ref());
    let secrets: BTreeMap<_, _> =
        secrets.into_iter().flatten().map(|secret| (secret.name_any(), data_of(secret))).collect();
    let config_maps: BTreeMap<_, _> =
        maps.into_iter().flatten().map(|map| (map.name_any(), map.data.unwrap_or_default())).collect();
    let pull_secret = secrets.get(&hosted_cluster.spec.pull_secret.name).and_then(|data| data.get(".dockerconfigjson"));
    let release = match pull_secret {
        Some(pull_secret) => {
            let image = control_plane_image(hosted_cluster);
            kept_releases::get(ctx, &namespace_of(hosted_cluster), image, Some(pull_secret)).await
        }
        // What is wrong is the missing pull secret, and validation says so.
        None => Err(Failure {
            reason: "PullSecretMissing".to_owned(),
            message: format!(
                "release image {} was not read: the pull secret is missing; create it first",
                control_plane_image(hosted_cluster)
            ),
            is_transient: false,
        }),
    };
    let control_plane_version =
        control_plane.as_ref().and_then(|found| found.status.as_ref()?.control_plane_version.clone());
    let router = ctx.settings.router_facts();
    let taken_routes = match &router {
        Some(router) => ctx.hosted_clusters.older_routes(hosted_cluster, router.domain.as_deref()),
        None => Vec::new(),
    };
    Ok(Observed {
        release_failure: release.as_ref().err().cloned(),
        facts: Facts {
            release: release.map(Arc::unwrap_or_clone).map_err(Into::into),
            running_version: versions::completed(control_plane_version.as_ref()),
            secrets,
            config_maps,
            management: Management { router, taken_routes, ..ctx.management.facts() },
            now: ctx.clock.now(),
        },
        named,
        control_plane,
        supported: supported.as_ref().map(supported_releases::minors).unwrap_or_default(),
    })
}

/// Release image of the control plane.
pub fn control_plane_image(hosted_cluster: &HostedCluster) -> &str {
    let spec = &hosted_cluster.spec;
    spec.control_plane_release.as_ref().map_or(&spec.release.image, |release| &release.image)
}
