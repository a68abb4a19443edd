//! From Rust types to CustomResourceDefinitions: what schemars and kube leave to be said.
//!
//! schemars describes JSON as serde reads it; an API server wants a little more (list types, both forms of a quantity) and
//! a little less (an absent field is absent, never null). Types say what is special about a field by a marker, which
//! `definition` turns into the schema and removes:
//!
//! | marker | meaning |
//! |---|---|
//! | `x-hoist-nullable` | null is a value of its own and is kept |
//! | `x-hoist-undefaulted` | serde's default is for readers alone; the API server writes none |
//! | `x-hoist-required` | required although the API server has a default for it |

pub mod parts;
pub mod rules;

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceDefinition, JSONSchemaProps};
use kube::CustomResourceExt;
use kube::core::schema::{OptionalEnum, OptionalIntOrString, StructuralSchemaRewriter};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use schemars::transform::AddNullable;
use serde_json::{Map, Value, json};

/// The definition of kind `K` as it is installed.
pub(crate) fn definition<K: CustomResourceExt + JsonSchema>() -> CustomResourceDefinition {
    let mut definition = K::crd();
    let names = &mut definition.spec.names;
    names.list_kind = Some(format!("{}List", names.kind));
    let mut schema = described::<K>();
    if let Some(root) = schema.as_object_mut() {
        finish(root);
        add_type_and_metadata(root);
    }
    let schema = serde_json::from_value(schema).ok();
    for validation in definition.spec.versions.iter_mut().filter_map(|version| version.schema.as_mut()) {
        validation.open_api_v3_schema.clone_from(&schema);
    }
    definition
}

/// A definition whose objects have an empty `status` although it is no subresource.
pub(crate) fn with_empty_status(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for properties in properties(&mut definition) {
        properties.insert("status".to_owned(), object());
    }
    definition
}

/// A definition with a status subresource and no field for it.
pub(crate) fn without_status(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for properties in properties(&mut definition) {
        properties.remove("status");
    }
    definition
}

/// A definition whose objects must have a spec.
pub(crate) fn with_required_spec(mut definition: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut definition.spec.versions {
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            schema.required = Some(vec!["spec".to_owned()]);
        }
    }
    definition
}

fn object() -> JSONSchemaProps {
    JSONSchemaProps { type_: Some("object".to_owned()), ..JSONSchemaProps::default() }
}

fn properties(
    definition: &mut CustomResourceDefinition,
) -> impl Iterator<Item = &mut BTreeMap<String, JSONSchemaProps>> {
    definition
        .spec
        .versions
        .iter_mut()
        .filter_map(|version| version.schema.as_mut()?.open_api_v3_schema.as_mut()?.properties.as_mut())
}

/// The schema as kube makes it, markers included: its own way through `JSONSchemaProps` would lose them.
fn described<K: JsonSchema>() -> Value {
    let generator = SchemaSettings::openapi3()
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .with_transform(AddNullable::default())
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .with_transform(OptionalIntOrString)
        .into_generator();
    generator.into_root_schema_for::<K>().to_value()
}

/// What every object has and no Rust type of ours names.
fn add_type_and_metadata(root: &mut Map<String, Value>) {
    root.remove("required");
    root.remove("title");
    // kube's own words say nothing; those of the spec say what the kind is for.
    if let Some(words) = root.get("properties").and_then(|properties| properties.pointer("/spec/description")).cloned()
    {
        root.insert("description".to_owned(), words);
    }
    let Some(properties) = root.get_mut("properties").and_then(Value::as_object_mut) else { return };
    let own = std::mem::take(properties);
    properties
        .insert("apiVersion".to_owned(), json!({"type": "string", "description": "Group and version of the kind."}));
    properties.insert("kind".to_owned(), json!({"type": "string", "description": "The kind."}));
    properties.insert("metadata".to_owned(), json!({"type": "object"}));
    properties.extend(own);
}

fn finish(schema: &mut Map<String, Value>) {
    let nullable = schema.remove("x-hoist-nullable").is_some();
    schema.remove("nullable");
    if nullable {
        schema.insert("nullable".to_owned(), Value::Bool(true));
    }
    if schema.remove("x-hoist-undefaulted").is_some() || schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    if schema.contains_key("x-kubernetes-int-or-string") {
        schema.remove("type");
        schema.remove("format");
        schema.insert("anyOf".to_owned(), json!([{"type": "integer"}, {"type": "string"}]));
    }
    // schemars' names of sizes that Kubernetes has no format for.
    if schema.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
        schema.remove("format");
    }
    let mut required = Vec::new();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties {
            let Some(property) = property.as_object_mut() else { continue };
            if property.remove("x-hoist-required").is_some() {
                required.push(Value::String(name.clone()));
            }
            finish(property);
        }
    }
    if !required.is_empty() {
        let all = schema.entry("required").or_insert_with(|| json!([]));
        if let Some(all) = all.as_array_mut() {
            required.retain(|name| !all.contains(name));
            all.extend(required);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get_mut(key).and_then(Value::as_object_mut) {
            finish(inner);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::finish;

    #[test]
    fn markers_become_schema_and_vanish() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "kept": {"type": "string", "nullable": true, "x-hoist-nullable": true},
                "optional": {"type": "string", "enum": ["a", null], "nullable": true},
                "quiet": {"type": "boolean", "default": false, "x-hoist-undefaulted": true},
                "needed": {"type": "string", "default": "x", "x-hoist-required": true},
                "size": {"type": "string", "x-kubernetes-int-or-string": true}
            }
        });
        finish(schema.as_object_mut().unwrap());
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "required": ["needed"],
                "properties": {
                    "kept": {"type": "string", "nullable": true},
                    "optional": {"type": "string", "enum": ["a"]},
                    "quiet": {"type": "boolean"},
                    "needed": {"type": "string", "default": "x"},
                    "size": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}
                }
            })
        );
    }
}
