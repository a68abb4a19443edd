//! `config.openshift.io/v1`: how a hosted cluster tells its own users what it runs and how its parts are.
//!
//! The operator writes these objects into hosted clusters; the management cluster has none of them.

pub mod cluster_operator;
pub mod cluster_version;
pub mod condition;

pub use cluster_operator::ClusterOperator;
pub use cluster_version::ClusterVersion;
pub use condition::StatusCondition;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

use crate::schema::definition;

/// The CRDs that every hosted cluster gets.
pub fn custom_resource_definitions() -> Vec<CustomResourceDefinition> {
    vec![definition::<ClusterVersion>(), definition::<ClusterOperator>()]
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn schema(crd: &CustomResourceDefinition) -> Value {
        let crd = serde_json::to_value(crd).unwrap();
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
    }

    #[test]
    fn tables_have_the_columns_that_users_know() {
        let columns = |crd: CustomResourceDefinition| -> Vec<String> {
            let columns = crd.spec.versions[0].additional_printer_columns.clone().unwrap();
            columns.iter().map(|column| column.name.to_uppercase()).collect()
        };
        assert_eq!(columns(definition::<ClusterVersion>()), ["VERSION", "AVAILABLE", "PROGRESSING", "SINCE", "STATUS"]);
        assert_eq!(
            columns(definition::<ClusterOperator>()),
            ["VERSION", "AVAILABLE", "PROGRESSING", "DEGRADED", "SINCE", "MESSAGE"]
        );
    }

    #[test]
    fn both_kinds_live_outside_of_namespaces_and_keep_their_conditions_by_type() {
        for crd in custom_resource_definitions() {
            assert_eq!(crd.spec.scope, "Cluster");
            let conditions = &schema(&crd)["properties"]["status"]["properties"]["conditions"];
            assert_eq!(conditions["x-kubernetes-list-type"], "map");
            assert_eq!(conditions["items"]["required"], serde_json::json!(["lastTransitionTime", "status", "type"]));
        }
    }

    #[test]
    fn a_status_without_updates_is_null_and_not_absent() {
        let schema = schema(&definition::<ClusterVersion>());
        let status = &schema["properties"]["status"];
        assert_eq!(status["properties"]["availableUpdates"]["nullable"], true);
        assert_eq!(
            status["required"],
            serde_json::json!(["availableUpdates", "desired", "observedGeneration", "versionHash"])
        );
        let written = serde_json::to_value(cluster_version::ClusterVersionStatus::default()).unwrap();
        assert!(written.as_object().unwrap().contains_key("availableUpdates"));
    }
}
