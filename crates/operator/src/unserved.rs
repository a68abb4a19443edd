//! Kinds whose objects are taken and that nothing acts upon yet: each object says so, instead of waiting for ever.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use hoist_api::cluster_sizing::ClusterSizingConfiguration;
use hoist_api::etcd_backup::HCPEtcdBackup;
use hoist_controller::conditions::{Verdict, merge};
use hoist_controller::{ApiError, error_chain};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::runtime::Controller;
use kube::runtime::controller::Action;
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::context::Context;
use crate::watches;

const RETRY: Duration = Duration::from_secs(10);

/// A kind that nothing acts upon.
pub trait Unserved: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static {
    /// What its objects say.
    fn verdict() -> Verdict;
    /// What an object says already.
    fn conditions(&self) -> &[Condition];
    /// The API for one object.
    fn api(client: Client, namespace: Option<&str>) -> Api<Self>;
}

impl Unserved for HCPEtcdBackup {
    fn verdict() -> Verdict {
        let message = "nothing was saved: this version of Hoist takes no snapshots of etcd; save the volumes data-etcd-* of \
                       the control plane's namespace with a VolumeSnapshot of the management cluster";
        Verdict::new("BackupCompleted", false, "BackupRejected", message)
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn api(client: Client, namespace: Option<&str>) -> Api<Self> {
        Api::namespaced(client, namespace.unwrap_or_default())
    }
}

impl Unserved for ClusterSizingConfiguration {
    fn verdict() -> Verdict {
        let message = "no control plane is sized by this object in this version of Hoist; set requests by the annotations \
                       resource-request-override.hypershift.openshift.io/DEPLOYMENT.CONTAINER of a HostedCluster";
        Verdict::new("ClusterSizingConfigurationValid", false, "NotServed", message)
    }

    fn conditions(&self) -> &[Condition] {
        self.status.as_ref().map_or(&[], |status| &status.conditions)
    }

    fn api(client: Client, _: Option<&str>) -> Api<Self> {
        Api::all(client)
    }
}

/// Runs the controller of one such kind.
pub fn run<K: Unserved>(ctx: Arc<Context>) -> impl Stream<Item = ()> + Send {
    let (store, changes) = watches::own::<K>(Api::all(ctx.client.clone()));
    Controller::for_stream(watches::changed(changes, watches::wish), store)
        .run(reconcile::<K>, error_policy, ctx)
        .map(|_| ())
}

async fn reconcile<K: Unserved>(object: Arc<K>, ctx: Arc<Context>) -> Result<Action, ApiError> {
    if let Some(conditions) = due(object.as_ref(), ctx.clock.now()) {
        let api = K::api(ctx.client.clone(), object.namespace().as_deref());
        let patch = json!({"status": {"conditions": conditions}});
        ctx.calls.merge_status(&api, &object.name_any(), &patch).await?;
    }
    Ok(Action::await_change())
}

/// The conditions, unless the object has them.
fn due<K: Unserved>(object: &K, now: Timestamp) -> Option<Vec<Condition>> {
    let conditions = merge(object.conditions(), &[K::verdict()], object.meta().generation, now);
    (conditions != object.conditions()).then_some(conditions)
}

#[allow(clippy::needless_pass_by_value, reason = "the signature is the controller runtime's")]
fn error_policy<K: Unserved>(object: Arc<K>, error: &ApiError, _: Arc<Context>) -> Action {
    tracing::warn!(
        kind = K::kind(&()).as_ref(),
        object = object.name_any(),
        error = error_chain(error),
        "not told that nothing acts upon it"
    );
    Action::requeue(RETRY)
}

#[cfg(test)]
mod tests {
    use hoist_api::cluster_sizing::{ClusterSizingConfigurationSpec, ClusterSizingConfigurationStatus};
    use hoist_testkit::fixtures;

    use super::*;

    #[test]
    fn an_object_is_told_once() {
        let mut sizing = ClusterSizingConfiguration::new("cluster", ClusterSizingConfigurationSpec::default());
        sizing.metadata.generation = Some(1);
        let conditions = due(&sizing, fixtures::now()).expect("nothing was said yet");
        assert_eq!(conditions[0].status, "False");
        assert!(conditions[0].message.contains("resource-request-override"), "{conditions:?}");
        sizing.status = Some(ClusterSizingConfigurationStatus { conditions });
        assert_eq!(due(&sizing, fixtures::now() + jiff::SignedDuration::from_hours(1)), None);
        sizing.metadata.generation = Some(2);
        assert!(due(&sizing, fixtures::now()).is_some(), "a changed object is told anew");
    }
}
