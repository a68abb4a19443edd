//! A set of objects that belong together: applied in order, skipped while unchanged, swept when they leave the set.
//!
//! "Unchanged" is judged without the API server's help: what we last asked for and what it made of that are remembered as two
//! hashes, so neither defaulting nor normalising ("1000m" becomes "1") causes writes, and an edit by somebody else does.
//!
//! A process that just started remembers nothing. It finds the first hash in an annotation of the object, and instead of the
//! second compares the fields themselves: a restart of the operator writes nothing either.

mod emptied;
mod fingerprint;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt, stream};
use hoist_api::{annotations, labels};
use kube::api::{Api, DeleteParams, ListParams, Preconditions, PropagationPolicy};
use kube::core::{ApiResource, DynamicObject};
use kube::{Client, ResourceExt};

use crate::{ApiError, Calls, ObjectId, resources};

/// How many objects of one wave are applied at a time: enough to hide latency, too few to fill an API server's queue.
const AT_A_TIME: usize = 8;

/// Where a set lives and what it may hold.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Value of the label `hoist.internal/apply-set`; unique in the namespace (or in the cluster).
    pub name: String,
    /// Namespace of the set; `None` when it spans a whole cluster.
    pub namespace: Option<String>,
    /// Kinds that are read before and swept after applying.
    pub kinds: Vec<ApiResource>,
}

/// What applying did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Objects written.
    pub applied: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
    /// Objects deleted because nobody asked for them any more.
    pub swept: usize,
}

impl Outcome {
    /// Whether nothing was written.
    pub fn is_idle(&self) -> bool {
        self.applied == 0 && self.swept == 0
    }
}

/// Applies sets; remembers what it applied. Cloning shares the memory.
#[derive(Clone)]
pub struct ApplySet {
    calls: Calls,
    memory: Arc<Mutex<HashMap<Key, Remembered>>>,
}

/// The uid is part of it, so an object that was deleted and made again is applied again.
type Key = (String, String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Remembered {
    wanted: u64,
    got: u64,
}

/// One pass over a set: what exists, what was applied so far. Dropping it without [`Pass::finish`] sweeps nothing.
pub struct Pass<'a> {
    set: &'a ApplySet,
    client: &'a Client,
    scope: &'a Scope,
    live: HashMap<Identity, DynamicObject>,
    kept: HashSet<Identity>,
    outcome: Outcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Identity {
    fn of(object: &DynamicObject, resource: &ApiResource) -> Self {
        Self {
            group: resource.group.clone(),
            kind: resource.kind.clone(),
            namespace: object.namespace().filter(|_| resources::is_namespaced(&resource.kind)),
            name: object.name_any(),
        }
    }
}

impl Pass<'_> {
    /// An object of the set as the API server has it: as applied in this pass, else as read at its beginning.
    pub fn live(&self, kind: &str, name: &str) -> Option<&DynamicObject> {
        self.live.iter().find(|(identity, _)| identity.kind == kind && identity.name == name).map(|(_, object)| object)
    }

    /// The same, typed; `None` also when it does not have its type's form.
    pub fn typed<K>(&self, name: &str) -> Option<K>
    where
        K: kube::Resource<DynamicType = ()> + serde::de::DeserializeOwned,
    {
        self.live(&K::kind(&()), name)?.clone().try_parse().ok()
    }

    /// All objects of one kind.
    pub fn all_live<'k>(&'k self, kind: &'k str) -> impl Iterator<Item = &'k DynamicObject> + use<'k> {
        self.live.iter().filter(move |(identity, _)| identity.kind == kind).map(|(_, object)| object)
    }

    /// Keeps an object that is not to be changed for now from being swept.
    pub fn keep(&mut self, object: &DynamicObject) -> Result<(), ApiError> {
        let resource = resources::resource_of(object)?;
        self.kept.insert(Identity::of(object, &resource));
        Ok(())
    }

    /// Reads objects that the beginning of the pass did not: where rights do not reach to listing their kind.
    pub async fn read(&mut self, objects: &[DynamicObject]) -> Result<(), ApiError> {
        for object in objects {
            let resource = resources::resource_of(object)?;
            let identity = Identity::of(object, &resource);
            let api = resources::api_of(self.client, object)?;
            let id = ObjectId::of_dynamic(object);
            let found = self.set.calls.run("read", id, api.get_opt(&identity.name)).await?;
            if let Some(mut found) = found {
                found.metadata.managed_fields = None;
                self.live.insert(identity, found);
            }
        }
        Ok(())
    }

    /// Applies objects side by side. After a failure the rest is still tried; the first error is returned.
    pub async fn apply(&mut self, objects: Vec<DynamicObject>) -> Result<(), ApiError> {
        let (set, client, scope, live) = (self.set, self.client, self.scope, &self.live);
        let results: Vec<Result<Applied, ApiError>> = stream::iter(objects)
            .map(|object| set.apply_one(client, scope, live, object))
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        let mut failure = None;
        for result in results {
            match result {
                Ok(Applied { identity, written: Some(object) }) => {
                    self.outcome.applied += 1;
                    self.kept.insert(identity.clone());
                    self.live.insert(identity, object);
                }
                Ok(Applied { identity, written: None }) => {
                    self.outcome.unchanged += 1;
                    self.kept.insert(identity);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    /// Deletes what of the set was neither applied nor kept, and says what the pass did.
    pub async fn finish(mut self) -> Result<Outcome, ApiError> {
        for (identity, object) in &self.live {
            let is_ending = object.metadata.deletion_timestamp.is_some();
            if !self.kept.contains(identity) && !is_ending && self.set.sweep(self.client, object).await? {
                self.outcome.swept += 1;
            }
        }
        Ok(self.outcome)
    }
}

struct Applied {
    identity: Identity,
    written: Option<DynamicObject>,
}

impl ApplySet {
    /// An applier in the name of the calls' field manager.
    pub fn new(calls: Calls) -> Self {
        Self { calls, memory: Arc::default() }
    }

    /// Reads what of the set exists, and begins a pass.
    pub async fn begin<'a>(&'a self, client: &'a Client, scope: &'a Scope) -> Result<Pass<'a>, ApiError> {
        let parameters = ListParams::default().labels(&format!("{}={}", labels::APPLY_SET, scope.name));
        let parameters = &parameters;
        let lists: Vec<Vec<(Identity, DynamicObject)>> = stream::iter(scope.kinds.clone())
            .map(|resource| async move {
                let api = match &scope.namespace {
                    Some(namespace) if resources::is_namespaced(&resource.kind) => {
                        Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &resource)
                    }
                    _ => Api::all_with(client.clone(), &resource),
                };
                let id = ObjectId::cluster(&resource.kind, "");
                let listed = self.calls.run("list", id, api.list(parameters)).await?;
                Ok::<_, ApiError>(
                    listed
                        .items
                        .into_iter()
                        .map(|mut object| {
                            object.types = Some(kube::core::TypeMeta {
                                api_version: resource.api_version.clone(),
                                kind: resource.kind.clone(),
                            });
                            object.metadata.managed_fields = None;
                            (Identity::of(&object, &resource), object)
                        })
                        .collect(),
                )
            })
            .buffered(AT_A_TIME)
            .try_collect()
            .await?;
        Ok(Pass {
            set: self,
            client,
            scope,
            live: lists.into_iter().flatten().collect(),
            kept: HashSet::new(),
            outcome: Outcome::default(),
        })
    }

    /// Forgets what was applied in a place that is gone: a namespace, or the name of a set that spans a cluster.
    pub fn forget(&self, place: &str) {
        self.lock().retain(|(remembered, _, _), _| remembered != place);
    }

    async fn apply_one(
        &self,
        client: &Client,
        scope: &Scope,
        observed: &HashMap<Identity, DynamicObject>,
        mut object: DynamicObject,
    ) -> Result<Applied, ApiError> {
        let resource = resources::resource_of(&object)?;
        let own = object.metadata.labels.get_or_insert_with(BTreeMap::new);
        own.insert(labels::APPLY_SET.to_owned(), scope.name.clone());
        own.entry(labels::MANAGED_BY.to_owned()).or_insert_with(|| labels::MANAGED_BY_HOIST.to_owned());
        let identity = Identity::of(&object, &resource);
        let wanted_json = serde_json::to_value(&object).unwrap_or_default();
        let wanted = fingerprint::hash(&wanted_json);
        let mark = format!("{wanted:016x}");
        if let Some(live) = observed.get(&identity) {
            let remembered = self.lock().get(&key(scope, live)).copied();
            let got = fingerprint::of_live(&wanted_json, live);
            let is_unchanged = match remembered {
                Some(remembered) => remembered == Remembered { wanted, got },
                None => {
                    live.annotations().get(annotations::APPLIED) == Some(&mark)
                        && fingerprint::holds(&wanted_json, live)
                }
            };
            if is_unchanged {
                self.lock().insert(key(scope, live), Remembered { wanted, got });
                return Ok(Applied { identity, written: None });
            }
        }
        object.metadata.annotations.get_or_insert_default().insert(annotations::APPLIED.to_owned(), mark);
        let api = resources::api_of(client, &object)?;
        let mut live = match self.calls.apply_dynamic(&api, &object).await {
            Err(refused) if refused.is_invalid() => self.apply_in_two_steps(&api, &object, refused).await?,
            outcome => outcome?,
        };
        live.metadata.managed_fields = None;
        tracing::debug!(object = %ObjectId::of_dynamic(&object), set = scope.name, "applied");
        let got = fingerprint::of_live(&wanted_json, &live);
        self.lock().insert(key(scope, &live), Remembered { wanted, got });
        Ok(Applied { identity, written: Some(live) })
    }

    /// Applies an object without what becomes empty in it, then as it is; what was `refused` for another cause stays so.
    async fn apply_in_two_steps(
        &self,
        api: &Api<DynamicObject>,
        object: &DynamicObject,
        refused: ApiError,
    ) -> Result<DynamicObject, ApiError> {
        let found = self.calls.run("read", ObjectId::of_dynamic(object), api.get_opt(&object.name_any())).await?;
        let wanted = serde_json::to_value(object).unwrap_or_default();
        let rest = found.and_then(|live| emptied::without(&wanted, &live, self.calls.field_manager()));
        let Some(rest) = rest.and_then(|rest| serde_json::from_value(rest).ok()) else { return Err(refused) };
        self.calls.apply_dynamic(api, &rest).await?;
        self.calls.apply_dynamic(api, object).await
    }

    async fn sweep(&self, client: &Client, object: &DynamicObject) -> Result<bool, ApiError> {
        let api = resources::api_of(client, object)?;
        let name = object.name_any();
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid: object.uid(), resource_version: None }),
            ..DeleteParams::default()
        };
        let id = ObjectId::of_dynamic(object);
        tracing::info!(object = %id, "deleting an object that is no longer wanted");
        match self.calls.run("delete", id, api.delete(&name, &parameters)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() || error.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Remembered>> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(scope: &Scope, live: &DynamicObject) -> Key {
    let place = scope.namespace.clone().unwrap_or_else(|| scope.name.clone());
    let kind = live.types.as_ref().map(|types| types.kind.clone()).unwrap_or_default();
    (place, format!("{kind}/{}", live.name_any()), live.uid().unwrap_or_default())
}
