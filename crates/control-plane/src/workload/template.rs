//! The pod template of workloads in a control plane namespace.

use std::collections::BTreeMap;

use hoist_api::{annotations, labels};
use hoist_plan::Plan;
use k8s_openapi::api::core::v1::{Container, LocalObjectReference, PodSpec, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{placement, selector};
use crate::files::{Contents, Source};
use crate::pod::{Pod, empty_dir, mount};
use crate::{ComponentName, container, requests};

/// A writable folder for programs that insist on one. HyperShift's name.
const TEMPORARY_VOLUME: &str = "tmp-dir";
/// Tells a cluster autoscaler which emptyDirs it may throw away.
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";

/// Containers and volumes of `pod` with its files from `source`.
pub(super) fn containers_and_volumes(pod: &Pod, source: &Source) -> (Vec<Container>, Vec<Volume>) {
    let mut volumes = vec![empty_dir(TEMPORARY_VOLUME)];
    let mut containers = Vec::new();
    for part in &pod.parts {
        let mut container = part.container.clone();
        let files = format!("{}-files", container.name);
        volumes.push(source.volume(&files, &part.needs));
        container
            .volume_mounts
            .get_or_insert_default()
            .extend([Source::mount(&files), mount(TEMPORARY_VOLUME, "/tmp")]);
        containers.push(container);
    }
    volumes.extend(pod.volumes.iter().cloned());
    (containers, volumes)
}

/// The template.
pub(crate) fn template(plan: &Plan, pod: &Pod, source: &Source, contents: &Contents) -> PodTemplateSpec {
    let workload = pod.component.to_string();
    let (mut containers, volumes) = containers_and_volumes(pod, source);
    let mut before = pod.before.clone();
    for container in containers.iter_mut().chain(&mut before) {
        requests::set(container, &workload, &plan.resource_overrides);
        if container.image.as_deref().is_some_and(has_moving_tag) {
            container.image_pull_policy = Some("Always".to_owned());
        }
    }
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(pod_labels(plan, pod.component)),
            annotations: Some(pod_annotations(plan, pod, &volumes, contents)),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            containers,
            init_containers: (!before.is_empty()).then_some(before),
            volumes: Some(volumes),
            security_context: Some(container::pod_security_context()),
            image_pull_secrets: Some(vec![LocalObjectReference { name: plan.pull_secret.clone() }]),
            priority_class_name: Some(priority_class(plan, pod.component).to_owned()),
            termination_grace_period_seconds: Some(pod.termination_grace_period),
            affinity: Some(placement::affinity(plan, pod.component)),
            tolerations: Some(placement::tolerations(plan, pod.component)),
            node_selector: (!plan.scheduling.node_selector.is_empty()).then(|| plan.scheduling.node_selector.clone()),
            ..PodSpec::default()
        }),
    }
}

/// Images of a release have digests; one that somebody chose by annotation may have a tag that moves.
fn has_moving_tag(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    name.ends_with(":latest") || !name.contains([':', '@'])
}

fn pod_labels(plan: &Plan, component: ComponentName) -> BTreeMap<String, String> {
    let mut all = plan.scheduling.labels.clone();
    // Ours win over the user's: selectors depend on them.
    all.extend(plan.identity.labels());
    all.extend(selector(component));
    if component.serves_requests() {
        all.insert(labels::REQUEST_SERVING.to_owned(), "true".to_owned());
    }
    all.insert(labels::HOSTED_CONTROL_PLANE_NAMESPACE.to_owned(), plan.identity.namespace.clone());
    all
}

fn pod_annotations(plan: &Plan, pod: &Pod, volumes: &[Volume], contents: &Contents) -> BTreeMap<String, String> {
    let temporary: Vec<_> =
        volumes.iter().filter(|volume| volume.empty_dir.is_some()).map(|volume| volume.name.as_str()).collect();
    let mut all = BTreeMap::from([
        (annotations::CONFIG_HASH.to_owned(), contents.hash(&pod.needs())),
        (SAFE_TO_EVICT.to_owned(), temporary.join(",")),
    ]);
    if let Some(date) = &plan.scheduling.restart_date {
        all.insert(annotations::RESTART_DATE.to_owned(), date.clone());
    }
    all
}

fn priority_class(plan: &Plan, component: ComponentName) -> &str {
    let classes = &plan.scheduling.priority_classes;
    match component {
        ComponentName::Etcd => &classes.etcd,
        ComponentName::KubeApiServer => &classes.api_critical,
        ComponentName::KubeControllerManager | ComponentName::KubeScheduler => &classes.control_plane,
    }
}
