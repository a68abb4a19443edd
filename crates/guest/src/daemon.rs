//! What the pods of Hoist's own DaemonSets and Deployments in a cluster share.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use hoist_api::annotations::CONFIG_HASH;
use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, EnvVar, EnvVarSource, HostPathVolumeSource, LocalObjectReference, ObjectFieldSelector,
    PodSpec, PodTemplateSpec, ResourceRequirements, SeccompProfile, SecurityContext, Toleration, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use sha2::{Digest as _, Sha256};

use crate::metadata::namespaced;

/// User and group of our images that need no privilege.
pub const USER: i64 = 65532;

/// How pods of the host network reach the API server: kubelet would tell them the Service's address, which works only after
/// kube-proxy runs, and kube-proxy is one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiServer {
    /// Address, with brackets if IPv6.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl ApiServer {
    /// The variables that in-cluster clients read.
    pub fn environment(&self) -> Vec<EnvVar> {
        vec![
            variable("KUBERNETES_SERVICE_HOST", &self.host),
            variable("KUBERNETES_SERVICE_PORT", &self.port.to_string()),
        ]
    }
}

/// A variable with a value.
pub fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), value_from: None }
}

/// A variable with a field of the pod.
pub fn field(name: &str, path: &str) -> EnvVar {
    EnvVar {
        name: name.to_owned(),
        value: None,
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { api_version: None, field_path: path.to_owned() }),
            ..EnvVarSource::default()
        }),
    }
}

/// A container.
pub fn container(name: &str, image: &str, command: &str, arguments: &[String]) -> Container {
    Container {
        name: name.to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        command: Some(vec![command.to_owned()]),
        args: (!arguments.is_empty()).then(|| arguments.to_vec()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

/// Requests of a container; measured, rounded up.
pub fn requests(milli_processors: u32, mebibytes: u32) -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(BTreeMap::from([
            ("cpu".to_owned(), Quantity(format!("{milli_processors}m"))),
            ("memory".to_owned(), Quantity(format!("{mebibytes}Mi"))),
        ])),
        ..ResourceRequirements::default()
    }
}

/// Root with these capabilities and no other.
pub fn capable(capabilities: &[&str]) -> SecurityContext {
    SecurityContext {
        run_as_user: Some(0),
        run_as_group: Some(0),
        run_as_non_root: Some(false),
        capabilities: Some(Capabilities {
            add: Some(capabilities.iter().map(|capability| (*capability).to_owned()).collect()),
            drop: Some(vec!["ALL".to_owned()]),
        }),
        ..confined()
    }
}

/// Our user, without any privilege.
pub fn unprivileged() -> SecurityContext {
    SecurityContext {
        run_as_user: Some(USER),
        run_as_group: Some(USER),
        run_as_non_root: Some(true),
        capabilities: Some(Capabilities { add: None, drop: Some(vec!["ALL".to_owned()]) }),
        ..confined()
    }
}

fn confined() -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        read_only_root_filesystem: Some(true),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..SecurityContext::default()
    }
}

/// A folder of the host.
pub fn host_path(name: &str, path: &str) -> Volume {
    Volume {
        name: name.to_owned(),
        host_path: Some(HostPathVolumeSource { path: path.to_owned(), type_: Some("DirectoryOrCreate".to_owned()) }),
        ..Volume::default()
    }
}

/// A mount.
pub fn mount(volume: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

/// Bears every taint.
pub fn tolerate_everything() -> Vec<Toleration> {
    vec![Toleration { operator: Some("Exists".to_owned()), ..Toleration::default() }]
}

/// References to a pull secret, if there is one.
pub fn pull_secrets(name: Option<&str>) -> Option<Vec<LocalObjectReference>> {
    name.map(|name| vec![LocalObjectReference { name: name.to_owned() }])
}

/// Labels that select the pods of `name`.
pub fn selector(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("k8s-app".to_owned(), name.to_owned())])
}

/// Sixteen hexadecimal digits that change with `configuration`.
pub fn configuration_hash(configuration: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(configuration)[..8])
}

/// A pod on every node's own network, there before everything else and through every taint.
///
/// `hash` changes with what the pods read, and restarts them.
pub fn daemon_set(name: &str, service_account: &str, pod: PodSpec, hash: &str) -> DaemonSet {
    DaemonSet {
        metadata: namespaced(name),
        spec: Some(DaemonSetSpec {
            selector: LabelSelector { match_labels: Some(selector(name)), ..LabelSelector::default() },
            revision_history_limit: Some(2),
            update_strategy: Some(DaemonSetUpdateStrategy {
                type_: Some("RollingUpdate".to_owned()),
                rolling_update: Some(RollingUpdateDaemonSet {
                    max_unavailable: Some(IntOrString::String("10%".to_owned())),
                    max_surge: None,
                }),
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(selector(name)),
                    annotations: Some(BTreeMap::from([(CONFIG_HASH.to_owned(), hash.to_owned())])),
                    ..ObjectMeta::default()
                }),
                spec: Some(PodSpec {
                    service_account_name: Some(service_account.to_owned()),
                    host_network: Some(true),
                    dns_policy: Some("Default".to_owned()),
                    enable_service_links: Some(false),
                    priority_class_name: Some("system-node-critical".to_owned()),
                    tolerations: Some(tolerate_everything()),
                    termination_grace_period_seconds: Some(2),
                    ..pod
                }),
            },
            ..DaemonSetSpec::default()
        }),
        ..DaemonSet::default()
    }
}
