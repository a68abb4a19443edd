//! What joined hosts are told to do.

use std::{str::FromStr as _, sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    extract::{Path, Query, State},
    http::HeaderMap,
};
use hoist_api::host::{Host, UpdatePhase};
use hoist_node_config::join::{ORDERS_WAIT_LIMIT, Order, Orders};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde::Deserialize;
use serde_json::json;
use tracing::info;

use crate::{
    access::{self, Peer},
    app::App,
    kubernetes,
    refusal::Refusal,
};

/// Query of an orders request.
#[derive(Debug, Deserialize)]
pub(crate) struct Wait {
    /// Seconds to wait for an order; text, so that nonsense is simply zero.
    #[serde(default)]
    wait: String,
}

/// `GET …/hosts/{name}/orders?wait=50`: answers at once when there is an order, else after the wait.
pub(crate) async fn orders(
    State(app): State<Arc<App>>,
    Path((namespace, name)): Path<(String, String)>,
    Query(wait): Query<Wait>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Json<Orders>, Refusal> {
    access::admit(&app, peer, false)?;
    let seconds = u64::from_str(&wait.wait).unwrap_or(0).min(ORDERS_WAIT_LIMIT);
    // Subscribed before looking, so that nothing can change in between unseen.
    let mut changes = app.hosts.changes();
    let mut host = access::host_of(&app, &namespace, &name, &headers).await?;
    let answered = called(&host).cloned();
    if answered.is_some() {
        answer(&app, &namespace, &host).await?;
    }
    let waiting = async {
        // One that is called comes again to be heard: this request may be of a machine that died since.
        while orders_of(&host).order == Order::None
            && called(&host).is_none_or(|since| answered.as_ref() == Some(since))
        {
            if changes.changed().await.is_err() {
                break;
            }
            match app.hosts.get(&namespace, &name) {
                Some(current) => host = current,
                None => return Err(access::missing(&app, &namespace).await),
            }
        }
        Ok(orders_of(&host))
    };
    let orders = match tokio::time::timeout(Duration::from_secs(seconds), waiting).await {
        Ok(orders) => orders?,
        Err(_) => Orders::plain(Order::None),
    };
    Ok(Json(orders))
}

/// Since when a sign of this host is waited for, if it is.
fn called(host: &Host) -> Option<&Time> {
    let update = host.status.as_ref()?.update.as_ref()?;
    (update.phase == UpdatePhase::Calling).then_some(&update.since)
}

/// Writes down that a host gave the sign. When something else came in between, the operator decides anew.
async fn answer(app: &App, namespace: &str, host: &Host) -> Result<(), Refusal> {
    let api: Api<Host> = Api::namespaced(app.client.clone(), namespace);
    let patch = json!({
        "metadata": {"resourceVersion": host.resource_version()},
        "status": {"update": {"phase": UpdatePhase::Draining, "since": Time(app.clock.now())}},
    });
    let (name, parameters, patch) = (host.name_any(), PatchParams::default(), Patch::Merge(&patch));
    info!(namespace, host = name, "host that is to be repaired gave a sign");
    kubernetes::unless_conflict("update host status", api.patch_status(&name, &parameters, &patch)).await.map(drop)
}

/// A Host that is being deleted waits for its machine to be restored, whoever deletes it and why. One that was told to change
/// is told so until it says that it has.
fn orders_of(host: &Host) -> Orders {
    if host.metadata.deletion_timestamp.is_some() {
        return Orders::plain(Order::Leave);
    }
    let status = host.status.as_ref();
    let ordered = status.and_then(|status| {
        let update = status.update.as_ref()?;
        (update.phase == UpdatePhase::Ordered && !update.is_done(status)).then_some(update)
    });
    match ordered {
        Some(update) => Orders {
            order: match (&update.repair, update.replace) {
                (Some(_), _) => Order::Repair,
                (None, true) => Order::Replace,
                (None, false) => Order::Update,
            },
            revision: Some(update.revision.clone()),
            repair: update.repair.clone(),
        },
        None => Orders::plain(Order::None),
    }
}
