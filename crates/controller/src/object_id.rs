//! How an object is named in errors, logs and events: `HostedCluster clusters/demo`.

use std::fmt;

use kube::{Resource, ResourceExt, core::DynamicObject};

/// Kind, namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl ObjectId {
    /// An object in a namespace.
    pub fn namespaced(kind: impl Into<String>, namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: Some(namespace.into()), name: name.into() }
    }

    /// An object without a namespace, or a kind as a whole when `name` is empty.
    pub fn cluster(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), namespace: None, name: name.into() }
    }

    /// The id of a typed object.
    pub fn of<K: Resource<DynamicType = ()>>(object: &K) -> Self {
        Self { kind: K::kind(&()).into_owned(), namespace: object.namespace(), name: object.name_any() }
    }

    /// The id of an untyped object.
    pub fn of_dynamic(object: &DynamicObject) -> Self {
        let kind = object.types.as_ref().map_or_else(|| "Object".to_owned(), |types| types.kind.clone());
        Self { kind, namespace: object.namespace(), name: object.name_any() }
    }

    /// Name without kind and namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) if self.name.is_empty() => write!(formatter, "{}s in {namespace}", self.kind),
            Some(namespace) => write!(formatter, "{} {namespace}/{}", self.kind, self.name),
            None if self.name.is_empty() => write!(formatter, "{}s", self.kind),
            None => write!(formatter, "{} {}", self.kind, self.name),
        }
    }
}
