//! KubeletConfig: fields of kubelet's own configuration.

use serde_json::{Value, json};

use super::PoolConfiguration;
use super::documents::{Document, Faults, is_nothing};
use super::guarded_paths::guard;
use super::kubelet_fields::{FIELDS, Holds, OWNED};
use super::quantity::{is_duration, is_quantity, is_threshold};
use crate::kubelet::merge;

pub(super) fn read(document: &Document, configuration: &mut PoolConfiguration, faults: &mut Faults<'_>) {
    let Some(spec) = document.spec(faults) else { return };
    for (key, value) in spec {
        match (key.as_str(), value) {
            ("kubeletConfig", Value::Object(fields)) => {
                for (name, value) in fields {
                    check(name, value, faults);
                }
                let mut fields = fields.clone();
                fields.retain(|name, value| !value.is_null() && name != "apiVersion" && name != "kind");
                merge(&mut configuration.kubelet, &fields);
            }
            // Which pools: this one names it.
            ("machineConfigPoolSelector", _) => {}
            (_, value) if is_nothing(value) => {}
            ("logLevel", Value::Number(level)) if level.as_u64().is_some_and(|level| level <= 10) => {
                merge(&mut configuration.kubelet, &fields_of(json!({"logging": {"verbosity": level}})));
            }
            ("logLevel", _) => faults.add(format!("spec.logLevel is {value}: expected a number from 1 to 10")),
            ("tlsSecurityProfile", _) => faults.add(
                "spec.tlsSecurityProfile is not served: set tlsMinVersion and tlsCipherSuites in spec.kubeletConfig",
            ),
            ("autoSizingReserved", _) => faults.add(
                "spec.autoSizingReserved is not served: set systemReserved in spec.kubeletConfig to what the hosts need",
            ),
            _ => faults.add(format!("spec.{key} is not known: expected an object spec.kubeletConfig")),
        }
    }
}

fn fields_of(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => serde_json::Map::new(),
    }
}

fn check(name: &str, value: &Value, faults: &mut Faults<'_>) {
    let path = format!("spec.kubeletConfig.{name}");
    match (name, value.as_str()) {
        ("apiVersion", Some("kubelet.config.k8s.io/v1beta1")) | ("kind", Some("KubeletConfiguration")) => return,
        ("apiVersion" | "kind", _) => {
            return faults
                .add(format!("{path} is {value}: expected KubeletConfiguration of kubelet.config.k8s.io/v1beta1"));
        }
        ("staticPodPath" | "resolvConf", Some(text)) if !text.is_empty() => {
            if let Err(fault) = guard(text) {
                faults.add(format!("{path}: {fault}"));
            }
        }
        _ => {}
    }
    if let Some((_, why)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return faults.add(format!("{path} is not yours to set: {why}; remove it"));
    }
    match FIELDS.iter().find(|(known, _)| *known == name) {
        Some((_, holds)) => fits(&path, *holds, value, faults),
        None => faults.add(format!("{path} is no field of KubeletConfiguration; remove it, or correct its name")),
    }
}

fn fits(path: &str, holds: Holds, value: &Value, faults: &mut Faults<'_>) {
    let is_text = |test: fn(&str) -> bool| value.as_str().is_some_and(test);
    let are_texts = |test: fn(&str) -> bool| {
        value.as_object().is_some_and(|map| map.values().all(|value| value.as_str().is_some_and(test)))
    };
    let (is_right, expected) = match holds {
        _ if value.is_null() => return,
        Holds::Any => return,
        Holds::Bool => (value.is_boolean(), "true or false".to_owned()),
        Holds::Integer => (value.is_i64(), "a whole number".to_owned()),
        Holds::Number => (value.is_number(), "a number".to_owned()),
        Holds::Text => (value.is_string(), "text".to_owned()),
        Holds::Duration => (is_text(is_duration), "a duration, such as 30s".to_owned()),
        Holds::Quantity => (is_text(is_quantity), "a quantity, such as 10Mi".to_owned()),
        Holds::Texts => (is_list(value, Value::is_string), "a list of texts".to_owned()),
        Holds::Integers => (is_list(value, Value::is_i64), "a list of whole numbers".to_owned()),
        Holds::Map => (are_texts(|_| true), "keys with texts".to_owned()),
        Holds::Quantities => {
            (are_texts(is_quantity), "keys with quantities in quotes, such as cpu: \"500m\"".to_owned())
        }
        Holds::Thresholds => (are_texts(is_threshold), "keys with quantities or percentages, such as 5%".to_owned()),
        Holds::Durations => (are_texts(is_duration), "keys with durations, such as 30s".to_owned()),
        Holds::OneOf(texts) => {
            (value.as_str().is_some_and(|text| texts.contains(&text)), format!("one of {}", texts.join(", ")))
        }
        Holds::Object(fields) => {
            let Some(object) = value.as_object() else {
                return faults.add(format!("{path} is {value}: expected an object"));
            };
            for (name, value) in object {
                inner(path, name, fields, value, faults);
            }
            return;
        }
        Holds::Objects(fields) => {
            let Some(items) = value.as_array() else {
                return faults.add(format!("{path} is {value}: expected a list"));
            };
            for (index, item) in items.iter().enumerate() {
                fits(&format!("{path}[{index}]"), Holds::Object(fields), item, faults);
            }
            return;
        }
    };
    if !is_right {
        faults.add(format!("{path} is {value}: expected {expected}"));
    }
}

fn inner(path: &str, name: &str, fields: &[(&str, Holds)], value: &Value, faults: &mut Faults<'_>) {
    if let Some((_, holds)) = fields.iter().find(|(known, _)| *known == name) {
        return fits(&format!("{path}.{name}"), *holds, value, faults);
    }
    let known: Vec<&str> = fields.iter().map(|(known, _)| *known).collect();
    faults.add(format!("{path}.{name} is not known: expected {}", known.join(", ")));
}

fn is_list(value: &Value, test: fn(&Value) -> bool) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(test))
}
