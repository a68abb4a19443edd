//! Alerts: each says what users of hosted clusters lose, and how to find the cause. Only metrics that our programs export.

use serde_json::{Value, json};

struct Alert {
    name: &'static str,
    /// `NAMESPACE` stands for the operator's.
    expression: &'static str,
    lasting: &'static str,
    severity: &'static str,
    summary: &'static str,
    description: &'static str,
}

const ALERTS: [Alert; 6] = [
    Alert {
        name: "HoistOperatorAbsent",
        expression: r#"absent(max(hoist_operator_leader{namespace="NAMESPACE"}) == 1)"#,
        lasting: "5m",
        severity: "critical",
        summary: "No operator leads",
        description: "Hosted clusters keep running, but nothing is created, repaired, upgraded or deleted, and no host can join. See `kubectl get pods -n NAMESPACE` and `kubectl logs -n NAMESPACE deployment/operator`.",
    },
    Alert {
        name: "HoistReconcilesFail",
        expression: r#"sum by (controller) (rate(hoist_operator_reconcile_failures_total{namespace="NAMESPACE"}[10m])) > 0.5 * sum by (controller) (rate(hoist_operator_reconciles_total{namespace="NAMESPACE"}[10m]))"#,
        lasting: "15m",
        severity: "warning",
        summary: "More than half of the passes of a controller fail",
        description: "Controller {{ $labels.controller }} cannot do its work. The condition ReconciliationSucceeded of the objects says why; so does `kubectl logs -n NAMESPACE deployment/operator`.",
    },
    Alert {
        name: "HoistReconcilesSlow",
        expression: r#"histogram_quantile(0.99, sum by (controller, le) (rate(hoist_operator_reconcile_duration_seconds_bucket{namespace="NAMESPACE"}[10m]))) > 30"#,
        lasting: "15m",
        severity: "warning",
        summary: "Passes of a controller take longer than half a minute",
        description: "Changes to hosted clusters arrive late. Mostly an API server or a registry answers slowly: see the durations in `kubectl logs -n NAMESPACE deployment/operator`.",
    },
    Alert {
        name: "HoistOperatorWritesWithoutEnd",
        expression: r#"sum by (controller) (rate(hoist_operator_objects_written_total{namespace="NAMESPACE"}[30m])) > 5"#,
        lasting: "1h",
        severity: "warning",
        summary: "A controller writes without end",
        description: "Controller {{ $labels.controller }} has written more than five objects a second for an hour. Mostly another program changes the same fields back: look at managedFields of objects that change, `kubectl get -w --show-managed-fields -o yaml`.",
    },
    Alert {
        name: "HoistBootstrapCertificateEnds",
        expression: r#"min(hcp_bootstrap_certificate_expiry_timestamp_seconds{namespace="NAMESPACE"} > 0) - time() < 3 * 24 * 3600"#,
        lasting: "10m",
        severity: "critical",
        summary: "The bootstrap server's certificate is not renewed",
        description: "Hosts can neither join nor report once it has ended. The operator renews it long before: see `kubectl logs -n NAMESPACE deployment/operator`.",
    },
    Alert {
        name: "HoistBootstrapUnavailable",
        expression: r#"sum(increase(hcp_bootstrap_join_requests_total{namespace="NAMESPACE",outcome="Unavailable"}[10m])) > 0"#,
        lasting: "10m",
        severity: "warning",
        summary: "Hosts are turned away because the bootstrap server cannot do its work",
        description: "Hosts that want to join are told to come back. See `kubectl logs -n NAMESPACE deployment/bootstrap`.",
    },
];

/// The rules of a PrometheusRule.
pub fn rules(namespace: &str) -> Vec<Value> {
    let here = |text: &str| text.replace("NAMESPACE", namespace);
    ALERTS
        .iter()
        .map(|alert| {
            json!({
                "alert": alert.name,
                "expr": here(alert.expression),
                "for": alert.lasting,
                "labels": {"severity": alert.severity},
                "annotations": {"summary": alert.summary, "description": here(alert.description)},
            })
        })
        .collect()
}
