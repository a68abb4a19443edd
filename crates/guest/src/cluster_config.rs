//! The objects by which a hosted cluster reports its versions and parts (`config.openshift.io`), without their status.
//!
//! The CRDs are applied by the administrator: the right to make any CRD would be far more than the operator's own user needs.

use hoist_api::config::{self, ClusterOperator, ClusterVersion, cluster_version};
use hoist_api::dynamic::dynamic;
use kube::core::DynamicObject;

use crate::metadata::{cluster_wide, managed};

/// Where the hosted cluster's identity and update settings come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// UUID of the cluster.
    pub cluster_id: String,
    /// `spec.channel` of the HostedCluster.
    pub channel: Option<String>,
    /// `spec.updateService` of the HostedCluster.
    pub upstream: Option<String>,
}

/// The CRDs.
pub fn crds() -> Vec<DynamicObject> {
    config::custom_resource_definitions()
        .iter_mut()
        .map(|crd| {
            crd.metadata.labels = Some(managed());
            dynamic(crd)
        })
        .collect()
}

/// The ClusterVersion.
pub fn cluster_version(settings: &Settings) -> ClusterVersion {
    ClusterVersion {
        metadata: cluster_wide(cluster_version::NAME),
        spec: cluster_version::ClusterVersionSpec {
            cluster_id: settings.cluster_id.clone(),
            channel: settings.channel.clone(),
            upstream: settings.upstream.clone(),
            ..cluster_version::ClusterVersionSpec::default()
        },
        status: None,
    }
}

/// The ClusterOperator of one part.
pub fn cluster_operator(name: &str) -> ClusterOperator {
    ClusterOperator { metadata: cluster_wide(name), ..ClusterOperator::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_version_says_whose_it_is_and_orders_no_update() {
        let settings = Settings {
            cluster_id: "6f8f3f3a-5b1e-4f0e-9a39-2f5f8c1f8d11".to_owned(),
            channel: Some("stable".to_owned()),
            upstream: None,
        };
        let object = serde_json::to_value(cluster_version(&settings)).unwrap();
        assert_eq!(
            object["spec"],
            serde_json::json!({"clusterID": "6f8f3f3a-5b1e-4f0e-9a39-2f5f8c1f8d11", "channel": "stable"})
        );
        assert_eq!(object["metadata"]["name"], "version");
    }

    #[test]
    fn every_kind_that_is_written_has_its_crd() {
        let names: Vec<_> = crds().into_iter().filter_map(|crd| crd.metadata.name).collect();
        assert_eq!(names, ["clusterversions.config.openshift.io", "clusteroperators.config.openshift.io"]);
    }
}
