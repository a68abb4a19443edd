//! What server-side apply turns into null: pure.
//!
//! An object or list in which we own something, and that is applied empty, becomes null in the API server before it is validated,
//! and a custom resource with a null where its schema wants an object is refused (kubernetes-sigs/structured-merge-diff, issue
//! 305). Left out, it goes; applied once more, it comes back empty.

use kube::core::DynamicObject;
use serde_json::{Map, Value};

/// `wanted` without what `manager` empties of `live` in it; `None` when there is nothing of that kind.
pub fn without(wanted: &Value, live: &DynamicObject, manager: &str) -> Option<Value> {
    let noted = live.metadata.managed_fields.iter().flatten().find(|noted| {
        noted.manager.as_deref() == Some(manager)
            && noted.operation.as_deref() == Some("Apply")
            && noted.subresource.as_deref().unwrap_or_default().is_empty()
    })?;
    let rest = rest(wanted, &noted.fields_v1.as_ref()?.0);
    (rest != *wanted).then_some(rest)
}

/// `owned`: fields as `metadata.managedFields` notes them. Items of lists have no names there that are names in `wanted`.
fn rest(wanted: &Value, owned: &Value) -> Value {
    let Value::Object(wanted) = wanted else { return wanted.clone() };
    let kept = wanted.iter().filter_map(|(field, wanted)| {
        let Some(owned) = owned.get(format!("f:{field}")) else { return Some((field.clone(), wanted.clone())) };
        let rest = rest(wanted, owned);
        let is_emptied = is_empty(&rest) && has_parts(owned);
        (!is_emptied).then(|| (field.clone(), rest))
    });
    Value::Object(kept.collect::<Map<_, _>>())
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Whether more is owned than the object or list itself, which is noted as `.`.
fn has_parts(owned: &Value) -> bool {
    owned.as_object().is_some_and(|parts| parts.keys().any(|part| part != "."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn live(fields: &Value) -> DynamicObject {
        let object = json!({
            "apiVersion": "example.com/v1", "kind": "Example",
            "metadata": {"name": "a", "managedFields": [
                {"manager": "us", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
                {"manager": "us", "operation": "Apply", "fieldsV1": fields},
            ]},
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn only_what_we_empty_is_left_out() {
        let live = live(&json!({"f:spec": {
            "f:apiServer": {".": {}, "f:allowed": {"v:\"a\"": {}}}, "f:dns": {}, "f:key": {".": {}}, "f:set": {"v:\"a\"": {}},
        }}));
        let wanted = json!({"spec": {"apiServer": {}, "dns": {}, "key": {}, "set": [], "new": {}, "name": "x"}});
        let expected = json!({"spec": {"dns": {}, "key": {}, "new": {}, "name": "x"}});
        assert_eq!(without(&wanted, &live, "us"), Some(expected));
        let below = json!({"spec": {"apiServer": {"allowed": []}, "name": "x"}});
        assert_eq!(
            without(&below, &live, "us"),
            Some(json!({"spec": {"name": "x"}})),
            "what is left would be empty, too"
        );
        assert_eq!(without(&wanted, &live, "others"), None, "what others own does not go");
        assert_eq!(without(&json!({"spec": {"dns": {}}}), &live, "us"), None);
    }
}
