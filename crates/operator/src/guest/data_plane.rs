//! The proof that the control plane reaches the nodes: one line of a konnectivity agent's log, read through the API server.

use std::sync::Arc;
use std::time::Duration;

use hoist_controller::{ApiError, ObjectId, error_chain};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, ListParams, LogParams};

use super::Shared;
use crate::context::Context;

/// A tunnel that works is proved again this often.
const GOOD: Duration = Duration::from_secs(60);
/// One that does not is tried this soon, and then ever more seldom.
const BAD: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Proves it again and again, and at once when a Node changed.
pub async fn probe(ctx: Arc<Context>, shared: Arc<Shared>) {
    let mut retry = BAD.0;
    loop {
        let outcome = try_once(&shared).await;
        let pause = match &outcome {
            None => GOOD,
            Some(Ok(())) => {
                retry = BAD.0;
                GOOD
            }
            Some(Err(_)) => {
                let pause = retry;
                retry = (retry * 2).min(BAD.1);
                pause
            }
        };
        shared.learn(&ctx, |state| state.data_plane = outcome);
        tokio::select! {
            () = shared.nodes_changed.notified() => retry = BAD.0,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// `None` while there is no node that could be reached.
async fn try_once(shared: &Shared) -> Option<Result<(), String>> {
    let has_ready_node = shared.nodes.state().iter().any(|node| crate::node_facts::is_ready(node));
    if !has_ready_node {
        return None;
    }
    Some(read_a_log(shared).await)
}

async fn read_a_log(shared: &Shared) -> Result<(), String> {
    let api: Api<Pod> = Api::namespaced(shared.client.clone(), "kube-system");
    let parameters = ListParams::default().labels("k8s-app=konnectivity-agent");
    let pods = shared.calls.list(&api, &parameters).await.map_err(|error| error_chain(&error))?;
    let running: Vec<&Pod> = pods.iter().filter(|pod| is_running(pod)).collect();
    if running.is_empty() {
        return Err("no konnectivity agent runs on any node yet; see the pods with label k8s-app=konnectivity-agent in the hosted cluster's namespace kube-system".to_owned());
    }
    let mut last = String::new();
    // Any agent will do; three keep the worst case short of the API's patience.
    for pod in running.iter().take(3) {
        match log_line(shared, &api, &pod.name_any()).await {
            Ok(()) => return Ok(()),
            Err(error) => last = error_chain(&error),
        }
    }
    Err(last)
}

async fn log_line(shared: &Shared, api: &Api<Pod>, pod: &str) -> Result<(), ApiError> {
    let parameters = LogParams { tail_lines: Some(1), limit_bytes: Some(1024), ..LogParams::default() };
    let id = ObjectId::namespaced("Pod", "kube-system", pod);
    shared.calls.with_deadline(Duration::from_secs(5)).run("read the log of", id, api.logs(pod, &parameters)).await?;
    Ok(())
}

fn is_running(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    phase == Some("Running") && pod.metadata.deletion_timestamp.is_none()
}
