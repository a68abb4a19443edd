//! What is wrong with pods, in words that say what to do about it. Pure; reads nothing but the pods' own status.

use hoist_api::conditions::Reason;
use hoist_api::labels;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod};
use kube::ResourceExt;

/// Longest part of a container's last words that a condition repeats.
const LAST_WORDS: usize = 400;
/// So often has something ended that does not stay up.
const MANY_ENDS: i32 = 2;
/// What a full file system answers.
const NO_SPACE: &str = "no space left on device";

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
    let mut found: Vec<Trouble> = pods.iter().filter(|pod| !is_over(pod)).flat_map(of_pod).collect();
    found.sort_by_key(|trouble| match trouble.reason {
        Reason::VolumeFull | Reason::ImagePullFailed => 0,
        Reason::Unschedulable => 1,
        _ => 2,
    });
    found
}

/// Deleted, or evicted: another pod takes its place.
fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    pod.metadata.deletion_timestamp.is_some() || phase == Some("Failed")
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
        .filter_map(|container| of_container(pod, container))
        .map(|(reason, message)| trouble(reason, message))
        .collect()
}

fn of_container(of: &Pod, container: &ContainerStatus) -> Option<(Reason, String)> {
    let state = container.state.as_ref()?;
    let Some(waiting) = &state.waiting else {
        // Between two ends it looks as if nothing were wrong; the first may have been an accident.
        let is_failing = !container.ready && container.restart_count >= MANY_ENDS;
        return last_end(container).filter(|end| is_failing && end.exit_code != 0).map(|end| ended(of, container, end));
    };
    let pod = of.name_any();
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
        "CrashLoopBackOff" => Some(match last_end(container) {
            Some(end) => ended(of, container, end),
            None => (Reason::ComponentsUnavailable, format!("container {name} of pod {pod} does not stay up: {cause}")),
        }),
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

/// The end that its state tells of: of this run, or of the one before.
fn last_end(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    let ended = |state: &Option<ContainerState>| state.as_ref().and_then(|state| state.terminated.as_ref()).is_some();
    let state = if ended(&container.state) { &container.state } else { &container.last_state };
    state.as_ref()?.terminated.as_ref()
}

fn ended(of: &Pod, container: &ContainerStatus, end: &ContainerStateTerminated) -> (Reason, String) {
    let (name, pod, times) = (&container.name, of.name_any(), container.restart_count);
    let said = end.message.as_deref().unwrap_or_default().trim();
    let words = last_words(said);
    if said.contains(NO_SPACE) {
        let message = format!(
            "{} is full, so container {name} of pod {pod} ended {times} times ({words}); free space there or enlarge it: \
             {name} then goes on with all its data",
            volume(of)
        );
        return (Reason::VolumeFull, message);
    }
    let words = if words.is_empty() { String::new() } else { format!(", last words: {words}") };
    let message = format!(
        "container {name} of pod {pod} ended {times} times (exit code {}{words}); see `kubectl logs {pod} -c {name} --previous`",
        end.exit_code
    );
    (Reason::ComponentsUnavailable, message)
}

/// Where a pod keeps its data, in words.
fn volume(pod: &Pod) -> String {
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let claims: Vec<&str> =
        volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.as_str())).collect();
    match claims.as_slice() {
        [] => "the file system of its node".to_owned(),
        claims => format!("the volume of PersistentVolumeClaim {}", claims.join(", ")),
    }
}

/// The cause of an end, without the stack traces that Go programs put behind it.
fn last_words(said: &str) -> String {
    let told = said.lines().rev().find_map(entry);
    let panic = || said.lines().rev().find(|line| line.starts_with("panic: ")).map(str::to_owned);
    let words = told.or_else(panic).unwrap_or_else(|| said.to_owned());
    let start = words.ceil_char_boundary(words.len().saturating_sub(LAST_WORDS));
    words[start..].to_owned()
}

/// A line of etcd's log: an object with a message and mostly an error.
fn entry(line: &str) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_str(line.trim()).ok()?;
    let message = entry["msg"].as_str()?;
    Some(match entry["error"].as_str() {
        Some(error) => format!("{message}: {error}"),
        None => message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use hoist_testkit::fixtures;
    use k8s_openapi::api::core::v1::{
        ContainerStateRunning, ContainerStateWaiting, PersistentVolumeClaimVolumeSource, PodCondition, PodSpec,
        PodStatus, Volume,
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
                        message: Some("first line\nkey is no key\n".to_owned()),
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
        assert!(found[0].message.contains("key is no key"), "{}", found[0].message);
    }

    /// As etcd 3.6 ends: the beginning is cut off by kubelet, and stack traces are most of it.
    const FULL: &str = concat!(
        r#"batch_tx.go:344\ngo.etcd.io/etcd/server/v3/storage/backend.(*backend).run"}"#,
        "\n",
        r#"{"level":"error","logger":"bbolt","msg":"Committing transaction failed: write /var/lib/data/member/snap/db: no space left on device","stacktrace":"go.etcd.io/bbolt.(*Tx).Commit\n\tgo.etcd.io/bbolt@v1.4.3/tx.go:247"}"#,
        "\n",
        r#"{"level":"fatal","msg":"failed to commit tx","error":"write /var/lib/data/member/snap/db: no space left on device","stacktrace":"go.etcd.io/etcd"}"#,
        "\n",
    );

    fn ended(pod: &mut Pod) -> &mut ContainerStatus {
        let status = &mut pod.status.as_mut().unwrap().container_statuses.as_mut().unwrap()[0];
        status.last_state.as_mut().unwrap().terminated.as_mut().unwrap().message = Some(FULL.to_owned());
        status
    }

    #[test]
    fn a_full_disk_is_told_with_component_and_claim_and_without_stack_traces() {
        let mut pod = waiting("CrashLoopBackOff", "back-off 10s");
        ended(&mut pod);
        pod.spec = Some(PodSpec {
            volumes: Some(vec![Volume {
                name: "data".to_owned(),
                persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                    claim_name: "data-etcd-0".to_owned(),
                    read_only: None,
                }),
                ..Volume::default()
            }]),
            ..PodSpec::default()
        });
        let found = troubles(&[pod]);
        assert_eq!(found[0].reason, Reason::VolumeFull);
        insta::assert_snapshot!(
            found[0].message,
            @"the volume of PersistentVolumeClaim data-etcd-0 is full, so container etcd of pod etcd-0 ended 3 times (failed to commit tx: write /var/lib/data/member/snap/db: no space left on device); free space there or enlarge it: etcd then goes on with all its data"
        );
    }

    #[rstest]
    #[case::between_two_ends(3, false, 1)]
    #[case::up_again(3, true, 0)]
    #[case::one_accident(1, false, 0)]
    fn a_container_that_keeps_ending_is_told_until_it_is_ready(
        #[case] restarts: i32,
        #[case] is_ready: bool,
        #[case] expected: usize,
    ) {
        let mut pod = waiting("CrashLoopBackOff", "back-off 10s");
        let status = ended(&mut pod);
        status.state =
            Some(ContainerState { running: Some(ContainerStateRunning::default()), ..ContainerState::default() });
        status.restart_count = restarts;
        status.ready = is_ready;
        assert_eq!(troubles(&[pod]).len(), expected);
    }

    #[test]
    fn an_evicted_pod_is_no_trouble() {
        let mut pod = waiting("CrashLoopBackOff", "back-off 10s");
        pod.status.as_mut().unwrap().phase = Some("Failed".to_owned());
        assert!(troubles(&[pod]).is_empty());
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
