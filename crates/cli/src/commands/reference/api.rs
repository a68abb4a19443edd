//! The page of kinds and fields, from the CustomResourceDefinitions.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use super::{GENERATED, cell};

/// The page.
pub fn page() -> Result<String> {
    let mut page = format!(
        "{GENERATED}\n# API\n\nEvery kind that `hypershift install` defines. `[]` after a name stands for the items of a list, `{{}}` for the values of a map.\n"
    );
    for definition in hoist_api::custom_resource_definitions() {
        kind(&mut page, &serde_json::to_value(definition)?);
    }
    Ok(page)
}

fn kind(page: &mut String, definition: &Value) {
    let spec = &definition["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list =
        |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
    for version in spec["versions"].as_array().into_iter().flatten() {
        let _ = writeln!(
            page,
            "\n## {}\n\n`{}/{}`, {}, `kubectl get {}`",
            text(&spec["names"]["kind"]),
            text(&spec["group"]),
            text(&version["name"]),
            if spec["scope"] == "Namespaced" { "in a namespace" } else { "of the whole cluster" },
            text(&spec["names"]["plural"]),
        );
        let short = list(&spec["names"]["shortNames"]);
        if !short.is_empty() {
            let _ = writeln!(page, "\nShort names: {short}.");
        }
        let schema = &version["schema"]["openAPIV3Schema"];
        if let Some(description) = schema["description"].as_str() {
            let _ = writeln!(page, "\n{}", cell(description));
        }
        page.push_str("\n| field | type | default | what it is |\n|---|---|---|---|\n");
        for part in ["spec", "status"] {
            if schema["properties"][part].is_object() {
                fields(page, part, &schema["properties"][part]);
            }
        }
    }
}

/// The rows of everything below `path`.
fn fields(page: &mut String, path: &str, schema: &Value) {
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let mut notes = vec![field["description"].as_str().map(cell).unwrap_or_default()];
        if required.contains(&name.as_str()) {
            notes.insert(0, "Required.".to_owned());
        }
        notes.extend(limits(field));
        notes.retain(|note| !note.is_empty());
        let default =
            field.get("default").map(|default| format!("`{}`", cell(&default.to_string()))).unwrap_or_default();
        let _ = writeln!(page, "| `{path}` | {} | {default} | {} |", type_of(field), notes.join(" "));
        fields(page, &path, field);
        fields(page, &format!("{path}[]"), &field["items"]);
        fields(page, &format!("{path}{{}}"), &field["additionalProperties"]);
    }
}

fn type_of(field: &Value) -> String {
    if field["x-kubernetes-int-or-string"] == true {
        return "integer or string".to_owned();
    }
    match field["type"].as_str() {
        Some("array") => format!("list of {}", type_of(&field["items"])),
        Some("object") if field["additionalProperties"].is_object() => {
            format!("map of {}", type_of(&field["additionalProperties"]))
        }
        Some(type_) => {
            field["format"].as_str().map_or_else(|| type_.to_owned(), |format| format!("{type_} ({format})"))
        }
        None => "any".to_owned(),
    }
}

/// What a value must be besides its type.
fn limits(field: &Value) -> Vec<String> {
    let mut limits = Vec::new();
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<String> =
            values.iter().map(|value| format!("`{}`", value.as_str().unwrap_or_default())).collect();
        limits.push(format!("One of {}.", values.join(", ")));
    }
    for (key, word) in [
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("minLength", "Shortest length:"),
        ("maxLength", "Longest length:"),
        ("minItems", "Fewest items:"),
        ("maxItems", "Most items:"),
        ("pattern", "Pattern:"),
    ] {
        match &field[key] {
            Value::Null => {}
            Value::String(text) => limits.push(format!("{word} `{}`.", text.replace('|', "\\|"))),
            number => limits.push(format!("{word} {number}.")),
        }
    }
    for rule in field["x-kubernetes-validations"].as_array().into_iter().flatten() {
        if let Some(message) = rule["message"].as_str() {
            limits.push(format!("Checked: {}.", cell(message).trim_end_matches('.')));
        }
    }
    limits
}
