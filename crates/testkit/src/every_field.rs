//! Objects that differ from a plain one in one field, for every field that a schema has.

use serde_json::{Map, Value, json};

/// A changed object, and the field that was changed, such as `services[].service`.
pub type Changed = (String, Value);

/// For every leaf below `schema`, the object `plain` with another value there. `sample` may give the value for a field whose
/// form a schema does not say.
pub fn every_field(schema: &Value, plain: &Value, sample: &dyn Fn(&str) -> Option<Value>) -> Vec<Changed> {
    let mut walk = Walk { plain, root: schema, sample, changed: Vec::new() };
    walk.below(schema, &mut Vec::new());
    walk.changed
}

/// Demands that each changed object has another outcome than `before`, or that its field is below one that is listed as read by
/// others; and that everything listed is a field.
pub fn expect_none_silent(
    changed: Vec<Changed>,
    read_elsewhere: &[(&str, &str)],
    before: &str,
    outcome: impl Fn(&str, Value) -> String,
) {
    let (mut silent, mut stale) = (Vec::new(), read_elsewhere.to_vec());
    for (field, object) in changed {
        let is_elsewhere = |(path, _): &(&str, &str)| {
            field.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        stale.retain(|entry| !is_elsewhere(entry));
        if outcome(&field, object) == before && !read_elsewhere.iter().any(is_elsewhere) {
            silent.push(field);
        }
    }
    assert_eq!(silent, Vec::<String>::new(), "these do nothing, and nobody is told");
    assert_eq!(stale, [], "these are no fields");
}

struct Walk<'a> {
    plain: &'a Value,
    root: &'a Value,
    sample: &'a dyn Fn(&str) -> Option<Value>,
    changed: Vec<Changed>,
}

impl Walk<'_> {
    fn below(&mut self, schema: &Value, path: &mut Vec<String>) {
        if let Some(properties) = schema["properties"].as_object().filter(|properties| !properties.is_empty()) {
            for (name, property) in properties {
                path.push(name.clone());
                self.below(property, path);
                path.pop();
            }
        } else if schema["items"].is_object() && schema["items"]["properties"].is_object() {
            path.push("[]".to_owned());
            self.below(&schema["items"], path);
            path.pop();
        } else {
            let name = name(path);
            let before = at(self.plain, path).cloned();
            if let Some(value) = other(schema, &name, before.as_ref(), self.sample) {
                let mut object = self.plain.clone();
                set(self.root, &mut object, "", path, value, self.sample);
                self.changed.push((name, object));
            }
        }
    }
}

fn name(path: &[String]) -> String {
    path.join(".").replace(".[]", "[]")
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, step| if step == "[]" { value.get(0) } else { value.get(step) })
}

/// Another value of the same kind.
fn other(schema: &Value, name: &str, before: Option<&Value>, sample: &dyn Fn(&str) -> Option<Value>) -> Option<Value> {
    if let Some(value) = sample(name) {
        return Some(value);
    }
    if let Some(values) = schema["enum"].as_array() {
        let is_other =
            |value: &&Value| Some(*value) != before && Some(*value) != Some(&schema["default"]) && **value != json!("");
        return values.iter().find(is_other).cloned();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return Some(json!("7"));
    }
    match schema["type"].as_str()? {
        "boolean" => Some(json!(!before.and_then(Value::as_bool).or(schema["default"].as_bool()).unwrap_or(false))),
        "integer" => {
            let least = schema["minimum"].as_i64().unwrap_or(1).max(1);
            Some(json!(before.and_then(Value::as_i64).or(schema["default"].as_i64()).map_or(least, |value| value + 1)))
        }
        "string" => Some(json!("sample")),
        "array" => Some(json!([other(&schema["items"], &format!("{name}[]"), None, sample)?])),
        "object" if schema["additionalProperties"].is_object() => Some(json!({"sample": "sample"})),
        _ => None,
    }
}

/// Sets a value, and beside it whatever the schema requires of what had to be made on the way.
fn set(
    schema: &Value,
    object: &mut Value,
    place: &str,
    path: &[String],
    value: Value,
    sample: &dyn Fn(&str) -> Option<Value>,
) {
    let [step, rest @ ..] = path else {
        *object = value;
        return;
    };
    if step == "[]" {
        if object.get(0).is_none() {
            *object = json!([required(&schema["items"], &format!("{place}[]"), sample)]);
        }
        set(&schema["items"], &mut object[0], &format!("{place}[]"), rest, value, sample);
        return;
    }
    if !object.is_object() {
        *object = required(schema, place, sample);
    }
    let inner = if place.is_empty() { step.clone() } else { format!("{place}.{step}") };
    set(&schema["properties"][step.as_str()], &mut object[step.as_str()], &inner, rest, value, sample);
}

fn required(schema: &Value, place: &str, sample: &dyn Fn(&str) -> Option<Value>) -> Value {
    let mut object = Map::new();
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let property = &schema["properties"][name];
        let inner = format!("{place}.{name}");
        let value = match property["properties"].as_object() {
            Some(_) => required(property, &inner, sample),
            None => other(property, &inner, None, sample).unwrap_or_else(|| json!({})),
        };
        object.insert(name.to_owned(), value);
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_leaf_is_changed_once_and_what_is_required_beside_it_is_there() {
        let schema = json!({"type": "object", "properties": {
            "name": {"type": "string"},
            "list": {"type": "array", "items": {"type": "object", "required": ["kind"], "properties": {
                "kind": {"type": "string", "enum": ["a", "b"]}, "size": {"type": "integer"}
            }}}
        }});
        let changed = every_field(&schema, &json!({"name": "x"}), &|_| None);
        assert_eq!(
            changed,
            [
                ("name".to_owned(), json!({"name": "sample"})),
                ("list[].kind".to_owned(), json!({"name": "x", "list": [{"kind": "a"}]})),
                ("list[].size".to_owned(), json!({"name": "x", "list": [{"kind": "a", "size": 1}]})),
            ]
        );
    }
}
