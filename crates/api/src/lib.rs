//! CRD types, conditions, labels and annotations of Hoist.
//!
//! HyperShift's kinds keep its group, version, field names, enum order and validation messages, so that its manifests apply
//! unchanged; our own kinds live in `hoist.internal/v1alpha1`. The generated CRDs come from these types alone.

pub mod agent_install;
pub mod annotations;
pub mod certificates;
pub mod cluster_sizing;
pub mod conditions;
pub mod config;
pub mod control_plane_component;
pub mod duration;
pub mod dynamic;
pub mod etcd_backup;
pub mod explanations;
pub mod host;
pub mod hosted_cluster;
pub mod hosted_control_plane;
pub mod join_token;
pub mod labels;
pub mod names;
pub mod node_pool;
pub mod priority_classes;
pub mod schema;

pub use control_plane_component::ControlPlaneComponent;
pub use host::Host;
pub use hosted_cluster::HostedCluster;
pub use hosted_control_plane::HostedControlPlane;
pub use join_token::JoinToken;
pub use node_pool::NodePool;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use schema::{definition, with_empty_status, with_required_spec, without_status};

/// HyperShift's finalizer, so that either operator can finish the other's deletion.
pub const FINALIZER: &str = "hypershift.openshift.io/finalizer";

/// Every CRD that Hoist installs, in the order in which they are applied, labelled as Hoist's.
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    let mut all = vec![
        definition::<HostedCluster>(),
        definition::<HostedControlPlane>(),
        definition::<NodePool>(),
        definition::<ControlPlaneComponent>(),
        with_empty_status(definition::<certificates::CertificateSigningRequestApproval>()),
        with_empty_status(definition::<certificates::older::CertificateSigningRequestApproval>()),
        definition::<certificates::CertificateRevocationRequest>(),
        with_required_spec(definition::<etcd_backup::HCPEtcdBackup>()),
        definition::<cluster_sizing::ClusterSizingConfiguration>(),
        definition::<agent_install::Agent>(),
        definition::<agent_install::AgentClassification>(),
        definition::<agent_install::AgentServiceConfig>(),
        definition::<agent_install::HypershiftAgentServiceConfig>(),
        definition::<agent_install::InfraEnv>(),
        without_status(definition::<agent_install::NMStateConfig>()),
        definition::<Host>(),
        definition::<JoinToken>(),
    ];
    for definition in &mut all {
        let own = (labels::MANAGED_BY.to_owned(), labels::MANAGED_BY_HOIST.to_owned());
        definition.metadata.labels = Some([own].into());
    }
    all
}

/// The schema of a kind's `spec`, as the API server has it.
pub fn spec_schema(kind: &str) -> Option<serde_json::Value> {
    let definition = custom_resource_definitions().into_iter().find(|definition| definition.spec.names.kind == kind)?;
    let version = definition.spec.versions.into_iter().next()?;
    let properties = version.schema?.open_api_v3_schema?.properties?;
    serde_json::to_value(properties.get("spec")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyper_shifts_defaults_are_in_the_schema() {
        let crd = serde_json::to_value(definition::<HostedCluster>()).unwrap();
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        assert_eq!(spec["controllerAvailabilityPolicy"]["default"], "HighlyAvailable");
        assert_eq!(spec["infrastructureAvailabilityPolicy"]["default"], "SingleReplica");
        assert_eq!(spec["networking"]["default"]["clusterNetwork"][0]["cidr"], "10.132.0.0/14");
        assert_eq!(spec["etcd"]["default"]["managed"]["storage"]["persistentVolume"]["size"], "8Gi");
        assert_eq!(spec["issuerURL"]["default"], "https://kubernetes.default.svc");
    }

    #[test]
    fn every_crd_keeps_conditions_as_a_map_so_that_two_writers_do_not_overwrite_each_other() {
        // The group of Agents has its own condition type, replaced as a whole by its one writer.
        let ours =
            custom_resource_definitions().into_iter().filter(|crd| crd.spec.group != "agent-install.openshift.io");
        for crd in ours {
            let name = crd.metadata.name.clone().unwrap();
            let crd = serde_json::to_value(crd).unwrap();
            let status = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"];
            if let Some(conditions) = status.get("conditions") {
                assert_eq!(conditions["x-kubernetes-list-type"], "map", "{name}");
            }
        }
    }
}
