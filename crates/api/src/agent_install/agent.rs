//! `Agent`: a host that was found and may become a node.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::inventory::HostInventory;
use super::{AgentInstallCondition, ClusterReference, NamespacedReference};

/// What shall become of a host.
#[skip_serializing_none]
#[derive(CustomResource, Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "agent-install.openshift.io",
    version = "v1beta1",
    kind = "Agent",
    plural = "agents",
    namespaced,
    derive = "Default",
    derive = "PartialEq",
    status = "AgentStatus",
    printcolumn = r#"{"name":"Cluster","type":"string","jsonPath":".spec.clusterDeploymentName.name","description":"Cluster"}"#,
    printcolumn = r#"{"name":"Approved","type":"boolean","jsonPath":".spec.approved","description":"Whether it may become a node"}"#,
    printcolumn = r#"{"name":"Role","type":"string","jsonPath":".status.role","description":"Role"}"#,
    printcolumn = r#"{"name":"Stage","type":"string","jsonPath":".status.progress.currentStage","description":"How far it is"}"#,
    printcolumn = r#"{"name":"Hostname","type":"string","jsonPath":".status.inventory.hostname","description":"Name of the host","priority":1}"#,
    printcolumn = r#"{"name":"Requested Hostname","type":"string","jsonPath":".spec.hostname","description":"Name that it shall have","priority":1}"#
)]
#[serde(rename_all = "camelCase")]
pub struct AgentSpec {
    /// Cluster that it belongs to.
    pub cluster_deployment_name: Option<ClusterReference>,
    /// `worker`, `master` or `auto-assign`.
    pub role: String,
    /// Name that it shall have.
    pub hostname: Option<String>,
    /// Pool of machine configurations, in OpenShift's sense.
    pub machine_config_pool: Option<String>,
    /// Whether it may become a node.
    pub approved: bool,
    /// Disk for the system, by id.
    #[serde(rename = "installation_disk_id")]
    pub installation_disk_id: Option<String>,
    /// Disk for the system, by path; the id decides.
    #[serde(rename = "installation_disk_path")]
    pub installation_disk_path: Option<String>,
    /// Arguments of the installer, a JSON list.
    pub installer_args: Option<String>,
    /// Changes of its Ignition configuration, JSON.
    pub ignition_config_overrides: Option<String>,
    /// Secret with the token for its Ignition configuration.
    pub ignition_endpoint_token_reference: Option<NamespacedReference>,
    /// Headers besides for its Ignition configuration.
    #[serde(rename = "ignitionEndpointHTTPHeaders")]
    pub ignition_endpoint_http_headers: Option<BTreeMap<String, String>>,
    /// Labels of the Node.
    pub node_labels: Option<BTreeMap<String, String>>,
    /// Secret with what fencing needs.
    pub fencing_credentials_secret_ref: Option<String>,
}

/// What is of a host.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentStatus {
    /// Whether it leads the installation.
    pub bootstrap: Option<bool>,
    /// Role that it got.
    pub role: Option<String>,
    /// What it is made of.
    pub inventory: Option<HostInventory>,
    /// How far it is.
    pub progress: Option<HostProgressInfo>,
    /// Sources of time.
    pub ntp_sources: Option<Vec<HostNtpSource>>,
    /// What holds and what does not.
    pub conditions: Option<Vec<AgentInstallCondition>>,
    /// Where more is told.
    pub debug_info: Option<DebugInfo>,
    /// Checks by group.
    pub validations_info: Option<BTreeMap<String, Vec<HostValidationResult>>>,
    /// Disk that the system went to.
    #[serde(rename = "installation_disk_id")]
    pub installation_disk_id: Option<String>,
    /// What became of it after it left a cluster.
    #[serde(rename = "deprovision_info")]
    pub deprovision_info: Option<AgentDeprovisionInfo>,
    /// Kind of host.
    pub kind: Option<String>,
    /// Its certificate requests.
    pub csr_status: Option<CsrStatus>,
}

/// How far a host is.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostProgressInfo {
    /// The stage.
    pub current_stage: Option<String>,
    /// More of the stage.
    pub progress_info: Option<String>,
    /// Of the whole, in per cent.
    pub installation_percentage: Option<i64>,
    /// All stages in order.
    pub progress_stages: Option<Vec<String>>,
    /// When the stage began.
    pub stage_start_time: Option<Time>,
    /// When it was last told of.
    pub stage_update_time: Option<Time>,
}

/// A source of time.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HostNtpSource {
    /// Its name.
    pub source_name: Option<String>,
    /// Whether it answers.
    pub source_state: Option<String>,
}

/// Where more is told.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DebugInfo {
    /// Address of events.
    #[serde(rename = "eventsURL")]
    pub events_url: Option<String>,
    /// Address of logs.
    #[serde(rename = "logsURL")]
    pub logs_url: Option<String>,
    /// The service's own word for its state.
    pub state: Option<String>,
    /// More of the state.
    pub state_info: Option<String>,
}

/// One check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostValidationResult {
    /// Which check.
    pub id: String,
    /// Its result.
    pub status: String,
    /// For people.
    pub message: String,
}

/// What became of a host after it left a cluster.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(clippy::struct_field_names, reason = "the names of the API")]
pub struct AgentDeprovisionInfo {
    /// The cluster.
    pub cluster_name: Option<String>,
    /// Its namespace.
    pub cluster_namespace: Option<String>,
    /// The Node that it was.
    pub node_name: Option<String>,
    /// For people.
    pub message: Option<String>,
}

/// Certificate requests of a host.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsrStatus {
    /// Those that were approved.
    #[serde(rename = "approvedCSRs")]
    pub approved_csrs: Option<Vec<CsrInfo>>,
    /// When the last one was tried.
    pub last_approval_attempt: Option<Time>,
}

/// A certificate request that was approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CsrInfo {
    /// Its name.
    pub name: String,
    /// Client or serving.
    #[serde(rename = "type")]
    pub type_: String,
    /// When.
    pub approved_at: Time,
}
