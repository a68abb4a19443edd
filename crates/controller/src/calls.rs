//! Calls to a Kubernetes API, each with a deadline and an error that names the object.
//!
//! Without the deadline a hosted cluster whose API hangs would hold a worker of the operator for as long as it pleases.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::core::{DynamicObject, ObjectList};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ObjectId;

/// Longest wait for one answer. An API server that is up answers in milliseconds; ten seconds leave room for a machine that is
/// busy starting many pods at once.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The API server refused, or could not be reached.
    #[error("failed to {action} {object}")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// On what.
        object: ObjectId,
        /// Why not.
        source: Box<kube::Error>,
    },
    /// No answer in time.
    #[error("failed to {action} {object}: no answer within {} s", .limit.as_secs())]
    Deadline {
        /// What was tried.
        action: &'static str,
        /// On what.
        object: ObjectId,
        /// How long was waited.
        limit: Duration,
    },
    /// The object cannot be applied as it is.
    #[error("{object} has no {missing}")]
    Incomplete {
        /// The object.
        object: ObjectId,
        /// What it lacks.
        missing: &'static str,
    },
}

impl ApiError {
    /// HTTP status of the refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { source, .. } => match source.as_ref() {
                kube::Error::Api(status) => Some(status.code),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether somebody else changed the object in between.
    pub fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether the object, its kind or its namespace does not exist.
    pub fn is_not_found(&self) -> bool {
        self.status() == Some(404)
    }

    /// Whether the object breaks a rule of its kind.
    pub fn is_invalid(&self) -> bool {
        self.status() == Some(422)
    }

    /// Whether rights are missing: also while a RoleBinding made a moment ago is not yet seen by the authorizer.
    pub fn is_forbidden(&self) -> bool {
        self.status() == Some(403)
    }
}

/// Makes calls under one field manager.
#[derive(Debug, Clone, Copy)]
pub struct Calls {
    field_manager: &'static str,
    deadline: Duration,
}

impl Calls {
    /// Calls in the name of `field_manager`, each with [`DEADLINE`].
    pub const fn new(field_manager: &'static str) -> Self {
        Self { field_manager, deadline: DEADLINE }
    }

    /// The same with another deadline.
    #[must_use]
    pub const fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Who owns the fields that are applied.
    pub const fn field_manager(&self) -> &'static str {
        self.field_manager
    }

    /// Runs any call of the client under the deadline.
    pub async fn run<T>(
        &self,
        action: &'static str,
        object: ObjectId,
        call: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ApiError> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(ApiError::Refused { action, object, source: Box::new(source) }),
            Err(_) => Err(ApiError::Deadline { action, object, limit: self.deadline }),
        }
    }

    /// The object, or `None` when it does not exist.
    pub async fn get<K>(&self, api: &Api<K>, name: &str) -> Result<Option<K>, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
    {
        self.run("read", id_in(api, name), api.get_opt(name)).await
    }

    /// All objects that match.
    pub async fn list<K>(&self, api: &Api<K>, parameters: &ListParams) -> Result<Vec<K>, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
    {
        let listed: ObjectList<K> = self.run("list", id_in(api, ""), api.list(parameters)).await?;
        Ok(listed.items)
    }

    /// Server-side apply of an object, taking over fields that others set.
    pub async fn apply<K>(&self, api: &Api<K>, object: &K) -> Result<K, ApiError>
    where
        K: Clone + DeserializeOwned + Serialize + Debug + Resource<DynamicType = ()>,
    {
        let name = object.name_any();
        let parameters = PatchParams::apply(self.field_manager).force();
        self.run("apply", ObjectId::of(object), api.patch(&name, &parameters, &Patch::Apply(object))).await
    }

    /// Server-side apply of an untyped object.
    pub async fn apply_dynamic(
        &self,
        api: &Api<DynamicObject>,
        object: &DynamicObject,
    ) -> Result<DynamicObject, ApiError> {
        let name = object.name_any();
        let parameters = PatchParams::apply(self.field_manager).force();
        self.run("apply", ObjectId::of_dynamic(object), api.patch(&name, &parameters, &Patch::Apply(object))).await
    }

    /// JSON merge patch; `metadata.resourceVersion` in it makes it conditional.
    pub async fn merge<K>(&self, api: &Api<K>, name: &str, patch: &serde_json::Value) -> Result<K, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
    {
        let parameters = PatchParams { field_manager: Some(self.field_manager.to_owned()), ..PatchParams::default() };
        self.run("change", id_in(api, name), api.patch(name, &parameters, &Patch::Merge(patch))).await
    }

    /// JSON merge patch of the status.
    pub async fn merge_status<K>(&self, api: &Api<K>, name: &str, patch: &serde_json::Value) -> Result<K, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
    {
        let parameters = PatchParams { field_manager: Some(self.field_manager.to_owned()), ..PatchParams::default() };
        self.run("change the status of", id_in(api, name), api.patch_status(name, &parameters, &Patch::Merge(patch)))
            .await
    }

    /// Creates the object; `false` when it exists already.
    pub async fn create<K>(&self, api: &Api<K>, object: &K) -> Result<bool, ApiError>
    where
        K: Clone + DeserializeOwned + Serialize + Debug + Resource<DynamicType = ()>,
    {
        let parameters = PostParams { field_manager: Some(self.field_manager.to_owned()), ..PostParams::default() };
        match self.run("create", ObjectId::of(object), api.create(&parameters, object)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes the object; `false` when it was gone already.
    pub async fn delete<K>(&self, api: &Api<K>, name: &str, parameters: &DeleteParams) -> Result<bool, ApiError>
    where
        K: Clone + DeserializeOwned + Debug + Resource<DynamicType = ()>,
    {
        match self.run("delete", id_in(api, name), api.delete(name, parameters)).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn id_in<K: Resource<DynamicType = ()>>(api: &Api<K>, name: &str) -> ObjectId {
    match api.namespace() {
        Some(namespace) => ObjectId::namespaced(K::kind(&()), namespace, name),
        None => ObjectId::cluster(K::kind(&()), name),
    }
}
