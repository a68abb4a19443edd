//! Static pods: the same pods on the host network, with files and data from the host.

use std::collections::BTreeMap;

use hoist_plan::ResourceOverrides;
use k8s_openapi::api::core::v1::{HostPathVolumeSource, PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{selector, template};
use crate::files::Source;
use crate::pod::Pod;
use crate::{container, requests};

/// Where probes ask: etcd listens nowhere else.
const LOOPBACK: &str = "127.0.0.1";

/// Where a static pod runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Folder on the host with the files.
    pub files_directory: String,
    /// Folders on the host for volumes of these names, written by user and group [`container::USER`].
    pub data: BTreeMap<String, String>,
}

/// The pod as kubelet reads it from its folder of static pods.
pub fn static_pod(pod: &Pod, site: &Site) -> k8s_openapi::api::core::v1::Pod {
    let source = Source::HostFiles { directory: site.files_directory.clone() };
    let (mut containers, mut volumes) = template::containers_and_volumes(pod, &source);
    for container in &mut containers {
        let probes = [&mut container.startup_probe, &mut container.readiness_probe, &mut container.liveness_probe];
        for get in probes.into_iter().flatten().filter_map(|probe| probe.http_get.as_mut()) {
            get.host = Some(LOOPBACK.to_owned());
        }
        requests::set(container, pod.component.as_ref(), &ResourceOverrides::default());
    }
    volumes.extend(site.data.iter().map(|(name, path)| Volume {
        name: name.clone(),
        host_path: Some(HostPathVolumeSource { path: path.clone(), type_: Some("DirectoryOrCreate".to_owned()) }),
        ..Volume::default()
    }));
    k8s_openapi::api::core::v1::Pod {
        metadata: ObjectMeta {
            name: Some(pod.component.to_string()),
            namespace: Some("kube-system".to_owned()),
            labels: Some(selector(pod.component)),
            ..ObjectMeta::default()
        },
        spec: Some(PodSpec {
            host_network: Some(true),
            enable_service_links: Some(false),
            containers,
            volumes: Some(volumes),
            security_context: Some(container::pod_security_context()),
            priority_class_name: Some("system-node-critical".to_owned()),
            termination_grace_period_seconds: Some(pod.termination_grace_period),
            ..PodSpec::default()
        }),
        ..k8s_openapi::api::core::v1::Pod::default()
    }
}
