//! Waits for what an installation starts.

use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::StreamExt as _;
use futures::future::try_join_all;
use hoist_api::names;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};

use crate::apply::Object;
use crate::printer::Printer;
use crate::session::Session;

/// Longest wait for the CRDs to be served.
const ESTABLISH_DEADLINE: Duration = Duration::from_secs(60);
/// Longest wait for the operator, as in HyperShift.
const AVAILABLE_DEADLINE: Duration = Duration::from_secs(300);

/// Waits until the API server serves every definition.
pub async fn established(session: &Session, definitions: &[Object]) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(session.client());
    let waits = definitions.iter().map(|definition| {
        let api = api.clone();
        async move {
            let wait = await_condition(api, definition.name(), conditions::is_crd_established());
            match tokio::time::timeout(ESTABLISH_DEADLINE, wait).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) => {
                    Err(anyhow::Error::new(error).context(format!("cannot watch {}", definition.describe())))
                }
                Err(_) => Err(anyhow!(
                    "{} is not served after {} s; see its conditions with `kubectl describe crd {}`",
                    definition.describe(),
                    ESTABLISH_DEADLINE.as_secs(),
                    definition.name()
                )),
            }
        }
    });
    try_join_all(waits).await.map(|_| ())
}

/// Waits until every Deployment is available with its newest pods.
pub async fn available(session: &Session, names_: &[&str], printer: &Printer) -> Result<()> {
    let api: Api<Deployment> = Api::namespaced(session.client(), names::OPERATOR_NAMESPACE);
    let mut pending: Vec<&str> = names_.to_vec();
    let mut waiting = printer.waiting("Waiting for the operator");
    let work = async {
        let mut events = watcher(api, watcher::Config::default()).default_backoff().boxed();
        while !pending.is_empty() {
            match events.next().await {
                Some(Ok(Event::Apply(deployment) | Event::InitApply(deployment))) => {
                    let name = deployment.name_any();
                    if is_rolled_out(&deployment) {
                        pending.retain(|pending| *pending != name);
                    }
                    waiting.update(&format!("Deployments {}", pending.join(", ")));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => waiting.update(&format!("the management cluster ({error})")),
                None => {
                    return Err(anyhow!(
                        "the management cluster closed the watch on Deployments; run the command again"
                    ));
                }
            }
        }
        Ok(())
    };
    match tokio::time::timeout(AVAILABLE_DEADLINE, work).await {
        Ok(outcome) => outcome?,
        Err(_) => {
            return Err(anyhow!(
                "Deployments {} in {} are not available after {} s; see why with `kubectl describe pods -n {}`",
                pending.join(", "),
                names::OPERATOR_NAMESPACE,
                AVAILABLE_DEADLINE.as_secs(),
                names::OPERATOR_NAMESPACE
            ));
        }
    }
    drop(waiting);
    printer.info("The operator is available", &[("namespace", names::OPERATOR_NAMESPACE)]);
    Ok(())
}

fn is_rolled_out(deployment: &Deployment) -> bool {
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let Some(status) = &deployment.status else { return false };
    status.observed_generation >= deployment.metadata.generation
        && status.updated_replicas.unwrap_or_default() >= wanted
        && status.available_replicas.unwrap_or_default() >= wanted
}
