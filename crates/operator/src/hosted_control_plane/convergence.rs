//! Whether a change has reached every pod. A pod that is ending still serves, and still writes.

use hoist_api::{annotations, labels};
use hoist_controller::Pass;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;

use super::workloads::Progress;

/// Whether the Deployment of a component is rolled out, and every pod of it that still runs was started with what its template
/// asks for.
pub fn is_converged(progress: &Progress, pass: &Pass<'_>, pods: &[Pod]) -> bool {
    let name = progress.name.as_ref();
    let Some(wanted) = pass.typed::<Deployment>(name).as_ref().and_then(wanted_hash) else { return false };
    let running: Vec<&Pod> = pods.iter().filter(|pod| is_of(pod, name) && !is_over(pod)).collect();
    let has_it = |pod: &&Pod| pod.annotations().get(annotations::CONFIG_HASH) == Some(&wanted);
    let enough = usize::try_from(progress.wanted).is_ok_and(|wanted| wanted > 0 && running.len() >= wanted);
    progress.is_complete() && enough && running.iter().all(has_it)
}

fn wanted_hash(deployment: &Deployment) -> Option<String> {
    let template = deployment.spec.as_ref()?.template.metadata.as_ref()?;
    template.annotations.as_ref()?.get(annotations::CONFIG_HASH).cloned()
}

fn is_of(pod: &Pod, component: &str) -> bool {
    pod.labels().get(labels::CONTROL_PLANE_COMPONENT).is_some_and(|label| label == component)
}

/// Its containers have ended and do not start again.
fn is_over(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    matches!(phase, Some("Succeeded" | "Failed"))
}
