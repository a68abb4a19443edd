//! Schemas of fields whose Rust type says less than the API does.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rules;

/// Characters of a Kubernetes quantity.
const QUANTITY: &str = r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$";

/// A Kubernetes quantity, written as a string or as a whole number; kept as a string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StringOrInteger", into = "String")]
pub struct Quantity(pub String);

impl From<&str> for Quantity {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.0
    }
}

impl std::fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum StringOrInteger {
    String(String),
    Integer(i64),
}

impl From<StringOrInteger> for Quantity {
    fn from(value: StringOrInteger) -> Self {
        match value {
            StringOrInteger::String(text) => Self(text),
            StringOrInteger::Integer(number) => Self(number.to_string()),
        }
    }
}

impl JsonSchema for Quantity {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"x-kubernetes-int-or-string": true, "pattern": QUANTITY})
    }
}

/// Conditions as Kubernetes defines them, one of a type.
pub fn conditions(generator: &mut SchemaGenerator) -> Schema {
    at_most(100, any_number_of_conditions(generator))
}

/// Conditions of a component.
pub fn ten_conditions(generator: &mut SchemaGenerator) -> Schema {
    at_most(10, any_number_of_conditions(generator))
}

/// Conditions where there must be one.
pub fn one_to_ten_conditions(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = ten_conditions(generator);
    schema.insert("minItems".to_owned(), json!(1));
    schema
}

fn at_most(most: u32, mut schema: Schema) -> Schema {
    schema.insert("maxItems".to_owned(), json!(most));
    schema
}

/// A whole number of no said size.
pub fn integer(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer"})
}

/// [`conditions`] without a limit.
pub fn any_number_of_conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "type": {
                    "type": "string",
                    "maxLength": 316,
                    "pattern": r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$",
                    "description": "Which condition."
                },
                "status": {"type": "string", "enum": ["True", "False", "Unknown"], "description": "Whether it holds."},
                "reason": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 1024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word."
                },
                "message": {"type": "string", "maxLength": 32768, "description": "Why, and what to do next, for people."},
                "lastTransitionTime": {"type": "string", "format": "date-time", "description": "When the status changed."},
                "observedGeneration": {
                    "type": "integer",
                    "format": "int64",
                    "minimum": 0,
                    "description": "Generation of the spec that it speaks of."
                }
            }
        }
    })
}

/// A whole number of things.
pub fn count(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "integer", "minimum": 0})
}

/// A PersistentVolumeClaim's spec, as Kubernetes defines it.
pub fn volume_claim(generator: &mut SchemaGenerator) -> Schema {
    let quantities = json!({"type": "object", "additionalProperties": Quantity::json_schema(generator)});
    let source = |more: Value| {
        let mut source = json!({
            "type": "object",
            "required": ["kind", "name"],
            "properties": {"apiGroup": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"}}
        });
        if let (Some(source), Some(more)) = (source["properties"].as_object_mut(), more.as_object()) {
            source.extend(more.clone());
        }
        source
    };
    let mut local = source(json!({}));
    local["x-kubernetes-map-type"] = json!("atomic");
    json_schema!({
        "type": "object",
        "properties": {
            "accessModes": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"},
            "dataSource": local,
            "dataSourceRef": source(json!({"namespace": {"type": "string"}})),
            "resources": {"type": "object", "properties": {"limits": quantities, "requests": quantities}},
            "selector": label_selector(generator),
            "storageClassName": {"type": "string"},
            "volumeAttributesClassName": {"type": "string"},
            "volumeMode": {"type": "string"},
            "volumeName": {"type": "string"}
        }
    })
}

/// A set of networks in CIDR notation.
pub fn cidr_set(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 500,
        "x-kubernetes-list-type": "set",
        "items": {"type": "string", "maxLength": 43, "x-kubernetes-validations": [rule(&rules::cidr())]}
    })
}

/// At most one address of a snapshot.
pub fn snapshot_addresses(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 1,
        "x-kubernetes-list-type": "set",
        "items": {"type": "string", "maxLength": 1024}
    })
}

/// An object of any shape that the API server keeps whole.
pub fn open_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

/// A selector by labels, as Kubernetes defines it; replaced as a whole.
pub fn label_selector(_: &mut SchemaGenerator) -> Schema {
    let strings = json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "atomic"});
    json_schema!({
        "type": "object",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Labels that must be there with these values."},
            "matchExpressions": {
                "type": "array",
                "x-kubernetes-list-type": "atomic",
                "description": "Requirements, all of which must hold.",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": {"type": "string", "description": "Label."},
                        "operator": {"type": "string", "description": "In, NotIn, Exists or DoesNotExist."},
                        "values": strings
                    }
                }
            }
        }
    })
}

/// A rule as the schema holds it.
pub(crate) fn rule(rule: &kube::core::Rule) -> Value {
    serde_json::to_value(rule).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn quantities_are_strings_or_whole_numbers() {
        let quantities: Vec<Quantity> = serde_json::from_str(r#"["8Gi", 8589934592]"#).unwrap();
        assert_eq!(quantities, [Quantity::from("8Gi"), Quantity::from("8589934592")]);
        assert_eq!(serde_json::to_string(&quantities).unwrap(), r#"["8Gi","8589934592"]"#);
    }
}
