//! `--toleration key=…,value=…,operator=…,effect=…,tolerationSeconds=…`.
//!
//! Names and fixed values are read in any case, as HyperShift does; keys and values of the toleration itself keep theirs.

use std::str::FromStr;

use serde_json::{Map, Value};

/// One toleration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toleration(Map<String, Value>);

/// A text that is no toleration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is no toleration: {cause}; write key=KEY,value=VALUE,operator=Equal|Exists,effect=NoSchedule|PreferNoSchedule|NoExecute,tolerationSeconds=SECONDS, leaving out what is not needed"
)]
pub struct InvalidToleration {
    text: String,
    cause: String,
}

impl Toleration {
    /// The toleration as it stands in a manifest.
    pub fn manifest(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

impl FromStr for Toleration {
    type Err = InvalidToleration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |cause: String| InvalidToleration { text: text.to_owned(), cause };
        let mut fields = Map::new();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| invalid(format!("{part:?} has no '='")))?;
            let (name, value) = match name.trim().to_ascii_lowercase().as_str() {
                "key" => ("key", Value::from(value)),
                "value" => ("value", Value::from(value)),
                "operator" => ("operator", one_of(value, &["Equal", "Exists"]).map_err(invalid)?),
                "effect" => {
                    ("effect", one_of(value, &["NoSchedule", "PreferNoSchedule", "NoExecute"]).map_err(invalid)?)
                }
                "tolerationseconds" => {
                    let seconds: i64 =
                        value.parse().map_err(|_| invalid(format!("{value:?} is no number of seconds")))?;
                    ("tolerationSeconds", Value::from(seconds))
                }
                _ => return Err(invalid(format!("{name:?} is no field of it"))),
            };
            fields.insert(name.to_owned(), value);
        }
        Ok(Self(fields))
    }
}

fn one_of(value: &str, allowed: &[&str]) -> Result<Value, String> {
    allowed
        .iter()
        .find(|allowed| allowed.eq_ignore_ascii_case(value))
        .map(|allowed| Value::from(*allowed))
        .ok_or_else(|| format!("{value:?} is none of {}", allowed.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fixed_values_are_read_in_any_case() {
        let toleration: Toleration = "Key=key1,value=Value1,effect=noschedule,tolerationSeconds=5".parse().unwrap();
        assert_eq!(
            toleration.manifest(),
            json!({"key": "key1", "value": "Value1", "effect": "NoSchedule", "tolerationSeconds": 5})
        );
    }

    #[test]
    fn a_wrong_effect_is_named_with_the_right_ones() {
        let error = "key=a,effect=never".parse::<Toleration>().unwrap_err().to_string();
        assert!(error.contains("\"never\" is none of NoSchedule"), "{error}");
    }
}
