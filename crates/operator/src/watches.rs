//! Watches that keep little: without managed fields, metadata only where an object is just a trigger.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;

use futures::{Stream, StreamExt, TryStreamExt};
use hoist_api::annotations;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

/// Objects of a controller's own kind and their store, trimmed of what nobody reads.
pub fn own<K>(api: Api<K>) -> (Store<K>, impl Stream<Item = Result<K, watcher::Error>> + Send + 'static)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Hash + Eq,
{
    let (reader, writer) = reflector::store();
    let stream = watcher(api, watcher::Config::default())
        .default_backoff()
        .modify(|object| object.managed_fields_mut().clear())
        .reflect(writer)
        .touched_objects();
    (reader, stream)
}

/// Changes of objects of another kind, as metadata.
pub fn metadata<K>(
    api: Api<PartialObjectMeta<K>>,
    config: watcher::Config,
) -> impl Stream<Item = Result<PartialObjectMeta<K>, watcher::Error>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    watcher(api, config).default_backoff().modify(|object| object.metadata.managed_fields = None).touched_objects()
}

/// Changes of all objects of a kind that carry our cluster label.
pub fn of_clusters<K>(
    client: &Client,
) -> impl Stream<Item = Result<PartialObjectMeta<K>, watcher::Error>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    metadata(Api::all(client.clone()), watcher::Config::default().labels(hoist_api::labels::CLUSTER))
}

/// Passes on an object only when what `facts` says of it changed since it was last seen. Bounded by the number of objects.
pub fn changed<K, F, T>(
    stream: impl Stream<Item = Result<K, watcher::Error>> + Send + 'static,
    facts: F,
) -> impl Stream<Item = Result<K, watcher::Error>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Send + 'static,
    F: Fn(&K) -> T + Send + Sync + 'static,
    T: PartialEq + Send + 'static,
{
    let mut seen: BTreeMap<String, T> = BTreeMap::new();
    stream
        .try_filter_map(move |object| {
            let key = format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any());
            let now = facts(&object);
            let is_new = seen.get(&key).is_none_or(|before| *before != now);
            seen.insert(key, now);
            std::future::ready(Ok(is_new.then_some(object)))
        })
        .boxed()
}

/// What of an object's metadata means that somebody wants something else: spec, annotations, finalizers, deletion.
pub fn wish<K: Resource>(object: &K) -> (Option<i64>, BTreeMap<String, String>, Vec<String>, bool) {
    let meta = object.meta();
    (
        meta.generation,
        meta.annotations.clone().unwrap_or_default(),
        meta.finalizers.clone().unwrap_or_default(),
        meta.deletion_timestamp.is_some(),
    )
}

/// The HostedCluster that an object belongs to, by its annotation.
pub fn hosted_cluster_of<K: Resource>(object: &K) -> Option<ObjectRef<hoist_api::HostedCluster>> {
    let (namespace, name) = object.meta().annotations.as_ref()?.get(annotations::HOSTED_CLUSTER)?.split_once('/')?;
    Some(ObjectRef::new(name).within(namespace))
}
