//! Watches that keep little: without managed fields, metadata only where an object is just a trigger.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::Hash;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use hoist_api::annotations;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;

/// Events of a watch.
type Events<K> = BoxStream<'static, Result<watcher::Event<K>, watcher::Error>>;
/// Objects that a watch touched.
type Objects<K> = BoxStream<'static, Result<K, watcher::Error>>;

/// Objects of a controller's own kind and their store, trimmed of what nobody reads.
pub fn own<K>(api: Api<K>) -> (Store<K>, Events<K>)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Hash + Eq,
{
    let (reader, writer) = reflector::store();
    (reader, events(api, watcher::Config::default()).reflect(writer).boxed())
}

/// Events of objects of any kind, trimmed, and kept by nobody.
pub fn events<K>(api: Api<K>, config: watcher::Config) -> Events<K>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    watcher(api, config).default_backoff().modify(|object| object.managed_fields_mut().clear()).boxed()
}

/// Events of objects of another kind, as metadata.
pub fn metadata<K>(api: Api<PartialObjectMeta<K>>, config: watcher::Config) -> Events<PartialObjectMeta<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    watcher(api, config).default_backoff().modify(|object| object.metadata.managed_fields = None).boxed()
}

/// Changes of all objects of a kind that carry our cluster label.
pub fn of_clusters<K>(client: &Client) -> Objects<PartialObjectMeta<K>>
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    metadata(Api::all(client.clone()), watcher::Config::default().labels(hoist_api::labels::CLUSTER))
        .touched_objects()
        .boxed()
}

/// Passes on an object when it is new, when it is gone, and when what `facts` says of it changed.
///
/// "New" goes by uid: an object that was deleted and made again under its old name often looks the same otherwise.
pub fn changed<K, F, T>(
    events: impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send + 'static,
    facts: F,
) -> Objects<K>
where
    K: Resource<DynamicType = ()> + Send + 'static,
    F: Fn(&K) -> T + Send + Sync + 'static,
    T: PartialEq + Send + 'static,
{
    let mut seen: Seen<T> = Seen::default();
    events
        .try_filter_map(move |event| {
            let passed = match event {
                watcher::Event::Init => {
                    seen.begin();
                    None
                }
                watcher::Event::InitDone => {
                    seen.end();
                    None
                }
                watcher::Event::Delete(object) => {
                    seen.remove(&object);
                    Some(object)
                }
                watcher::Event::Apply(object) | watcher::Event::InitApply(object) => {
                    let now = facts(&object);
                    seen.is_news(&object, now).then_some(object)
                }
            };
            std::future::ready(Ok(passed))
        })
        .boxed()
}

/// What was last seen of each object; bounded by the number of objects that exist.
struct Seen<T> {
    last: BTreeMap<String, (Option<String>, T)>,
    /// Objects of a list that is being read; those of `last` that it lacks are gone.
    listed: BTreeSet<String>,
}

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self { last: BTreeMap::new(), listed: BTreeSet::new() }
    }
}

impl<T: PartialEq> Seen<T> {
    fn begin(&mut self) {
        self.listed.clear();
    }

    fn end(&mut self) {
        let listed = std::mem::take(&mut self.listed);
        self.last.retain(|key, _| listed.contains(key));
    }

    fn remove<K: Resource>(&mut self, object: &K) {
        self.last.remove(&Self::key(object));
    }

    fn is_news<K: Resource>(&mut self, object: &K, facts: T) -> bool {
        let key = Self::key(object);
        let now = (object.uid(), facts);
        let is_news = self.last.get(&key) != Some(&now);
        self.listed.insert(key.clone());
        self.last.insert(key, now);
        is_news
    }

    fn key<K: Resource>(object: &K) -> String {
        format!("{}/{}", object.namespace().unwrap_or_default(), object.name_any())
    }
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

#[cfg(test)]
mod tests {
    use hoist_api::HostedCluster;
    use hoist_testkit::fixtures;
    use kube::runtime::watcher::Event;

    use super::*;

    fn cluster(uid: &str, generation: i64) -> HostedCluster {
        let mut cluster = fixtures::hosted_cluster();
        cluster.metadata.uid = Some(uid.to_owned());
        cluster.metadata.generation = Some(generation);
        cluster
    }

    async fn passed(events: Vec<Event<HostedCluster>>) -> Vec<(String, i64)> {
        changed(futures::stream::iter(events.into_iter().map(Ok)), wish)
            .map(|object| object.unwrap())
            .map(|object| (object.uid().unwrap(), object.metadata.generation.unwrap()))
            .collect()
            .await
    }

    #[tokio::test]
    async fn a_change_of_the_status_alone_is_not_passed_on() {
        let events = vec![Event::Apply(cluster("a", 1)), Event::Apply(cluster("a", 1)), Event::Apply(cluster("a", 2))];
        assert_eq!(passed(events).await, [("a".to_owned(), 1), ("a".to_owned(), 2)]);
    }

    #[tokio::test]
    async fn an_object_made_again_under_its_old_name_is_passed_on() {
        let events = vec![
            Event::Apply(cluster("a", 1)),
            Event::Delete(cluster("a", 1)),
            Event::Apply(cluster("a", 1)),
            Event::Apply(cluster("b", 1)),
        ];
        assert_eq!(passed(events).await.len(), 4);
    }

    #[tokio::test]
    async fn an_object_that_a_new_list_lacks_is_forgotten() {
        let events = vec![Event::Apply(cluster("a", 1)), Event::Init, Event::InitDone, Event::Apply(cluster("a", 1))];
        assert_eq!(passed(events).await.len(), 2);
    }
}
