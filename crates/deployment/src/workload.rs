//! The form that all Deployments share: restricted, non-root, read-only, probed every second.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_openapi::api::core::v1::{
    Capabilities, Container, ContainerPort, EmptyDirVolumeSource, EnvVar, HTTPGetAction, LocalObjectReference,
    PodSecurityContext, PodSpec, PodTemplateSpec, Probe, ResourceRequirements, SeccompProfile, SecurityContext,
    TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::core::ObjectMeta;

use crate::{PULL_SECRET, Settings, metadata, own_labels};

/// User and group of everything in our images.
const USER: i64 = 65532;

/// What differs from one to the other.
pub struct Program<'a> {
    /// Deployment, ServiceAccount and container.
    pub name: &'a str,
    /// Path and arguments.
    pub command: Vec<String>,
    /// Besides what all have.
    pub env: Vec<EnvVar>,
    /// Name and number.
    pub ports: Vec<(&'a str, u16)>,
    /// Name of the port that probes ask.
    pub probe_port: &'a str,
    /// Paths of liveness and readiness.
    pub probes: (&'a str, &'a str),
    /// Besides `/tmp`.
    pub volumes: Vec<(Volume, VolumeMount)>,
    /// Processors and memory that it needs when idle.
    pub requests: (&'a str, &'a str),
    /// Most memory.
    pub memory_limit: &'a str,
    /// How many.
    pub replicas: u8,
}

/// The Deployment of a program.
pub fn deployment(settings: &Settings, program: Program<'_>) -> Deployment {
    let selector = BTreeMap::from([("app.kubernetes.io/name".to_owned(), program.name.to_owned())]);
    let mut labels = own_labels();
    labels.extend(selector.clone());
    Deployment {
        metadata: metadata(settings, program.name),
        spec: Some(DeploymentSpec {
            replicas: Some(i32::from(program.replicas)),
            revision_history_limit: Some(2),
            selector: LabelSelector { match_labels: Some(selector), ..LabelSelector::default() },
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta { labels: Some(labels), ..ObjectMeta::default() }),
                spec: Some(pod(settings, program)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    }
}

fn pod(settings: &Settings, program: Program<'_>) -> PodSpec {
    let (mut volumes, mut mounts): (Vec<Volume>, Vec<VolumeMount>) = program.volumes.into_iter().unzip();
    volumes.push(Volume {
        name: "tmp-dir".to_owned(),
        empty_dir: Some(EmptyDirVolumeSource::default()),
        ..Volume::default()
    });
    mounts.push(VolumeMount { name: "tmp-dir".to_owned(), mount_path: "/tmp".to_owned(), ..VolumeMount::default() });
    let container = Container {
        name: program.name.to_owned(),
        image: Some(settings.image.clone()),
        image_pull_policy: Some(settings.image_pull_policy.clone()),
        command: Some(program.command),
        env: Some([common_env(), program.env].concat()),
        ports: Some(
            program
                .ports
                .iter()
                .map(|(name, port)| ContainerPort {
                    name: Some((*name).to_owned()),
                    container_port: i32::from(*port),
                    protocol: Some("TCP".to_owned()),
                    ..ContainerPort::default()
                })
                .collect(),
        ),
        startup_probe: Some(probe(program.probes.0, program.probe_port, 1, 60)),
        readiness_probe: Some(probe(program.probes.1, program.probe_port, 2, 3)),
        liveness_probe: Some(probe(program.probes.0, program.probe_port, 10, 3)),
        resources: Some(ResourceRequirements {
            requests: Some(BTreeMap::from([
                ("cpu".to_owned(), Quantity(program.requests.0.to_owned())),
                ("memory".to_owned(), Quantity(program.requests.1.to_owned())),
            ])),
            limits: Some(BTreeMap::from([("memory".to_owned(), Quantity(program.memory_limit.to_owned()))])),
            ..ResourceRequirements::default()
        }),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
            read_only_root_filesystem: Some(true),
            run_as_non_root: Some(true),
            ..SecurityContext::default()
        }),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(mounts),
        ..Container::default()
    };
    PodSpec {
        containers: vec![container],
        service_account_name: Some(program.name.to_owned()),
        automount_service_account_token: Some(true),
        priority_class_name: Some(hoist_api::priority_classes::OPERATOR.to_owned()),
        image_pull_secrets: settings
            .pull_secret
            .is_some()
            .then(|| vec![LocalObjectReference { name: PULL_SECRET.to_owned() }]),
        security_context: Some(PodSecurityContext {
            run_as_non_root: Some(true),
            run_as_user: Some(USER),
            run_as_group: Some(USER),
            fs_group: Some(USER),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), ..SeccompProfile::default() }),
            ..PodSecurityContext::default()
        }),
        termination_grace_period_seconds: Some(10),
        volumes: Some(volumes),
        ..PodSpec::default()
    }
}

/// Replicas of a program on different nodes where there are several.
pub fn on_other_nodes(name: &str) -> TopologySpreadConstraint {
    let selector = BTreeMap::from([("app.kubernetes.io/name".to_owned(), name.to_owned())]);
    TopologySpreadConstraint {
        max_skew: 1,
        topology_key: "kubernetes.io/hostname".to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        label_selector: Some(LabelSelector { match_labels: Some(selector), ..LabelSelector::default() }),
        ..TopologySpreadConstraint::default()
    }
}

/// One arena and two workers: with glibc's default of eight arenas a core, freed memory is kept many times over.
fn common_env() -> Vec<EnvVar> {
    vec![
        field("POD_NAME", "metadata.name"),
        field("POD_NAMESPACE", "metadata.namespace"),
        variable("MALLOC_ARENA_MAX", "1"),
        variable("MALLOC_TRIM_THRESHOLD_", "131072"),
    ]
}

/// A variable with a value.
pub fn variable(name: &str, value: &str) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value.to_owned()), ..EnvVar::default() }
}

fn field(name: &str, path: &str) -> EnvVar {
    use k8s_openapi::api::core::v1::{EnvVarSource, ObjectFieldSelector};
    EnvVar {
        name: name.to_owned(),
        value_from: Some(EnvVarSource {
            field_ref: Some(ObjectFieldSelector { field_path: path.to_owned(), ..ObjectFieldSelector::default() }),
            ..EnvVarSource::default()
        }),
        ..EnvVar::default()
    }
}

fn probe(path: &str, port: &str, period: i32, failures: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String(port.to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        failure_threshold: Some(failures),
        timeout_seconds: Some(3),
        ..Probe::default()
    }
}
