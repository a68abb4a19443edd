//! Values of documents, read by their keys; each that is something else than expected is a fault.

use serde_json::Value;

use super::documents::{Faults, is_nothing};

/// A text at `key`; faults when it is something else.
pub(super) fn text<'a>(object: &'a Value, key: &str, place: &str, faults: &mut Faults<'_>) -> Option<&'a str> {
    match object.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text),
        Some(_) => {
            faults.add(format!("{place}.{key} is no text: write it in quotes"));
            None
        }
    }
}

/// A truth value at `key`; faults when it is something else.
pub(super) fn truth(object: &Value, key: &str, place: &str, faults: &mut Faults<'_>) -> Option<bool> {
    match object.get(key) {
        None | Some(Value::Null) => None,
        Some(Value::Bool(value)) => Some(*value),
        Some(other) => {
            faults.add(format!("{place}.{key} is {other}: expected true or false"));
            None
        }
    }
}

/// Faults for every key of `object` that is none of `known` and asks for something.
pub(super) fn only(object: &Value, known: &[&str], place: &str, faults: &mut Faults<'_>) {
    let Some(fields) = object.as_object() else {
        return faults.add(format!("{place} is no object: expected {}", known.join(", ")));
    };
    for (key, _) in fields.iter().filter(|(key, value)| !known.contains(&key.as_str()) && !is_nothing(value)) {
        faults.add(format!("{place}.{key} is not known: expected {}", known.join(", ")));
    }
}
