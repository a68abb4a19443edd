//! A NodePool with the very fields that HyperShift's command line writes, Go's zero values included.

use hoist_api::duration::GoDuration;
use serde_json::{Value, json};

use crate::apply::Object;

/// What a NodePool is made of.
pub struct NodePoolManifest<'a> {
    /// Namespace, which is the HostedCluster's.
    pub namespace: &'a str,
    /// Name of the pool.
    pub name: &'a str,
    /// Name of the HostedCluster.
    pub cluster: &'a str,
    /// Architecture of the nodes.
    pub arch: &'a str,
    /// Whether nodes that are not healthy are replaced.
    pub auto_repair: bool,
    /// `InPlace` or `Replace`, in any case.
    pub upgrade_type: &'a str,
    /// `spec.platform`.
    pub platform: &'a Value,
    /// Release image; may be empty.
    pub release_image: &'a str,
    /// Number of nodes.
    pub replicas: i32,
    /// Longest drain and longest detaching of volumes; left out by `create nodepool`.
    pub timeouts: Option<(GoDuration, GoDuration)>,
    /// A time, or `true`.
    pub paused_until: Option<&'a str>,
}

impl NodePoolManifest<'_> {
    /// The object.
    pub fn object(&self) -> Object {
        let upgrade_type = if self.upgrade_type.eq_ignore_ascii_case("Replace") { "Replace" } else { "InPlace" };
        let mut spec = json!({
            "arch": self.arch,
            "clusterName": self.cluster,
            "management": {"autoRepair": self.auto_repair, "upgradeType": upgrade_type},
            "platform": self.platform,
            "release": {"image": self.release_image},
            "replicas": self.replicas,
        });
        if let Some((drain, detach)) = self.timeouts {
            spec["nodeDrainTimeout"] = drain.to_string().into();
            spec["nodeVolumeDetachTimeout"] = detach.to_string().into();
        }
        if let Some(until) = self.paused_until.filter(|until| !until.is_empty()) {
            spec["pausedUntil"] = until.into();
        }
        Object::new(json!({
            "apiVersion": "hypershift.openshift.io/v1beta1",
            "kind": "NodePool",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": spec,
            "status": {"replicas": 0},
        }))
    }
}
