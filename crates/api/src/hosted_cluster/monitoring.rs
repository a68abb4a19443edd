//! What a hosted cluster's metrics are collected for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Metrics of the control plane.
#[skip_serializing_none]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1))]
pub struct MonitoringSpec {
    /// Metrics that the hosted cluster's own monitoring gets.
    pub metrics_forwarding: Option<MetricsForwarding>,
    /// How many metrics the management cluster's monitoring gets.
    pub metrics_set: Option<MetricsSet>,
}

/// Metrics that the hosted cluster's own monitoring gets.
#[skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsForwarding {
    /// Whether it gets any.
    pub mode: MetricsForwardingMode,
    /// How many.
    pub metrics_set: Option<MetricsSet>,
}

/// Whether metrics are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "the words say it")]
pub enum MetricsForwardingMode {
    Forward,
    None,
}

/// Selections of metrics, from few to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "HyperShift's words")]
pub enum MetricsSet {
    Telemetry,
    SRE,
    All,
}
