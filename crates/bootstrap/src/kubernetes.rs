//! Calls to the management cluster's API: each with a deadline, each failure told apart as far as hosts may know.

use std::{future::Future, time::Duration};

use hoist_api::hosted_control_plane::HostedControlPlane;
use kube::{Api, Client, api::ListParams};
use tracing::error;

use crate::refusal::Refusal;

/// An API that takes longer is as good as away.
const DEADLINE: Duration = Duration::from_secs(10);

/// Awaits a call; a missing object is `None`, everything else that goes wrong is "try again".
pub(crate) async fn optional<T>(what: &str, call: impl Future<Output = kube::Result<T>>) -> Result<Option<T>, Refusal> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(kube::Error::Api(status))) if status.is_not_found() => Ok(None),
        Ok(Err(cause)) => Err(unavailable(what, &cause.to_string())),
        Err(_) => Err(unavailable(what, "no answer in time")),
    }
}

/// As [`optional`], where a conflict or an existing object is `None` instead.
pub(crate) async fn unless_conflict<T>(
    what: &str,
    call: impl Future<Output = kube::Result<T>>,
) -> Result<Option<T>, Refusal> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(Ok(found)) => Ok(Some(found)),
        Ok(Err(kube::Error::Api(status))) if status.is_conflict() || status.is_already_exists() => Ok(None),
        Ok(Err(cause)) => Err(unavailable(what, &cause.to_string())),
        Err(_) => Err(unavailable(what, "no answer in time")),
    }
}

/// The cause is for our log: it may name things that strangers need not know.
fn unavailable(what: &str, cause: &str) -> Refusal {
    error!(what, cause, "the management cluster's API did not do as asked");
    Refusal::Unavailable("the management cluster does not answer right now; try again".to_owned())
}

/// Whether a control plane still exists in this namespace. Only a successful, empty list means that it does not:
/// hosts clean themselves on that answer.
pub(crate) async fn control_plane_exists(client: &Client, namespace: &str) -> Result<bool, Refusal> {
    let api: Api<HostedControlPlane> = Api::namespaced(client.clone(), namespace);
    let parameters = ListParams::default().limit(1);
    let list = tokio::time::timeout(DEADLINE, api.list_metadata(&parameters))
        .await
        .map_err(|_| unavailable("list hostedcontrolplanes", "no answer in time"))?
        .map_err(|cause| unavailable("list hostedcontrolplanes", &cause.to_string()))?;
    Ok(!list.items.is_empty())
}
