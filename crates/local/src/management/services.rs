//! What every cluster needs beside a control plane: kube-proxy and DNS.

use std::{fmt::Debug, time::Duration};

use hoist_guest::{coredns, kube_proxy};
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use kube::{
    Api, Client,
    runtime::wait::{Condition, await_condition},
};
use serde::de::DeserializeOwned;

use super::{Error, api::REQUEST_TIMEOUT};
use crate::host::Host;

/// Namespace of all of them.
const NAMESPACE: &str = "kube-system";
/// Time for images to start on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Waits until kube-proxy and DNS are rolled out, which takes the whole control plane.
///
/// kubelet may list the control plane's own pods a minute later, when they were started before the API: they are not
/// waited for.
pub(super) async fn wait(client: &Client, first: &Host) -> Result<bool, Error> {
    // Boxed below, because two watches are a state of twenty kilobytes.
    let all = async {
        tokio::try_join!(
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
    match tokio::time::timeout(TIMEOUT, Box::pin(all)).await {
        Ok(Ok(_)) => Ok(false),
        Ok(Err(last)) => Err(late(last)),
        Err(_) => Err(late(look(client).await.err().unwrap_or_else(|| "it has just become ready".to_owned()))),
    }
}

/// Says that they run, or which do not.
pub async fn look(client: &Client) -> Result<String, String> {
    let mut missing = Vec::new();
    if !is(client, kube_proxy::NAME, is_daemon_set_ready).await? {
        missing.push(kube_proxy::NAME);
    }
    if !is(client, coredns::NAME, is_deployment_ready).await? {
        missing.push(coredns::NAME);
    }
    if missing.is_empty() {
        Ok(format!("{} and {} ready", kube_proxy::NAME, coredns::NAME))
    } else {
        Err(format!("not ready in {NAMESPACE}: {}", missing.join(", ")))
    }
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
