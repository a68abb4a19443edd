//! Which logs there are, and where they go.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::LogParams;
use kube::{Api, ResourceExt as _};

/// Lines of a log that are kept, the last ones.
const LINES: i64 = 100_000;

/// One log of one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    pod: String,
    container: String,
    /// Of the container that ran before this one.
    previous: bool,
}

/// The logs of a pod. A container that has never started has none.
pub fn of_pod(pod: &Pod) -> Vec<Log> {
    let Some(status) = &pod.status else { return Vec::new() };
    [&status.init_container_statuses, &status.container_statuses, &status.ephemeral_container_statuses]
        .into_iter()
        .flat_map(|statuses| statuses.iter().flatten())
        .flat_map(|status| logs(&pod.name_any(), status))
        .collect()
}

fn logs(pod: &str, status: &ContainerStatus) -> Vec<Log> {
    let log = |previous| Log { pod: pod.to_owned(), container: status.name.clone(), previous };
    let has_started = status.state.as_ref().is_some_and(|state| state.running.is_some() || state.terminated.is_some());
    let has_previous = status.restart_count > 0;
    [has_started.then(|| log(false)), has_previous.then(|| log(true))].into_iter().flatten().collect()
}

impl Log {
    /// Pod, container and which run.
    pub fn name(&self) -> String {
        format!("{} container {}{}", self.pod, self.container, if self.previous { " (previous)" } else { "" })
    }

    /// What reading it is, in words.
    pub fn action(&self, namespace: &str) -> String {
        format!("read the log of {namespace}/{}", self.name())
    }

    /// Where it is written; `oc adm inspect`'s layout.
    pub fn path(&self, namespace: &str) -> String {
        let run = if self.previous { "previous" } else { "current" };
        let Self { pod, container, .. } = self;
        format!("namespaces/{namespace}/pods/{pod}/{container}/{container}/logs/{run}.log")
    }

    /// Reads it.
    pub async fn read(&self, api: &Api<Pod>) -> kube::Result<String> {
        let parameters = LogParams {
            container: Some(self.container.clone()),
            previous: self.previous,
            tail_lines: Some(LINES),
            timestamps: true,
            ..LogParams::default()
        };
        api.logs(&self.pod, &parameters).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_ran_has_logs_and_only_what_restarted_has_previous_ones() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "etcd-0"},
            "status": {
                "initContainerStatuses": [{"name": "ensure-dns", "image": "", "imageID": "", "ready": true, "restartCount": 0, "state": {"terminated": {"exitCode": 0}}}],
                "containerStatuses": [
                    {"name": "etcd", "image": "", "imageID": "", "ready": true, "restartCount": 2, "state": {"running": {}}},
                    {"name": "late", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {}}},
                ],
            },
        }))
        .unwrap();
        let paths: Vec<String> = of_pod(&pod).iter().map(|log| log.path("clusters-demo")).collect();
        assert_eq!(
            paths,
            [
                "namespaces/clusters-demo/pods/etcd-0/ensure-dns/ensure-dns/logs/current.log",
                "namespaces/clusters-demo/pods/etcd-0/etcd/etcd/logs/current.log",
                "namespaces/clusters-demo/pods/etcd-0/etcd/etcd/logs/previous.log",
            ]
        );
    }
}
