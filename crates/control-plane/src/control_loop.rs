//! What kube-controller-manager and kube-scheduler have in common: they work through the API, and serve only their health and
//! metrics.

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

/// Such a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlLoop {
    /// Which; its program, container and pod are named so.
    pub component: ComponentName,
    /// Secret of its kubeconfig.
    pub kubeconfig: &'static str,
    /// Secret of its serving certificate.
    pub server: &'static str,
    /// Port of health and metrics.
    pub port: u16,
    /// Path that answers when it works.
    pub ready: &'static str,
    /// Path that answers while it lives.
    pub live: &'static str,
}

impl ControlLoop {
    /// The flags that every such component has under the same names.
    pub fn arguments(&self, elects_leader: bool) -> Arguments {
        let kubeconfig = files::secret(self.kubeconfig, names::KUBECONFIG_KEY);
        Arguments::new()
            .flag("kubeconfig", &kubeconfig)
            .flag("authentication-kubeconfig", &kubeconfig)
            .flag("authorization-kubeconfig", &kubeconfig)
            .flag("secure-port", self.port)
            .flag("bind-address", "0.0.0.0")
            .flag("tls-cert-file", files::secret(self.server, "tls.crt"))
            .flag("tls-private-key-file", files::secret(self.server, "tls.key"))
            .flag("tls-min-version", "VersionTLS12")
            .flag("leader-elect", elects_leader)
    }

    /// The pod.
    ///
    /// - `more`: files that it reads besides its kubeconfig and serving certificate.
    pub fn pod(&self, image: &str, arguments: Arguments, more: Vec<Need>) -> Pod {
        let name = self.component.to_string();
        let health = Health { scheme: "HTTPS", port: self.port };
        let mut container = container(&name, image, &format!("/usr/bin/{name}"), arguments.into_vec());
        container.ports = Some(vec![port("client", self.port)]);
        container.startup_probe = Some(health.startup(self.ready));
        container.readiness_probe = Some(health.readiness(self.ready));
        container.liveness_probe = Some(health.liveness(self.live));
        let mut needs = vec![
            Need::secret(self.kubeconfig, &[names::KUBECONFIG_KEY]),
            Need::secret(self.server, &["tls.crt", "tls.key"]).reloaded(),
        ];
        needs.extend(more);
        Pod {
            component: self.component,
            before: Vec::new(),
            parts: vec![Part { container, needs }],
            volumes: Vec::new(),
            // It holds nothing that an end could lose.
            termination_grace_period: 2,
        }
    }
}

/// Objects of such a pod in a hosted cluster.
pub fn objects(plan: &Plan, pod: &Pod, contents: &Contents) -> Vec<DynamicObject> {
    let mut objects: Vec<_> = workload::disruption_budget(plan, pod.component).iter().map(dynamic).collect();
    objects.push(dynamic(&deployment::deployment(plan, pod, &Source::Objects, contents)));
    objects
}
