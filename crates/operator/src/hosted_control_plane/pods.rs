//! What is wrong with pods, in words that say what to do about it. Pure; reads nothing but the pods' own status.

use hoist_api::conditions::Reason;
use hoist_api::labels;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt;

/// Longest part of a container's last words that a condition repeats.
const LAST_WORDS: usize = 400;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Reason for a condition.
    pub reason: Reason,
    /// Component whose pod it is.
    pub component: String,
    /// Names the pod, the cause and the next step.
    pub message: String,
}

/// Everything that is wrong with the pods of a control plane, worst first: what keeps a pod from starting, then what ends it.
pub fn troubles(pods: &[Pod]) -> Vec<Trouble> {
    let mut found: Vec<Trouble> =
        pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).flat_map(of_pod).collect();
    found.sort_by_key(|trouble| match trouble.reason {
        Reason::ImagePullFailed => 0,
        Reason::Unschedulable => 1,
        _ => 2,
    });
    found
}

fn of_pod(pod: &Pod) -> Vec<Trouble> {
    let Some(status) = &pod.status else { return Vec::new() };
    let name = pod.name_any();
    let component = pod.labels().get(labels::CONTROL_PLANE_COMPONENT).cloned().unwrap_or_else(|| name.clone());
    let trouble = |reason, message| Trouble { reason, component: component.clone(), message };
    let unschedulable =
        status.conditions.iter().flatten().find(|condition| {
            condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
        });
    if let Some(condition) = unschedulable {
        let cause = condition.message.clone().unwrap_or_default();
        let message = format!(
            "pod {name} cannot be scheduled: {cause}; add nodes or room for it, or change nodeSelector and tolerations of the HostedCluster"
        );
        return vec![trouble(Reason::Unschedulable, message)];
    }
    let containers = status.init_container_statuses.iter().flatten().chain(status.container_statuses.iter().flatten());
    containers
        .filter_map(|container| of_container(&name, container))
        .map(|(reason, message)| trouble(reason, message))
        .collect()
}

fn of_container(pod: &str, container: &ContainerStatus) -> Option<(Reason, String)> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let cause = waiting.message.clone().unwrap_or_default();
    let name = &container.name;
    match waiting.reason.as_deref()? {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "InvalidImageName"
        | "ErrImageNeverPull"
        | "RegistryUnavailable"
        | "ImageInspectError" => {
            let message =
                format!("image {} of pod {pod} cannot be pulled: {cause}; {}", container.image, pull_advice(&cause));
            Some((Reason::ImagePullFailed, message))
        }
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            let message =
                format!("container {name} of pod {pod} cannot be started: {cause}; see `kubectl describe pod {pod}`");
            Some((Reason::ComponentsUnavailable, message))
        }
        "CrashLoopBackOff" => {
            let message = format!(
                "container {name} of pod {pod} ended {} times{}; see `kubectl logs {pod} -c {name} --previous`",
                container.restart_count,
                last_words(container)
            );
            Some((Reason::ComponentsUnavailable, message))
        }
        _ => None,
    }
}

fn pull_advice(cause: &str) -> &'static str {
    let cause = cause.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
    if says(&["unauthorized", "401", "403", "denied", "authentication required", "authorization failed"]) {
        "check the entry for this registry in the HostedCluster's pull secret"
    } else if says(&["not found", "404", "manifest unknown"]) {
        "copy the whole release to this repository with `hcp release mirror`"
    } else if says(&["x509", "certificate"]) {
        "make the management cluster's nodes trust this registry's authority"
    } else {
        "check that the management cluster's nodes reach this registry"
    }
}

fn last_words(container: &ContainerStatus) -> String {
    let Some(ended) = container.last_state.as_ref().and_then(|state| state.terminated.as_ref()) else {
        return String::new();
    };
    let said = ended.message.clone().unwrap_or_default();
    let said = said.trim();
    if said.is_empty() {
        return format!(" (exit code {})", ended.exit_code);
    }
    let start = said.ceil_char_boundary(said.len().saturating_sub(LAST_WORDS));
    format!(" (exit code {}, last words: {})", ended.exit_code, &said[start..])
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use k8s_openapi::api::core::v1::{
        ContainerState, ContainerStateTerminated, ContainerStateWaiting, PodCondition, PodStatus,
    };
    use rstest::rstest;

    use super::*;

    fn pod(status: PodStatus) -> Pod {
        let mut metadata = fixtures::metadata("clusters-demo", "etcd-0");
        metadata.labels = Some([(labels::CONTROL_PLANE_COMPONENT.to_owned(), "etcd".to_owned())].into());
        Pod { metadata, status: Some(status), ..Pod::default() }
    }

    fn waiting(reason: &str, message: &str) -> Pod {
        pod(PodStatus {
            container_statuses: Some(vec![ContainerStatus {
                name: "etcd".to_owned(),
                image: "r.example.com/release@sha256:1".to_owned(),
                restart_count: 3,
                state: Some(ContainerState {
                    waiting: Some(ContainerStateWaiting {
                        reason: Some(reason.to_owned()),
                        message: Some(message.to_owned()),
                    }),
                    ..ContainerState::default()
                }),
                last_state: Some(ContainerState {
                    terminated: Some(ContainerStateTerminated {
                        exit_code: 2,
                        message: Some("no space left on device\n".to_owned()),
                        ..ContainerStateTerminated::default()
                    }),
                    ..ContainerState::default()
                }),
                ..ContainerStatus::default()
            }]),
            ..PodStatus::default()
        })
    }

    #[rstest]
    #[case("rpc error: 401 Unauthorized", "pull secret")]
    #[case("manifest unknown: not found", "hcp release mirror")]
    #[case("x509: certificate signed by unknown authority", "trust this registry")]
    #[case("dial tcp 10.0.0.1:5000: connect: connection refused", "reach this registry")]
    fn a_failed_pull_names_image_cause_and_next_step(#[case] cause: &str, #[case] advice: &str) {
        let found = troubles(&[waiting("ImagePullBackOff", cause)]);
        assert_eq!(found[0].reason, Reason::ImagePullFailed);
        let message = &found[0].message;
        assert!(message.contains("r.example.com") && message.contains(cause) && message.contains(advice), "{message}");
    }

    #[test]
    fn a_crashing_container_is_quoted() {
        let found = troubles(&[waiting("CrashLoopBackOff", "back-off 5m0s")]);
        assert_eq!(found[0].reason, Reason::ComponentsUnavailable);
        assert!(found[0].message.contains("no space left on device"), "{}", found[0].message);
    }

    #[test]
    fn an_unschedulable_pod_says_why() {
        let found = troubles(&[pod(PodStatus {
            conditions: Some(vec![PodCondition {
                type_: "PodScheduled".to_owned(),
                status: "False".to_owned(),
                reason: Some("Unschedulable".to_owned()),
                message: Some("0/1 nodes are available: 1 Insufficient memory.".to_owned()),
                ..PodCondition::default()
            }]),
            ..PodStatus::default()
        })]);
        assert_eq!(found[0].reason, Reason::Unschedulable);
        assert!(found[0].message.contains("Insufficient memory"));
    }

    #[test]
    fn a_pod_that_is_starting_is_no_trouble() {
        assert!(troubles(&[waiting("ContainerCreating", "")]).is_empty());
        assert!(troubles(&[waiting("PodInitializing", "")]).is_empty());
    }
}
