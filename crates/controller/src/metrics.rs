//! What the controllers do, as numbers. Labels come from enums and constants only, so their number is bounded.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ControllerLabel {
    controller: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    controller: &'static str,
    error: &'static str,
}

/// The metrics of one program. Cloning shares them.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    reconciles: Family<ControllerLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    durations: Family<ControllerLabel, Histogram>,
    applied: Family<ControllerLabel, Counter>,
    leader: Gauge<i64, AtomicI64>,
    guests: Gauge<i64, AtomicI64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("hoist_operator");
        let reconciles = Family::default();
        let failures = Family::default();
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let applied = Family::default();
        let leader = Gauge::default();
        let guests = Gauge::default();
        registry.register("reconciles", "Passes of a controller", reconciles.clone());
        registry.register("reconcile_failures", "Passes that ended in an error", failures.clone());
        registry.register_with_unit("reconcile_duration", "Length of a pass", Unit::Seconds, durations.clone());
        registry.register("objects_written", "Objects applied or deleted", applied.clone());
        registry.register("leader", "1 while this process leads", leader.clone());
        registry.register("guest_connections", "Hosted clusters that the operator is connected to", guests.clone());
        Self { registry: Arc::new(registry), reconciles, failures, durations, applied, leader, guests }
    }
}

/// 1 ms to 65 s: from a pass that finds nothing to do to one that runs into every deadline.
fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 4.0, 9))
}

impl Metrics {
    /// A pass ended; `error` is the variant's name.
    pub fn reconciled(&self, controller: &'static str, took: Duration, error: Option<&'static str>) {
        self.reconciles.get_or_create(&ControllerLabel { controller }).inc();
        self.durations.get_or_create(&ControllerLabel { controller }).observe(took.as_secs_f64());
        if let Some(error) = error {
            self.failures.get_or_create(&FailureLabels { controller, error }).inc();
        }
    }

    /// Objects were written.
    pub fn wrote(&self, controller: &'static str, objects: usize) {
        if objects > 0 {
            self.applied.get_or_create(&ControllerLabel { controller }).inc_by(objects as u64);
        }
    }

    /// Whether this process leads.
    pub fn set_leader(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// How many hosted clusters the operator is connected to.
    pub fn set_guests(&self, count: usize) {
        self.guests.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// All metrics in the OpenMetrics text format.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
