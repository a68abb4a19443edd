//! What can be compared of a definition: facts by field, without descriptions and without blocks of clouds.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Facts by field: `.spec.services[].type` → `enum` → value. The empty field is the whole object.
pub type Facts = BTreeMap<String, BTreeMap<String, String>>;

/// Blocks that belong to clouds.
const CLOUDS: &[&str] = &["aws", "azure", "azureblob", "gcp", "ibmcloud", "openstack", "powervs", "s3"];

/// The facts of one version of a definition.
pub fn facts(spec: &Value, version: &Value) -> Facts {
    let mut all = Facts::new();
    walk(&version["schema"]["openAPIV3Schema"], "", false, &mut all);
    let whole = all.entry(String::new()).or_default();
    whole.insert("scope".to_owned(), spec["scope"].to_string());
    for name in ["plural", "singular", "listKind", "shortNames", "categories"] {
        insert(whole, name, &spec["names"][name]);
    }
    for name in ["served", "storage", "subresources", "deprecated"] {
        insert(whole, name, &version[name]);
    }
    let columns = all.entry(".columns".to_owned()).or_default();
    for column in version["additionalPrinterColumns"].as_array().into_iter().flatten() {
        let text = |key: &str| column[key].to_string();
        columns.insert(text("name"), [text("jsonPath"), text("type"), text("priority")].join(" "));
    }
    all
}

fn walk(schema: &Value, field: &str, is_required: bool, all: &mut Facts) {
    let Some(schema) = schema.as_object() else { return };
    all.insert(field.to_owned(), own_facts(schema, is_required));
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if !CLOUDS.contains(&name.to_lowercase().as_str()) {
            walk(property, &format!("{field}.{name}"), required.contains(&name.as_str()), all);
        }
    }
    if let Some(items) = schema.get("items") {
        walk(items, &format!("{field}[]"), false, all);
    }
    if let Some(values) = schema.get("additionalProperties") {
        walk(values, &format!("{field}[*]"), false, all);
    }
}

fn own_facts(schema: &Map<String, Value>, is_required: bool) -> BTreeMap<String, String> {
    let mut own = BTreeMap::new();
    if is_required {
        own.insert("required".to_owned(), "true".to_owned());
    }
    for (name, value) in schema {
        match name.as_str() {
            "description" | "title" | "properties" | "items" | "additionalProperties" | "required" | "example" => {}
            "x-kubernetes-validations" => {
                for rule in value.as_array().into_iter().flatten().filter(|rule| !is_of_a_cloud(rule)) {
                    let message = rule["message"].as_str().unwrap_or_default();
                    own.insert(format!("rule {message:?}"), "there".to_owned());
                }
            }
            name => insert(&mut own, name, value),
        }
    }
    own
}

/// Rules are told apart by their messages: that is what users see; two expressions can mean one thing.
fn is_of_a_cloud(rule: &Value) -> bool {
    let text = rule["rule"].as_str().unwrap_or_default().to_lowercase();
    [
        "\"azure\"",
        "'azure'",
        ".aws",
        ".azure",
        ".openstack",
        ".ibmcloud",
        "'openstack'",
        "'aws'",
        "\"aws\"",
        "'ibmcloud'",
    ]
    .iter()
    .any(|cloud| text.contains(cloud))
        && !text.contains("self.services == oldself.services")
        && !text.contains("size")
        && !text.contains("scale")
        && !text.contains("arm64")
        && !text.contains("autoscaling")
}

fn insert(facts: &mut BTreeMap<String, String>, name: &str, value: &Value) {
    let is_nothing = value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || *value == Value::Bool(false) && name == "deprecated";
    if !is_nothing {
        facts.insert(name.to_owned(), sorted(value).to_string());
    }
}

/// Keys in order, whole numbers without a fraction: two writings of one value are one value.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields: BTreeMap<&String, Value> = fields.iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.into_iter().map(|(key, value)| (key.clone(), value)).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Number(number) => match number.as_f64() {
            #[allow(clippy::cast_possible_truncation, reason = "limits of schemas are whole numbers at most 2^53")]
            Some(float) if float.fract() == 0.0 && float.abs() < 9.1e15 => Value::from(float as i64),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}
