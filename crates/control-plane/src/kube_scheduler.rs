//! kube-scheduler.

use hoist_api::dynamic::dynamic;
use hoist_pki::table::names;
use hoist_plan::Plan;
use kube::core::DynamicObject;

use crate::ComponentName;
use crate::arguments::Arguments;
use crate::container::{Health, container, port};
use crate::files::{self, Contents, Need, Source};
use crate::pod::{Part, Pod};
use crate::workload::{self, deployment};

const PORT: u16 = 10259;

/// What differs from one place where it runs to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Image.
    pub image: String,
    /// Whether replicas have to agree on one that works.
    pub elects_leader: bool,
}

/// Settings of a hosted cluster.
pub fn hosted(plan: &Plan) -> Settings {
    Settings { image: plan.images.kube_scheduler.clone(), elects_leader: plan.is_highly_available() }
}

/// The pod.
pub fn pod(settings: &Settings) -> Pod {
    let kubeconfig = files::secret(names::SCHEDULER_KUBECONFIG, names::KUBECONFIG_KEY);
    let arguments = Arguments::new()
        .flag("kubeconfig", &kubeconfig)
        .flag("authentication-kubeconfig", &kubeconfig)
        .flag("authorization-kubeconfig", &kubeconfig)
        .flag("secure-port", PORT)
        .flag("bind-address", "0.0.0.0")
        .flag("tls-cert-file", files::secret(names::SCHEDULER_SERVER, "tls.crt"))
        .flag("tls-private-key-file", files::secret(names::SCHEDULER_SERVER, "tls.key"))
        .flag("tls-min-version", "VersionTLS12")
        .flag("leader-elect", settings.elects_leader)
        .flag("profiling", false);
    let health = Health { scheme: "HTTPS", port: PORT };
    let mut scheduler = container("kube-scheduler", &settings.image, "/usr/bin/kube-scheduler", arguments.into_vec());
    scheduler.ports = Some(vec![port("client", PORT)]);
    scheduler.startup_probe = Some(health.startup("/readyz"));
    scheduler.readiness_probe = Some(health.readiness("/readyz"));
    scheduler.liveness_probe = Some(health.liveness("/livez"));
    Pod {
        component: ComponentName::KubeScheduler,
        before: Vec::new(),
        parts: vec![Part {
            container: scheduler,
            needs: vec![
                Need::secret(names::SCHEDULER_KUBECONFIG, &[names::KUBECONFIG_KEY]),
                Need::secret(names::SCHEDULER_SERVER, &["tls.crt", "tls.key"]).reloaded(),
            ],
        }],
        volumes: Vec::new(),
        // It holds nothing that an end could lose.
        termination_grace_period: 2,
    }
}

/// Its objects.
pub fn objects(plan: &Plan, contents: &Contents) -> Vec<DynamicObject> {
    let pod = pod(&hosted(plan));
    let mut objects: Vec<_> =
        workload::disruption_budget(plan, ComponentName::KubeScheduler).iter().map(dynamic).collect();
    objects.push(dynamic(&deployment::deployment(plan, &pod, &Source::Objects, contents)));
    objects
}
