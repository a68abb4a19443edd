//! What the server counts.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// How a join request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum JoinOutcome {
    Accepted,
    WrongToken,
    Conflict,
    NotAdmitted,
    Malformed,
    TooMany,
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JoinLabels {
    outcome: JoinOutcome,
}

/// Metrics of the server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Mutex<Registry>,
    joins: Family<JoinLabels, Counter>,
    certificate_expiry: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Arc<Self> {
        let mut registry = Registry::with_prefix("hcp_bootstrap");
        let (joins, certificate_expiry) = (Family::default(), Gauge::default());
        registry.register("join_requests", "Join requests by outcome", joins.clone());
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "End of the serving certificate, seconds since 1970",
            certificate_expiry.clone(),
        );
        Arc::new(Self { registry: Mutex::new(registry), joins, certificate_expiry })
    }

    pub(crate) fn joined(&self, outcome: JoinOutcome) {
        self.joins.get_or_create(&JoinLabels { outcome }).inc();
    }

    pub(crate) fn certificate_expires(&self, timestamp_seconds: i64) {
        self.certificate_expiry.set(timestamp_seconds);
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_use_metrics_that_the_server_exports() {
        let metrics = Metrics::new();
        metrics.joined(JoinOutcome::Unavailable);
        metrics.certificate_expires(1);
        let exported = metrics.text();
        let mut settings = hoist_deployment::Settings::new("image", std::collections::BTreeMap::new());
        settings.monitoring = hoist_deployment::Monitoring::Objects;
        let objects = hoist_deployment::objects(&settings);
        let rules = objects.iter().find(|object| object.types.as_ref().unwrap().kind == "PrometheusRule").unwrap();
        let expressions: Vec<String> = rules.data["spec"]["groups"][0]["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["expr"].as_str().unwrap().to_owned())
            .collect();
        let names: Vec<&str> = expressions
            .iter()
            .flat_map(|text| text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_'))
            .filter(|name| name.starts_with("hcp_bootstrap_"))
            .collect();
        assert!(names.len() >= 2);
        for name in names {
            assert!(
                exported
                    .lines()
                    .any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} "))),
                "{name}: {exported}"
            );
        }
        assert!(exported.contains("outcome=\"Unavailable\""), "the label that an alert asks for: {exported}");
    }
}
