//! What the router counts. Names are not among the labels: their number has no bound.

use std::fmt;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Outcome {
    /// It was passed on.
    Forwarded,
    /// It said no name.
    NoName,
    /// It came from an address that is not allowed.
    NotAllowed,
    /// Its name leads nowhere.
    UnknownName,
    /// The control plane did not answer.
    Unreachable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: Outcome,
}

/// The metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    open: Gauge,
    ended: Family<Labels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hcp_router");
        let (open, ended) = (Gauge::default(), Family::default());
        registry.register("open_connections", "Connections of clients and hosts", open.clone());
        registry.register("connections", "Connections that ended, by outcome", Family::clone(&ended));
        Self { registry, open, ended }
    }
}

impl Metrics {
    /// A client connected.
    pub fn opened(&self) {
        self.open.inc();
    }

    /// Its connection ended.
    pub fn ended(&self, outcome: Outcome) {
        self.open.dec();
        self.ended.get_or_create(&Labels { outcome }).inc();
    }

    /// All metrics in the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
