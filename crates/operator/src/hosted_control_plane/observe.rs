//! What a pass over a HostedControlPlane reads. Only here, in `apply` and in `status` is there a client.

use std::collections::BTreeMap;
use std::sync::Arc;

use hoist_api::certificates::CertificateRevocationRequest;
use hoist_api::{Host, HostedControlPlane, NodePool, labels, names};
use hoist_controller::ApiError;
use hoist_plan::Observed as Facts;
use hoist_plan::observed::Management;
use hoist_release::Release;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::ResourceExt;
use kube::api::{Api, ListParams};

use super::versions;
use crate::context::Context;
use crate::node_pool::configuration;
use crate::releases::Failure;
use crate::{copies, kept_releases};

/// What was read.
pub struct Observed {
    /// What validation judges by.
    pub facts: Facts,
    /// Copies of what the HostedCluster's spec names.
    pub secrets: Vec<Secret>,
    /// Likewise.
    pub config_maps: Vec<ConfigMap>,
    /// Pods of the control plane.
    pub pods: Vec<Pod>,
    /// NodePools of the cluster, each with its release.
    pub node_pools: Vec<(NodePool, Result<Arc<Release>, Failure>)>,
    /// Reference of the release image that the control plane shall run.
    pub image: String,
    /// Content of the pull secret.
    pub pull_secret: Vec<u8>,
    /// What the installation offers.
    pub supported: Option<ConfigMap>,
    /// Requests to take break-glass certificates back.
    pub revocations: Vec<CertificateRevocationRequest>,
    /// Authorities of registries, PEM: the operator's and the cluster's own.
    pub trust_bundle: String,
    /// The cluster's own part of it.
    pub own_trust_bundle: String,
    /// What the ConfigMaps of each NodePool say, by its name; pools whose ConfigMaps cannot be read are missing.
    pub pool_configurations: BTreeMap<String, configuration::Checked>,
    /// Hosts of the cluster.
    pub hosts: Vec<Host>,
}

/// Reads it, all at once.
pub async fn observe(
    ctx: &Context,
    control_plane: &HostedControlPlane,
    hosted_cluster: &(String, String),
) -> Result<Observed, ApiError> {
    let namespace = control_plane.namespace().unwrap_or_default();
    let copied = ListParams::default().labels(&format!("{}={}", labels::APPLY_SET, copies::SET));
    let of_components = ListParams::default().labels(labels::CONTROL_PLANE_COMPONENT);
    let secrets: Api<Secret> = Api::namespaced(ctx.client.clone(), &namespace);
    let config_maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &namespace);
    let pods: Api<Pod> = Api::namespaced(ctx.client.clone(), &namespace);
    let node_pools: Api<NodePool> = Api::namespaced(ctx.client.clone(), &hosted_cluster.0);
    let own_maps: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), &ctx.settings.namespace);
    let revocations: Api<CertificateRevocationRequest> = Api::namespaced(ctx.client.clone(), &namespace);
    let everything = ListParams::default();
    let hosts: Api<Host> = Api::namespaced(ctx.client.clone(), &namespace);
    let (secrets, config_maps, pods, node_pools, supported, hosts, revocations) = futures::try_join!(
        ctx.calls.list(&secrets, &copied),
        ctx.calls.list(&config_maps, &copied),
        ctx.calls.list(&pods, &of_components),
        ctx.calls.list(&node_pools, &everything),
        ctx.calls.get(&own_maps, names::SUPPORTED_VERSIONS),
        ctx.calls.list(&hosts, &everything),
        ctx.calls.list(&revocations, &everything),
    )?;
    let pull_secret = content(&secrets, copies::PULL_SECRET, ".dockerconfigjson");
    let image = control_plane
        .spec
        .control_plane_release_image
        .clone()
        .unwrap_or_else(|| control_plane.spec.release_image.clone());
    let release = kept_releases::get(ctx, &namespace, &image, Some(&pull_secret)).await;
    let mut with_releases = Vec::new();
    for pool in node_pools.into_iter().filter(|pool| pool.spec.cluster_name == hosted_cluster.1) {
        let release = kept_releases::get(ctx, &namespace, &pool.spec.release.image, Some(&pull_secret)).await;
        with_releases.push((pool, release));
    }
    let pool_configurations = pool_configurations(ctx, with_releases.iter().map(|(pool, _)| pool)).await?;
    let mut trust_bundle = ctx.releases.trust_bundle().await.unwrap_or_default();
    let own_trust_bundle: String = [copies::TRUST_BUNDLE, copies::PROXY_TRUST_BUNDLE]
        .into_iter()
        .filter_map(|name| config_maps.iter().find(|map| map.name_any() == name)?.data.as_ref()?.get("ca-bundle.crt"))
        .flat_map(|pem| [pem.trim_end(), "\n"])
        .collect();
    if !trust_bundle.is_empty() && !trust_bundle.ends_with('\n') {
        trust_bundle.push('\n');
    }
    trust_bundle.push_str(&own_trust_bundle);
    let status = control_plane.status.as_ref();
    Ok(Observed {
        facts: Facts {
            release: release.map(Arc::unwrap_or_clone).map_err(Into::into),
            running_version: versions::completed(status.and_then(|status| status.control_plane_version.as_ref())),
            secrets: secrets.iter().map(|secret| (secret.name_any(), bytes(secret))).collect(),
            config_maps: config_maps.iter().map(|map| (map.name_any(), map.data.clone().unwrap_or_default())).collect(),
            management: Management { router: ctx.settings.router_facts(), ..ctx.management.facts() },
            now: ctx.clock.now(),
        },
        secrets,
        config_maps,
        pods,
        node_pools: with_releases,
        image,
        pull_secret,
        supported,
        revocations,
        trust_bundle,
        own_trust_bundle,
        pool_configurations,
        hosts,
    })
}

async fn pool_configurations(
    ctx: &Context,
    pools: impl Iterator<Item = &NodePool>,
) -> Result<BTreeMap<String, configuration::Checked>, ApiError> {
    let mut all = BTreeMap::new();
    for pool in pools {
        match configuration::observe(ctx, pool).await {
            Ok(observed) => {
                all.insert(pool.name_any(), observed.check(pool));
            }
            // The right to read beside the HostedCluster is on its way; its hosts keep what they have meanwhile.
            Err(error) if error.is_forbidden() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn bytes(secret: &Secret) -> BTreeMap<String, Vec<u8>> {
    secret.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect()
}

fn content(secrets: &[Secret], name: &str, key: &str) -> Vec<u8> {
    let secret = secrets.iter().find(|secret| secret.name_any() == name);
    secret.and_then(|secret| secret.data.as_ref()?.get(key)).map(|value| value.0.clone()).unwrap_or_default()
}
