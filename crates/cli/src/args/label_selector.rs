//! Label selectors as kubectl writes them: `size=medium,zone in (a,b),!old`.

use std::str::FromStr;

use serde_json::{Map, Value, json};

/// A selector in the form that manifests have.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelSelector(Value);

/// A text that is no selector.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is no label selector: {cause}; write requirements such as size=medium, zone!=a, \"zone in (a,b)\", \"zone notin (a)\", key or !key, separated by commas"
)]
pub struct InvalidSelector {
    text: String,
    cause: String,
}

impl LabelSelector {
    /// The selector as it stands in a manifest.
    pub fn manifest(&self) -> &Value {
        &self.0
    }
}

impl FromStr for LabelSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |cause: String| InvalidSelector { text: text.to_owned(), cause };
        let mut labels = Map::new();
        let mut expressions: Vec<Value> = Vec::new();
        for requirement in requirements(text) {
            match requirement_of(requirement).map_err(invalid)? {
                Requirement::Equal(key, value) => {
                    if labels.insert(key.to_owned(), value.into()).is_some() {
                        return Err(invalid(format!("{key:?} is required twice")));
                    }
                }
                Requirement::Expression(key, operator, mut values) => {
                    let mut expression = json!({"key": key, "operator": operator});
                    if !values.is_empty() {
                        values.sort_unstable();
                        values.dedup();
                        expression["values"] = values.into();
                    }
                    expressions.push(expression);
                }
            }
        }
        let mut selector = Map::new();
        if !labels.is_empty() {
            selector.insert("matchLabels".to_owned(), labels.into());
        }
        if !expressions.is_empty() {
            selector.insert("matchExpressions".to_owned(), expressions.into());
        }
        if selector.is_empty() {
            return Err(invalid("it requires nothing".to_owned()));
        }
        Ok(Self(selector.into()))
    }
}

enum Requirement<'a> {
    Equal(&'a str, &'a str),
    Expression(&'a str, &'static str, Vec<&'a str>),
}

/// Splits at commas outside of parentheses.
fn requirements(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
}

fn requirement_of(text: &str) -> Result<Requirement<'_>, String> {
    let text = text.trim();
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Requirement::Expression(checked_key(key)?, "DoesNotExist", Vec::new()));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Ok(Requirement::Expression(checked_key(key)?, "NotIn", vec![checked_value(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Requirement::Equal(checked_key(key)?, checked_value(value)?));
    }
    if let Some((head, values)) = text.split_once('(') {
        let mut words = head.split_whitespace();
        let operator = match (words.next(), words.next(), words.next()) {
            (Some(key), Some("in"), None) => (checked_key(key)?, "In"),
            (Some(key), Some("notin"), None) => (checked_key(key)?, "NotIn"),
            _ => return Err(format!("{text:?} has neither \"in\" nor \"notin\" before its values")),
        };
        let values =
            values.trim_end().strip_suffix(')').ok_or_else(|| format!("{text:?} has no closing parenthesis"))?;
        let values = values.split(',').map(checked_value).collect::<Result<Vec<_>, _>>()?;
        return Ok(Requirement::Expression(operator.0, operator.1, values));
    }
    Ok(Requirement::Expression(checked_key(text)?, "Exists", Vec::new()))
}

fn checked_key(key: &str) -> Result<&str, String> {
    let key = key.trim();
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let good_prefix = prefix.is_none_or(|prefix| {
        !prefix.is_empty()
            && prefix.len() <= 253
            && prefix.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte))
    });
    if good_prefix && !name.is_empty() && is_label_text(name) {
        Ok(key)
    } else {
        Err(format!("{key:?} is no label key"))
    }
}

fn checked_value(value: &str) -> Result<&str, String> {
    let value = value.trim();
    if is_label_text(value) { Ok(value) } else { Err(format!("{value:?} is no label value")) }
}

/// Up to 63 letters, digits and `-_.`, with a letter or digit at both ends; or nothing.
fn is_label_text(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    text.len() <= 63
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && ends.into_iter().flatten().all(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("size=medium", json!({"matchLabels": {"size": "medium"}}))]
    #[case("a==b,c=", json!({"matchLabels": {"a": "b", "c": ""}}))]
    #[case("zone in (b, a),!old", json!({"matchExpressions": [
        {"key": "zone", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]}))]
    #[case("example.com/x,zone notin (a),y!=1", json!({"matchExpressions": [
        {"key": "example.com/x", "operator": "Exists"},
        {"key": "zone", "operator": "NotIn", "values": ["a"]},
        {"key": "y", "operator": "NotIn", "values": ["1"]},
    ]}))]
    fn selectors_become_labels_and_expressions(#[case] text: &str, #[case] manifest: Value) {
        assert_eq!(text.parse::<LabelSelector>().unwrap().manifest(), &manifest);
    }

    #[rstest]
    #[case("", "\"\" is no label key")]
    #[case("a b", "\"a b\" is no label key")]
    #[case("a=b c", "no label value")]
    #[case("a in (b", "closing parenthesis")]
    #[case("a of (b)", "neither")]
    #[case("a=1,a=2", "twice")]
    fn other_texts_are_refused_with_their_cause(#[case] text: &str, #[case] cause: &str) {
        let error = text.parse::<LabelSelector>().unwrap_err().to_string();
        assert!(error.contains(cause), "{error}");
    }
}
