//! Hashes of objects, and which part of a live object they speak of.

use std::hash::{DefaultHasher, Hash, Hasher};

use kube::core::DynamicObject;
use serde_json::{Map, Value};

/// A hash that does not depend on the order of fields. Another build may hash differently; that costs a write an object.
pub fn hash(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(value, &mut hasher);
    hasher.finish()
}

/// Hash of those fields of `live` that `wanted` names: what others add is theirs and does not count.
pub fn of_live(wanted: &Value, live: &DynamicObject) -> u64 {
    hash(&projection(wanted, &serde_json::to_value(live).unwrap_or_default()))
}

/// `live` cut to the shape of `wanted`.
fn projection(wanted: &Value, live: &Value) -> Value {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => Value::Object(
            wanted
                .iter()
                .filter_map(|(field, wanted)| live.get(field).map(|live| (field.clone(), projection(wanted, live))))
                .collect::<Map<_, _>>(),
        ),
        (Value::Array(wanted), Value::Array(live)) if wanted.len() == live.len() => {
            Value::Array(wanted.iter().zip(live).map(|(wanted, live)| projection(wanted, live)).collect())
        }
        _ => live.clone(),
    }
}

/// Whether `live` has every field of `wanted` with its value; what the API server drops because it is empty counts as there.
pub fn holds(wanted: &Value, live: &DynamicObject) -> bool {
    is_within(wanted, &serde_json::to_value(live).unwrap_or_default())
}

fn is_within(wanted: &Value, live: &Value) -> bool {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => wanted.iter().all(|(field, wanted)| match live.get(field) {
            Some(live) => is_within(wanted, live),
            None => is_empty(wanted),
        }),
        (Value::Array(wanted), Value::Array(live)) => {
            wanted.len() == live.len() && wanted.iter().zip(live).all(|(wanted, live)| is_within(wanted, live))
        }
        _ => wanted == live,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().all(is_empty),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn feed(value: &Value, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(value) => value.hash(hasher),
        Value::Number(value) => value.to_string().hash(hasher),
        Value::String(value) => value.hash(hasher),
        Value::Array(values) => {
            values.len().hash(hasher);
            for value in values {
                feed(value, hasher);
            }
        }
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.keys().collect();
            names.sort_unstable();
            names.len().hash(hasher);
            for name in names {
                name.hash(hasher);
                feed(&fields[name], hasher);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_fields_does_not_matter_and_their_values_do() {
        assert_eq!(hash(&json!({"a": 1, "b": [2]})), hash(&json!({"b": [2], "a": 1})));
        assert_ne!(hash(&json!({"a": 1})), hash(&json!({"a": "1"})));
    }

    #[test]
    fn fields_that_others_add_are_left_out() {
        let wanted = json!({"metadata": {"labels": {"mine": "x"}}, "spec": {"ports": [{"port": 1}]}});
        let live = json!({
            "metadata": {"labels": {"mine": "x", "theirs": "y"}, "uid": "1"},
            "spec": {"ports": [{"port": 1, "nodePort": 30000}], "clusterIP": "10.0.0.1"}
        });
        assert_eq!(projection(&wanted, &live), wanted);
    }

    #[test]
    fn what_is_empty_may_be_missing_and_nothing_else() {
        let wanted = json!({"a": 1, "b": {}, "c": [], "d": {"e": null}});
        assert!(is_within(&wanted, &json!({"a": 1, "defaulted": true})));
        assert!(!is_within(&wanted, &json!({"a": 2})));
        assert!(!is_within(&wanted, &json!({"b": {}})));
        assert!(!is_within(&json!([1]), &json!([1, 2])));
    }

    #[test]
    fn an_edit_of_a_field_that_we_name_shows() {
        let wanted = json!({"spec": {"replicas": 1}});
        assert_ne!(hash(&projection(&wanted, &json!({"spec": {"replicas": 0}}))), hash(&wanted));
    }
}
