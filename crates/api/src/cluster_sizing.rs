//! `ClusterSizingConfiguration`: what a hosted cluster gets by its number of nodes.
//!
//! Source: HyperShift `api/scheduling/v1alpha1`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::schema::parts::Quantity;

/// The sizes, and how hosted clusters change theirs.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "scheduling.hypershift.openshift.io",
    version = "v1alpha1",
    kind = "ClusterSizingConfiguration",
    plural = "clustersizingconfigurations",
    shortname = "csc",
    shortname = "cscs",
    derive = "Default",
    derive = "PartialEq",
    status = "ClusterSizingConfigurationStatus",
    validation = Rule::new("self.metadata.name == 'cluster'").message("exactly one configuration may exist and must be named 'cluster'")
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSizingConfigurationSpec {
    /// The sizes.
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    #[x_kube(
        validation = Rule::new("self.exists_one(size, size.criteria.from == 0)").message("exactly one size class must have a lower limit of zero"),
        validation = Rule::new("self.exists_one(size, !has(size.criteria.to))").message("exactly one size class must have no upper limit")
    )]
    pub sizes: Vec<SizeConfiguration>,
    /// How many change at once.
    pub concurrency: Option<ConcurrencyConfiguration>,
    /// How long a number of nodes must last before it counts.
    pub transition_delay: Option<TransitionDelayConfiguration>,
    /// Nodes that are kept free in each zone.
    pub non_request_serving_nodes_buffer_per_zone: Option<Quantity>,
    /// Sizes by use of memory.
    pub resource_based_autoscaling: Option<ResourceBasedAutoscalingConfiguration>,
}

/// One size.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizeConfiguration {
    /// Its name.
    pub name: String,
    /// For how many nodes.
    pub criteria: NodeCountCriteria,
    /// What a cluster of this size gets.
    pub effects: Option<Effects>,
    /// What the management cluster keeps ready for it.
    pub management: Option<Management>,
    /// What a node for it has.
    pub capacity: Option<SizeCapacity>,
}

/// For how many nodes a size is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("!has(self.to) || self.from <= self.to").message("lower limit must be less than or equal to the upper limit"))]
pub struct NodeCountCriteria {
    /// At least.
    #[schemars(range(min = 0))]
    pub from: i32,
    /// At most.
    #[schemars(range(min = 0))]
    pub to: Option<i32>,
}

/// What a cluster of a size gets.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Effects {
    /// Memory at which kube-apiserver tidies up more eagerly.
    #[schemars(length(max = 20), regex(pattern = r"^\d+(B|KiB|MiB|GiB|TiB)?$"))]
    pub kas_go_mem_limit: Option<String>,
    /// PriorityClass of most components.
    pub control_plane_priority_class_name: Option<String>,
    /// PriorityClass of etcd.
    pub etcd_priority_class_name: Option<String>,
    /// PriorityClass of API servers.
    #[serde(rename = "APICriticalPriorityClassName")]
    pub api_critical_priority_class_name: Option<String>,
    /// What containers ask for.
    pub resource_requests: Option<Vec<ResourceRequest>>,
    /// After which time a node counts as unhealthy.
    pub machine_health_check_timeout: Option<String>,
    /// Most reading requests at once.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::integer")]
    pub maximum_requests_inflight: Option<i64>,
    /// Most writing requests at once.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::integer")]
    pub maximum_mutating_requests_inflight: Option<i64>,
}

/// What one container asks for.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceRequest {
    /// Its Deployment.
    pub deployment_name: String,
    /// The container.
    pub container_name: String,
    /// Processors.
    pub cpu: Option<Quantity>,
    /// Memory.
    pub memory: Option<Quantity>,
}

/// What the management cluster keeps ready for a size.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Management {
    /// Free places.
    #[serde(default)]
    #[schemars(schema_with = "crate::schema::parts::count")]
    pub placeholders: Option<i64>,
    /// Nodes of each zone for what answers no requests.
    pub non_request_serving_nodes_per_zone: Option<Quantity>,
}

/// What a node has.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SizeCapacity {
    /// Memory.
    pub memory: Option<Quantity>,
    /// Processors.
    pub cpu: Option<Quantity>,
}

/// How many clusters change their size at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConcurrencyConfiguration {
    /// In which time.
    #[serde(default = "ten_minutes")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(s|m|h))+$"), extend("x-hoist-required" = true))]
    pub sliding_window: String,
    /// How many.
    #[serde(default = "five")]
    #[schemars(range(min = 1), extend("x-hoist-required" = true))]
    pub limit: i32,
}

/// How long a number of nodes must last before it counts.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransitionDelayConfiguration {
    /// A larger one.
    #[serde(default = "half_a_minute")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(s|m|h))+$"))]
    pub increase: String,
    /// A smaller one.
    #[serde(default = "ten_minutes")]
    #[schemars(regex(pattern = r"^([0-9]+(\.[0-9]+)?(s|m|h))+$"))]
    pub decrease: String,
}

fn ten_minutes() -> String {
    "10m".to_owned()
}

fn half_a_minute() -> String {
    "30s".to_owned()
}

fn five() -> i32 {
    5
}

/// Sizes by use of memory.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResourceBasedAutoscalingConfiguration {
    /// The part of a node's memory that kube-apiserver may use.
    #[serde(rename = "kubeAPIServerMemoryFraction")]
    pub kube_api_server_memory_fraction: Option<Quantity>,
}

/// What became of the configuration.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterSizingConfigurationStatus {
    /// What holds and what does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "crate::schema::parts::any_number_of_conditions")]
    pub conditions: Vec<Condition>,
}
