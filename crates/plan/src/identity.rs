//! Which hosted cluster a Plan is for, and the metadata that all its objects share.

use std::collections::BTreeMap;

use hoist_api::{annotations, labels};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// Names of one hosted cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// Namespace of the HostedCluster.
    pub hosted_cluster_namespace: String,
    /// Name of the HostedCluster.
    pub hosted_cluster_name: String,
    /// The control plane namespace.
    pub namespace: String,
    /// `<name>-<5 characters>`.
    pub infra_id: String,
    /// RFC 4122 UUID.
    pub cluster_id: String,
    /// The HostedControlPlane, which owns everything in its namespace; absent where nothing owns the objects.
    pub owner: Option<OwnerReference>,
}

impl Identity {
    /// Metadata of an object in the control plane namespace: our labels, the cluster's annotation, the owner.
    pub fn metadata(&self, name: &str) -> ObjectMeta {
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(self.namespace.clone()),
            labels: Some(self.labels()),
            annotations: Some(BTreeMap::from([(
                annotations::HOSTED_CLUSTER.to_owned(),
                format!("{}/{}", self.hosted_cluster_namespace, self.hosted_cluster_name),
            )])),
            owner_references: self.owner.clone().map(|owner| vec![owner]),
            ..ObjectMeta::default()
        }
    }

    /// Labels of everything that belongs to the cluster.
    pub fn labels(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_HOIST.to_owned()),
            (labels::CLUSTER.to_owned(), self.cluster_label()),
        ])
    }

    /// Value of the cluster label. A label value ends at 63 characters, a namespace and a name together need not:
    /// the longest pairs are cut, and the control plane namespace keeps them apart.
    pub fn cluster_label(&self) -> String {
        let whole = format!("{}.{}", self.hosted_cluster_namespace, self.hosted_cluster_name);
        let cut: String = whole.chars().take(63).collect();
        cut.trim_end_matches(|character: char| !character.is_ascii_alphanumeric()).to_owned()
    }
}
