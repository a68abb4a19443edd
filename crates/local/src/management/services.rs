//! What runs on the management cluster as pods: its control plane, kube-proxy and DNS.

use std::{fmt::Debug, time::Duration};

use hoist_guest::{coredns, kube_proxy};
use hoist_host::HostRoot;
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment},
    core::v1::Pod,
};
use kube::{
    Api, Client,
    runtime::wait::{Condition, await_condition},
};
use serde::de::DeserializeOwned;

use super::{Error, api::REQUEST_TIMEOUT, node::MANIFESTS};
use crate::host::Host;

/// Namespace of all of them.
const NAMESPACE: &str = "kube-system";
/// Time for images to start on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Waits until every static pod of `first` is listed as ready, and kube-proxy and DNS are rolled out.
pub(super) async fn wait(client: &Client, first: &Host) -> Result<bool, Error> {
    let pods = static_pods(first)?;
    let pods = pods.iter().map(|name| wait_for(client, name, is_pod_ready));
    let all = async {
        tokio::try_join!(
            futures::future::try_join_all(pods),
            wait_for(client, kube_proxy::NAME, is_daemon_set_ready),
            wait_for(client, coredns::NAME, is_deployment_ready),
        )
    };
    let late = |last: String| Error::Late {
        what: "a service of the management cluster",
        seconds: TIMEOUT.as_secs(),
        last,
        look: format!("hcp local host logs {} --unit kubelet", first.name()),
    };
    match tokio::time::timeout(TIMEOUT, all).await {
        Ok(Ok(_)) => Ok(false),
        Ok(Err(last)) => Err(late(last)),
        Err(_) => Err(late(look(client, first).await.err().unwrap_or_else(|| "it has just become ready".to_owned()))),
    }
}

/// Says how many run, or which do not.
pub async fn look(client: &Client, first: &Host) -> Result<String, String> {
    let pods = static_pods(first).map_err(|error| crate::error_chain(&error))?;
    let mut missing = Vec::new();
    for name in &pods {
        if !is(client, name, is_pod_ready).await? {
            missing.push(name.as_str());
        }
    }
    if !is(client, kube_proxy::NAME, is_daemon_set_ready).await? {
        missing.push(kube_proxy::NAME);
    }
    if !is(client, coredns::NAME, is_deployment_ready).await? {
        missing.push(coredns::NAME);
    }
    if missing.is_empty() {
        Ok(format!("{} of kube-system ready", pods.len() + 2))
    } else {
        Err(format!("not ready in kube-system: {}", missing.join(", ")))
    }
}

/// Names under which the API lists the host's static pods.
fn static_pods(host: &Host) -> Result<Vec<String>, Error> {
    let failed = |source| Error::Io { action: "list the static pods", source };
    let folder = HostRoot::at(host.root()?).path(MANIFESTS);
    let mut names = Vec::new();
    for entry in fs_err::read_dir(folder).map_err(failed)? {
        let file = entry.map_err(failed)?.file_name();
        if let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".json")) {
            names.push(format!("{name}-{}", host.name()));
        }
    }
    names.sort_unstable();
    Ok(names)
}

async fn wait_for<K>(client: &Client, name: &str, ready: fn(Option<&K>) -> bool) -> Result<(), String>
where
    K: Clone + Debug + Send + DeserializeOwned + 'static + kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
    K::DynamicType: Default,
    fn(Option<&K>) -> bool: Condition<K>,
{
    let api: Api<K> = Api::namespaced(client.clone(), NAMESPACE);
    let waited = await_condition(api, name, ready).await;
    waited.map(drop).map_err(|error| format!("{name}: {}", crate::error_chain(&error)))
}

async fn is<K>(client: &Client, name: &str, ready: fn(Option<&K>) -> bool) -> Result<bool, String>
where
    K: Clone + Debug + DeserializeOwned + kube::Resource<Scope = k8s_openapi::NamespaceResourceScope>,
    K::DynamicType: Default,
{
    let api: Api<K> = Api::namespaced(client.clone(), NAMESPACE);
    let object = tokio::time::timeout(REQUEST_TIMEOUT, api.get_opt(name))
        .await
        .map_err(|_| "no answer".to_owned())?
        .map_err(|error| crate::error_chain(&error))?;
    Ok(ready(object.as_ref()))
}

fn is_pod_ready(pod: Option<&Pod>) -> bool {
    let conditions = pod.and_then(|pod| pod.status.as_ref()).and_then(|status| status.conditions.as_deref());
    conditions.unwrap_or_default().iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn is_daemon_set_ready(set: Option<&DaemonSet>) -> bool {
    let generation = set.and_then(|set| set.metadata.generation);
    set.and_then(|set| set.status.as_ref()).is_some_and(|status| {
        status.observed_generation == generation
            && status.desired_number_scheduled > 0
            && status.number_ready == status.desired_number_scheduled
    })
}

fn is_deployment_ready(deployment: Option<&Deployment>) -> bool {
    let generation = deployment.and_then(|deployment| deployment.metadata.generation);
    let wanted = deployment.and_then(|deployment| deployment.spec.as_ref()).and_then(|spec| spec.replicas);
    deployment.and_then(|deployment| deployment.status.as_ref()).is_some_and(|status| {
        status.observed_generation == generation && status.available_replicas.unwrap_or(0) >= wanted.unwrap_or(1)
    })
}
