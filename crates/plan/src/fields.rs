//! Fields of the API that have no effect in Hoist, each with its reason: one table for the conditions that tell of them, for
//! the documentation, and for the test that every other field does have an effect.

#[cfg(test)]
mod every;
mod table;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use table::{HOSTED_CLUSTER, NODE_POOL};

/// A field without effect, and all below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its place below `spec`, such as `configuration.oauth`.
    pub path: &'static str,
    /// Why, and what to do instead if there is something.
    pub why: &'static str,
    /// What of it has an effect nevertheless: names of fields in it, or `name=value`.
    pub but: &'static [&'static str],
}

/// The fields of `table` that `spec` sets to something else than `plain` does: a default that the API server writes asks for
/// nothing.
pub fn not_honoured<S: Serialize + DeserializeOwned + Default>(
    table: &'static [Field],
    spec: &S,
) -> Vec<&'static Field> {
    let (Ok(spec), Ok(plain)) = (serde_json::to_value(spec), serde_json::to_value(S::default())) else {
        return Vec::new();
    };
    let asks = |field: &Field| {
        let value = at(&spec, field.path);
        let rest = value.map(|value| without(value, field.but));
        asks_for_something(rest.as_ref(), at(&plain, field.path)) && value != defaulted::<S>(&spec, field.path).as_ref()
    };
    table.iter().filter(|field| asks(field)).collect()
}

/// What the API server makes of an empty block at `path`.
fn defaulted<S: Serialize + DeserializeOwned>(spec: &Value, path: &str) -> Option<Value> {
    let mut emptied = spec.clone();
    let block = path.split('.').try_fold(&mut emptied, |value, name| value.get_mut(name))?;
    if !block.is_object() {
        return None;
    }
    *block = Value::Object(serde_json::Map::new());
    let read: S = serde_json::from_value(emptied).ok()?;
    at(&serde_json::to_value(read).ok()?, path).cloned()
}

/// A block without the fields that have an effect.
fn without(value: &Value, but: &[&str]) -> Value {
    let mut rest = value.clone();
    let Some(fields) = rest.as_object_mut() else { return rest };
    fields.retain(|name, value| {
        !but.iter().any(|entry| match entry.split_once('=') {
            Some((field, expected)) => field == name && value.as_str() == Some(expected),
            None => entry == name,
        })
    });
    rest
}

/// The value at a path; of a list, its first item counts.
fn at<'a>(spec: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(spec, |value, name| value.get(name).or_else(|| value.get(0)?.get(name)))
}

/// Whether a value is there, is not empty, and is not the one that is there anyway.
fn asks_for_something(value: Option<&Value>, plain: Option<&Value>) -> bool {
    value.is_some_and(|value| !is_empty(value)) && value != plain
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) | Value::Number(_) => false,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}

/// Fields and reasons, and `more` in the same form, as one sentence.
pub fn sentence(fields: &[&Field], more: Vec<String>) -> String {
    let mut each: Vec<String> = fields.iter().map(|field| format!("spec.{} ({})", field.path, field.why)).collect();
    each.extend(more);
    format!("fields without effect: {}", each.join("; "))
}

#[cfg(test)]
mod tests {
    use hoist_api::hosted_cluster::HostedClusterSpec;
    use serde_json::json;

    use super::*;

    fn paths(spec: &serde_json::Value) -> Vec<&'static str> {
        let mut whole = serde_json::to_value(HostedClusterSpec::default()).unwrap();
        for (key, value) in spec.as_object().unwrap() {
            whole[key] = value.clone();
        }
        let spec: HostedClusterSpec = serde_json::from_value(whole).unwrap();
        not_honoured(HOSTED_CLUSTER, &spec).into_iter().map(|field| field.path).collect()
    }

    #[test]
    fn what_the_api_server_writes_by_itself_asks_for_nothing() {
        assert_eq!(
            paths(&json!({"operatorConfiguration": {"clusterNetworkOperator": {"disableMultiNetwork": false}}})),
            [""; 0]
        );
        assert_eq!(paths(&json!({"autoscaling": {}})), [""; 0]);
        assert_eq!(paths(&json!({"capabilities": {}, "olmCatalogPlacement": "management", "fips": false})), [""; 0]);
    }

    #[test]
    fn what_is_asked_for_is_named() {
        assert_eq!(
            paths(&json!({
                "fips": true,
                "configuration": {"oauth": {"tokenConfig": {"accessTokenMaxAgeSeconds": 60}}},
                "olmCatalogPlacement": "guest"
            })),
            ["fips", "olmCatalogPlacement", "configuration.oauth"]
        );
    }

    #[test]
    fn the_list_is_short_and_each_entry_has_its_reason() {
        assert!(HOSTED_CLUSTER.len() + NODE_POOL.len() <= 25, "{}", HOSTED_CLUSTER.len() + NODE_POOL.len());
        for field in HOSTED_CLUSTER.iter().chain(NODE_POOL) {
            assert!(field.why.len() > 10, "{}", field.path);
        }
    }
}
