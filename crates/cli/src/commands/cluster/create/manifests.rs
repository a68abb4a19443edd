//! The objects of a new cluster, as plain JSON with the very fields that HyperShift's command line writes.
//!
//! Go writes some empty fields (`sshKey: {}`, `fips: false`, a zero status) and leaves others out; typed Rust structs would write
//! a different set, so the manifests are spelled out here. What is rendered is what is applied; tests hold it against our own
//! definitions.

mod hosted_cluster;
mod secrets;
mod services;

use serde_json::json;

use crate::apply::Object;
use crate::args::cluster::ClusterFlags;
use crate::commands::node_pool::manifest::NodePoolManifest;

use super::input::Input;

pub use secrets::comes_after_the_cluster;

/// ConfigMap of `--additional-trust-bundle`.
const TRUST_BUNDLE: &str = "user-ca-bundle";

/// Everything that `create cluster` writes.
pub struct Manifests {
    /// The namespace of the HostedCluster.
    pub namespace: Object,
    /// Authorities to trust.
    pub trust_bundle: Option<Object>,
    /// Pull secret, SSH key, the platform's credentials, encryption key.
    pub secrets: Vec<Object>,
    /// The cluster.
    pub hosted_cluster: Object,
    /// Its pool.
    pub node_pool: Option<Object>,
}

impl Manifests {
    /// Builds all of them.
    pub fn build(flags: &ClusterFlags, input: &Input) -> Self {
        Self {
            namespace: Object::new(json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": flags.namespace},
                "spec": {},
                "status": {},
            })),
            trust_bundle: input.trust_bundle.as_ref().map(|bundle| secrets::trust_bundle(flags, bundle)),
            secrets: secrets::secrets(flags, input),
            hosted_cluster: Object::new(hosted_cluster::hosted_cluster(flags, input)),
            node_pool: (flags.nodes.node_pool_replicas >= 0).then(|| node_pool(flags, input)),
        }
    }

    /// The objects in the order in which HyperShift renders them.
    pub fn rendered(self, sensitive: bool) -> Vec<Object> {
        let secrets = if sensitive { self.secrets } else { Vec::new() };
        [self.namespace]
            .into_iter()
            .chain(self.trust_bundle)
            .chain(secrets)
            .chain([self.hosted_cluster])
            .chain(self.node_pool)
            .collect()
    }
}

fn node_pool(flags: &ClusterFlags, input: &Input) -> Object {
    let pool = NodePoolManifest {
        namespace: &flags.namespace,
        name: &flags.name,
        cluster: &flags.name,
        arch: &flags.nodes.arch,
        auto_repair: flags.nodes.auto_repair.0,
        upgrade_type: flags.nodes.node_upgrade_type.as_deref().unwrap_or(input.platform.upgrade_type),
        platform: &input.platform.node_pool,
        release_image: &input.release_image,
        replicas: flags.nodes.node_pool_replicas,
        timeouts: Some((flags.nodes.node_drain_timeout, flags.nodes.node_volume_detach_timeout)),
        paused_until: flags.paused_until.as_deref(),
    };
    pool.object()
}
