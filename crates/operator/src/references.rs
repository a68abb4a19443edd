//! Notices changes of the Secrets and ConfigMaps that HostedClusters and NodePools name in their own namespaces.
//!
//! They are asked for one by one and not watched: a watch needs the right to list, and so to read, every Secret beside a
//! HostedCluster, while reading by name is a right that the operator needs anyway. What is asked for is metadata, as the API
//! server's cache has it, and few a second however many clusters there are.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{Stream, stream};
use hoist_api::{HostedCluster, NodePool};
use hoist_controller::{ApiError, ObjectId};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::GetParams;
use kube::runtime::reflector::ObjectRef;

use crate::context::Context;
use crate::copies::Named;

/// From one look at an object to the next; a changed pull secret shall be used within 15 s.
const ROUND: Duration = Duration::from_secs(8);
/// Between two questions: at most 50 a second.
const PAUSE: Duration = Duration::from_millis(20);

/// Namespace and name of a HostedCluster or NodePool.
type Cluster = (String, String);
/// Whether it is a Secret, and its name.
type Reference = (bool, String);

/// The versions of referenced objects that the last pass over each HostedCluster, or each NodePool, worked with.
#[derive(Debug, Default)]
pub struct References {
    seen: Mutex<BTreeMap<Cluster, BTreeMap<Reference, Option<String>>>>,
}

impl References {
    /// A pass read these: `version` gives the resource version of those that exist. Returns whether an earlier pass read others.
    pub fn saw<'a>(
        &self,
        namespace: &str,
        name: &str,
        named: &[Named],
        version: impl Fn(&Named) -> Option<&'a String>,
    ) -> bool {
        let versions: BTreeMap<Reference, Option<String>> =
            named.iter().map(|named| ((named.is_secret, named.original.clone()), version(named).cloned())).collect();
        let before = self.lock().insert((namespace.to_owned(), name.to_owned()), versions.clone());
        before.is_some_and(|before| before != versions)
    }

    /// The object is on its way out.
    pub fn forget(&self, namespace: &str, name: &str) {
        self.lock().remove(&(namespace.to_owned(), name.to_owned()));
    }

    fn round(&self) -> VecDeque<(Cluster, Reference)> {
        let seen = self.lock();
        let pairs = seen.iter().flat_map(|(cluster, references)| {
            references.keys().map(move |reference| (cluster.clone(), reference.clone()))
        });
        pairs.collect()
    }

    /// Whether the last pass worked with another version; not when it is forgotten.
    fn is_news(&self, cluster: &Cluster, reference: &Reference, now: Option<&String>) -> bool {
        let seen = self.lock();
        let before = seen.get(cluster).and_then(|references| references.get(reference));
        before.is_some_and(|before| before.as_ref() != now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Cluster, BTreeMap<Reference, Option<String>>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// HostedClusters of which a referenced object changed, appeared or went since their last pass.
pub fn changes(ctx: Arc<Context>) -> impl Stream<Item = ObjectRef<HostedCluster>> + Send + 'static {
    changes_in(ctx, |ctx| &ctx.references)
}

/// As [`changes`], for NodePools.
pub fn changes_of_pools(ctx: Arc<Context>) -> impl Stream<Item = ObjectRef<NodePool>> + Send + 'static {
    changes_in(ctx, |ctx| &ctx.pool_references)
}

fn changes_in<K>(
    ctx: Arc<Context>,
    references: fn(&Context) -> &References,
) -> impl Stream<Item = ObjectRef<K>> + Send + 'static
where
    K: kube::Resource<DynamicType = ()> + 'static,
{
    stream::unfold((ctx, VecDeque::new()), move |(ctx, mut round)| async move {
        loop {
            let Some((cluster, reference)) = round.pop_front() else {
                tokio::time::sleep(ROUND).await;
                round = references(&ctx).round();
                continue;
            };
            tokio::time::sleep(PAUSE).await;
            // What cannot be read now is asked for in the next round.
            let Ok(now) = version(&ctx, &cluster.0, &reference).await else { continue };
            if references(&ctx).is_news(&cluster, &reference, now.as_ref()) {
                let changed = ObjectRef::new(&cluster.1).within(&cluster.0);
                return Some((changed, (ctx, round)));
            }
        }
    })
}

async fn version(ctx: &Context, namespace: &str, (is_secret, name): &Reference) -> Result<Option<String>, ApiError> {
    let any = GetParams { resource_version: Some("0".to_owned()) };
    let metadata = if *is_secret {
        let api: Api<Secret> = Api::namespaced(ctx.client.clone(), namespace);
        let id = ObjectId::namespaced("Secret", namespace, name);
        ctx.calls.run("read", id, api.get_metadata_opt_with(name, &any)).await?.map(|object| object.metadata)
    } else {
        let api: Api<ConfigMap> = Api::namespaced(ctx.client.clone(), namespace);
        let id = ObjectId::namespaced("ConfigMap", namespace, name);
        ctx.calls.run("read", id, api.get_metadata_opt_with(name, &any)).await?.map(|object| object.metadata)
    };
    Ok(metadata.and_then(|metadata| metadata.resource_version))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures::StreamExt;
    use hoist_testkit::fixtures;
    use k8s_openapi::ByteString;
    use kube::ResourceExt;

    use super::*;
    use crate::fixtures::{context, fake};
    use crate::hosted_cluster::reconcile;

    #[tokio::test(start_paused = true)]
    async fn a_changed_and_a_removed_secret_bring_a_pass_within_fifteen_seconds_and_nothing_else_does() {
        let fake = fake().with(&fixtures::hosted_cluster());
        let ctx = context(&fake);
        reconcile(Arc::new(fake.get("clusters", "demo")), Arc::clone(&ctx)).await.unwrap();
        let mut changes = Box::pin(changes(Arc::clone(&ctx)));
        let within = Duration::from_secs(15);
        assert!(tokio::time::timeout(within, changes.next()).await.is_err(), "nothing changed");

        let cluster = fixtures::hosted_cluster();
        let mut secret: Secret = fake.get("clusters", &cluster.spec.pull_secret.name);
        secret.metadata.resource_version = Some("1000".to_owned());
        secret.data = Some(BTreeMap::from([(".dockerconfigjson".to_owned(), ByteString(br#"{"auths":{}}"#.to_vec()))]));
        fake.put(&secret);
        let told = tokio::time::timeout(within, changes.next()).await.unwrap().unwrap();
        assert_eq!((told.name.as_str(), told.namespace.as_deref()), ("demo", Some("clusters")));

        ctx.references.forget("clusters", &cluster.name_any());
        assert!(tokio::time::timeout(within, changes.next()).await.is_err(), "a cluster that is going");
    }
}
