//! What all containers of a control plane have in common.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EnvVar, HTTPGetAction, PodSecurityContext, Probe, SeccompProfile,
    SecurityContext,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// User and group of our images.
pub const USER: i64 = 65532;
/// Collect garbage when the heap has grown by this many percent. Measured: against Go's 100 it saves a seventh of a control
/// plane's memory (platform-facts.md) for a few percent of its processor time.
const GOGC: &str = "40";

/// Seconds between start-up probes: users wait for these.
const STARTUP_PERIOD: i32 = 1;
/// A component that is not up after this many seconds is restarted; long, because images may still be cold on disk.
const STARTUP_DEADLINE: i32 = 600;

/// A container of `image` that runs `command`, hardened for the `restricted` pod security standard.
pub fn container(name: &str, image: &str, command: &str, arguments: Vec<String>) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(vec![command.to_owned()]),
        args: Some(arguments),
        env: Some(vec![variable("GOGC", GOGC)]),
        security_context: Some(security_context()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// An environment variable.
pub fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
}

/// A named TCP port.
pub fn port(name: &str, number: u16) -> ContainerPort {
    ContainerPort {
        name: Some(name.to_owned()),
        container_port: number.into(),
        protocol: Some("TCP".to_owned()),
        ..ContainerPort::default()
    }
}

/// An endpoint that tells how a component is.
#[derive(Debug, Clone, Copy)]
pub struct Health {
    /// `HTTP` or `HTTPS`.
    pub scheme: &'static str,
    /// Port.
    pub port: u16,
}

impl Health {
    fn get(self, path: &str) -> Probe {
        Probe {
            http_get: Some(HTTPGetAction {
                path: Some(path.to_owned()),
                port: IntOrString::Int(self.port.into()),
                scheme: Some(self.scheme.to_owned()),
                ..HTTPGetAction::default()
            }),
            ..Probe::default()
        }
    }

    /// Asked each second until it answers; then the other probes begin.
    pub fn startup(self, path: &str) -> Probe {
        Probe {
            period_seconds: Some(STARTUP_PERIOD),
            timeout_seconds: Some(2),
            failure_threshold: Some(STARTUP_DEADLINE),
            ..self.get(path)
        }
    }

    /// Takes the pod out of its Services within 15 s. kubelet asks at once when start-up is over.
    pub fn readiness(self, path: &str) -> Probe {
        Probe { period_seconds: Some(5), timeout_seconds: Some(5), failure_threshold: Some(3), ..self.get(path) }
    }

    /// Restarts the container after a minute.
    pub fn liveness(self, path: &str) -> Probe {
        Probe { period_seconds: Some(10), timeout_seconds: Some(10), failure_threshold: Some(6), ..self.get(path) }
    }
}

/// No privilege at all.
pub fn security_context() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(true),
        ..SecurityContext::default()
    }
}

/// The pod's part: our user, whose group may read the mounted files, and the runtime's system call filter.
pub fn pod_security_context() -> PodSecurityContext {
    PodSecurityContext {
        run_as_non_root: Some(true),
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        fs_group: Some(USER),
        fs_group_change_policy: Some("OnRootMismatch".to_owned()),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..PodSecurityContext::default()
    }
}

/// Labels as a map.
pub fn map<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
