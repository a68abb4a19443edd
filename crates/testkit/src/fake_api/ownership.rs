//! Which fields server-side apply has noted as an applier's own, and what comes of one that is applied empty.

use serde_json::{Map, Value, json};

/// What is noted in `metadata.managedFields` when `manager` applies `object`. Items of lists are not told apart.
pub fn noted(manager: &str, object: &Value) -> Value {
    json!([{
        "manager": manager, "operation": "Apply", "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": fields(&object["spec"])},
    }])
}

fn fields(value: &Value) -> Value {
    let Value::Object(object) = value else { return json!({}) };
    Value::Object(object.iter().map(|(name, value)| (format!("f:{name}"), fields(value))).collect::<Map<_, _>>())
}

/// Whether an object that was applied with something in it is applied empty: the real server makes null of it, which no schema
/// takes.
pub fn becomes_null(applied: &Value, live: &Value) -> bool {
    let noted = &live["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"];
    is_emptied(&applied["spec"], noted)
}

fn is_emptied(applied: &Value, noted: &Value) -> bool {
    let (Value::Object(applied), Value::Object(noted)) = (applied, noted) else { return false };
    (applied.is_empty() && !noted.is_empty())
        || applied
            .iter()
            .any(|(name, applied)| is_emptied(applied, &noted.get(&format!("f:{name}")).cloned().unwrap_or_default()))
}
