//! Where new pods go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use crate::hosted_cluster::references::NameReference;

/// Settings of kube-scheduler.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SchedulerSpec {
    /// Kept as written: a form of settings that Kubernetes no longer has.
    pub policy: Option<NameReference>,
    /// How nodes are weighed.
    pub profile: Option<SchedulerProfile>,
    /// Changes of the profile.
    pub profile_customizations: Option<ProfileCustomizations>,
    /// Labels of nodes, `key=value` by commas, for pods of namespaces that say nothing.
    pub default_node_selector: Option<String>,
    /// Kept as written: a hosted cluster has no masters to schedule on.
    pub masters_schedulable: Option<bool>,
}

/// How nodes are weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SchedulerProfile {
    /// The default, `LowNodeUtilization`.
    #[default]
    #[serde(rename = "")]
    Unset,
    /// Pods spread.
    LowNodeUtilization,
    /// As few nodes as possible.
    HighNodeUtilization,
    /// The first that fits.
    NoScoring,
}

/// Changes of the profile.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileCustomizations {
    /// Devices that are allocated as pods come.
    pub dynamic_resource_allocation: Option<DynamicResourceAllocation>,
}

/// Whether devices are allocated as pods come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum DynamicResourceAllocation {
    #[serde(rename = "")]
    Unset,
    Enabled,
    Disabled,
}
