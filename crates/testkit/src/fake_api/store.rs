//! The objects, and what Kubernetes does to them on each verb.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::ownership;
use super::request::{Call, Verb};

/// Where an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    pub group: String,
    pub plural: String,
    pub namespace: Option<String>,
    pub name: String,
}

type Refused = (StatusCode, &'static str, String);

/// All objects.
#[derive(Clone, Default)]
pub struct Store {
    objects: BTreeMap<Path, Value>,
    counter: u64,
}

impl Store {
    pub fn get(&self, path: &Path) -> Option<&Value> {
        self.objects.get(path)
    }

    /// Stores an object, with uid and resource version if it has none.
    pub fn put(&mut self, path: Path, mut value: Value) {
        self.counter += 1;
        let meta = &mut value["metadata"];
        if meta["uid"].is_null() {
            meta["uid"] = json!(format!("uid-{}", self.counter));
        }
        if meta["generation"].is_null() {
            meta["generation"] = json!(1);
        }
        meta["resourceVersion"] = json!(self.counter.to_string());
        self.objects.insert(path, value);
    }

    pub fn handle(&mut self, call: &Call) -> Result<Value, Refused> {
        match (call.verb, call.subresource.as_deref()) {
            (Verb::List, _) => Ok(self.list(call)),
            (Verb::Get, _) => self.existing(&call.path).cloned(),
            (Verb::Create, Some("eviction")) | (Verb::Delete, _) => self.delete(&call.path),
            (Verb::Create, _) => self.create(call),
            (Verb::Apply | Verb::Merge, Some("status")) => self.change_status(call),
            (Verb::Apply, None) => self.apply(call),
            (Verb::Merge, None | Some("approval")) => self.merge(call),
            (_, Some(other)) => {
                Err((StatusCode::BAD_REQUEST, "BadRequest", format!("subresource {other} is not served")))
            }
        }
    }

    fn list(&self, call: &Call) -> Value {
        let items: Vec<Value> = self
            .objects
            .iter()
            .filter(|(path, _)| path.group == call.path.group && path.plural == call.path.plural)
            .filter(|(path, _)| call.path.namespace.is_none() || path.namespace == call.path.namespace)
            .filter(|(_, value)| call.selector.as_deref().is_none_or(|selector| selects(selector, value)))
            .filter(|(_, value)| call.fields.as_deref().is_none_or(|selector| selects_fields(selector, value)))
            .map(|(_, value)| value.clone())
            .collect();
        let api_version = if call.path.group.is_empty() {
            call.version.clone()
        } else {
            format!("{}/{}", call.path.group, call.version)
        };
        let end = call.limit.map_or(items.len(), |limit| (call.offset + limit).min(items.len()));
        let mut metadata = json!({"resourceVersion": self.counter.to_string()});
        if end < items.len() {
            metadata["continue"] = json!(end.to_string());
        }
        let page = items.get(call.offset..end).unwrap_or_default();
        json!({"apiVersion": api_version, "kind": "List", "metadata": metadata, "items": page})
    }

    fn create(&mut self, call: &Call) -> Result<Value, Refused> {
        let mut path = call.path.clone();
        if path.name.is_empty() {
            let name = call.body.pointer("/metadata/name").and_then(Value::as_str);
            name.unwrap_or_default().clone_into(&mut path.name);
        }
        if self.objects.contains_key(&path) {
            return Err((
                StatusCode::CONFLICT,
                "AlreadyExists",
                format!("{} {} exists already", path.plural, path.name),
            ));
        }
        self.put(path.clone(), call.body.clone());
        self.existing(&path).cloned()
    }

    /// Replaces what the body names at the first two levels; lists and maps below are taken whole.
    fn apply(&mut self, call: &Call) -> Result<Value, Refused> {
        let has_schema = call.path.group == "hypershift.openshift.io";
        if has_schema && self.objects.get(&call.path).is_some_and(|live| ownership::becomes_null(&call.body, live)) {
            let why = r#"spec: Invalid value: "null": must be of type object: "null""#;
            return Err((StatusCode::UNPROCESSABLE_ENTITY, "Invalid", why.to_owned()));
        }
        let mut value = self.objects.get(&call.path).cloned().unwrap_or_else(|| json!({"metadata": {}}));
        let before = value.clone();
        for (field, wanted) in call.body.as_object().into_iter().flatten() {
            match (field.as_str(), value.get_mut(field)) {
                ("metadata", Some(Value::Object(current))) => {
                    for (field, wanted) in wanted.as_object().into_iter().flatten() {
                        current.insert(field.clone(), wanted.clone());
                    }
                }
                ("status", _) => {}
                _ => value[field] = wanted.clone(),
            }
        }
        if has_schema {
            value["metadata"]["managedFields"] = ownership::noted(&call.manager, &call.body);
        }
        Ok(self.store_changed(&call.path, &before, value))
    }

    fn merge(&mut self, call: &Call) -> Result<Value, Refused> {
        let before = self.existing(&call.path)?.clone();
        check_version(&call.body, &before)?;
        let mut value = before.clone();
        merge_patch(&mut value, &call.body);
        let value = self.store_changed(&call.path, &before, value);
        self.collect(&call.path);
        Ok(value)
    }

    fn change_status(&mut self, call: &Call) -> Result<Value, Refused> {
        let before = self.existing(&call.path)?.clone();
        check_version(&call.body, &before)?;
        let mut value = before.clone();
        let status = call.body.get("status").cloned().unwrap_or_default();
        if call.verb == Verb::Apply && !value["status"].is_object() {
            value["status"] = json!({});
        }
        merge_patch(&mut value["status"], &status);
        Ok(self.store_changed(&call.path, &before, value))
    }

    fn delete(&mut self, path: &Path) -> Result<Value, Refused> {
        let value = self.existing(path)?.clone();
        let has_finalizers =
            value.pointer("/metadata/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if has_finalizers {
            let mut ending = value.clone();
            ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            return Ok(self.store_changed(path, &value, ending));
        }
        if path.plural == "namespaces" {
            return self.end_namespace(path, &value);
        }
        self.objects.remove(path);
        self.collect_namespace(path.namespace.as_deref());
        Ok(value)
    }

    /// Deletes what is in a namespace; it goes itself once nothing with a finalizer is left in it.
    fn end_namespace(&mut self, path: &Path, before: &Value) -> Result<Value, Refused> {
        let mut ending = before.clone();
        ending["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        ending["status"]["phase"] = json!("Terminating");
        let ending = self.store_changed(path, before, ending);
        let inside: Vec<Path> =
            self.objects.keys().filter(|other| other.namespace.as_deref() == Some(&path.name)).cloned().collect();
        for object in inside {
            self.delete(&object)?;
        }
        self.collect_namespace(Some(&path.name));
        Ok(ending)
    }

    fn collect_namespace(&mut self, name: Option<&str>) {
        let Some(name) = name else { return };
        if self.objects.keys().any(|other| other.namespace.as_deref() == Some(name)) {
            return;
        }
        self.objects.retain(|path, value| {
            let is_over =
                path.plural == "namespaces" && path.name == name && !value["metadata"]["deletionTimestamp"].is_null();
            !is_over
        });
    }

    /// Removes an object that is ending once its last finalizer is gone.
    fn collect(&mut self, path: &Path) {
        let is_over = self.objects.get(path).is_some_and(|value| {
            let finalizers = value.pointer("/metadata/finalizers").and_then(Value::as_array);
            !value["metadata"]["deletionTimestamp"].is_null() && finalizers.is_none_or(Vec::is_empty)
        });
        if is_over {
            self.objects.remove(path);
            self.collect_namespace(path.namespace.as_deref());
        }
    }

    fn store_changed(&mut self, path: &Path, before: &Value, mut value: Value) -> Value {
        if *before == value && self.objects.contains_key(path) {
            return value;
        }
        if before.get("spec") != value.get("spec") {
            let generation = before.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
            value["metadata"]["generation"] = json!(generation + 1);
        }
        self.put(path.clone(), value);
        self.objects[path].clone()
    }

    fn existing(&self, path: &Path) -> Result<&Value, Refused> {
        self.objects
            .get(path)
            .ok_or_else(|| (StatusCode::NOT_FOUND, "NotFound", format!("{} {:?} not found", path.plural, path.name)))
    }
}

fn check_version(patch: &Value, current: &Value) -> Result<(), Refused> {
    if patch.pointer("/metadata/uid").is_some_and(|uid| Some(uid) != current.pointer("/metadata/uid")) {
        return Err((StatusCode::CONFLICT, "Conflict", "the object is another one".to_owned()));
    }
    match patch.pointer("/metadata/resourceVersion") {
        Some(expected) if !expected.is_null() && Some(expected) != current.pointer("/metadata/resourceVersion") => {
            Err((StatusCode::CONFLICT, "Conflict", "the object has been modified".to_owned()))
        }
        _ => Ok(()),
    }
}

/// RFC 7386.
fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(fields) = target else { return };
    for (field, value) in patch {
        if value.is_null() {
            fields.shift_remove(field);
        } else {
            merge_patch(fields.entry(field.clone()).or_insert(Value::Null), value);
        }
    }
}

/// `a=b`, `a!=b`, `a` and `!a`, joined by commas.
fn selects(selector: &str, value: &Value) -> bool {
    let label = |key: &str| value["metadata"]["labels"].get(key).and_then(Value::as_str).map(str::to_owned);
    selector.split(',').filter(|term| !term.is_empty()).all(|term| {
        if let Some((key, expected)) = term.split_once("!=") {
            label(key).as_deref() != Some(expected)
        } else if let Some((key, expected)) = term.split_once('=') {
            label(key).as_deref() == Some(expected.trim_start_matches('='))
        } else if let Some(key) = term.strip_prefix('!') {
            label(key).is_none()
        } else {
            label(term).is_some()
        }
    })
}

fn selects_fields(selector: &str, value: &Value) -> bool {
    selector.split(',').all(|term| {
        let Some((path, expected)) = term.split_once('=') else { return false };
        let found = value.pointer(&format!("/{}", path.replace('.', "/")));
        found.and_then(Value::as_str).unwrap_or_default() == expected.trim_start_matches('=')
    })
}
