//! YAML as Kubernetes' Go programs print it: sorted keys, lists not indented, no folded lines.

use serde_json::Value;

/// One document, without separators.
pub fn document(value: &Value) -> anyhow::Result<String> {
    // Texts with line ends become literal blocks; no text is folded, however long.
    let options = serde_saphyr::ser_options! { prefer_block_scalars: true, folded_wrap_chars: usize::MAX };
    Ok(serde_saphyr::to_string_with_options(&sorted(value), options)?)
}

/// The same value with every object's keys in byte order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            Value::Object(keys.into_iter().map(|key| (key.clone(), sorted(&fields[key]))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_look_like_other_types_are_quoted() {
        let value = json!({
            "b": {"empty": "", "truth": "true", "number": "10", "cidr": "10.132.0.0/14", "time": "0s", "zero": 0, "none": {}, "items": [{"b": 1, "a": []}]},
            "lines": "one\ntwo\n",
            "long": "x".repeat(100),
            "a": "plain",
        });
        insta::assert_snapshot!(document(&value).unwrap(), @r#"
        a: plain
        b:
          cidr: 10.132.0.0/14
          empty: ""
          items:
          - a: []
            b: 1
          none: {}
          number: "10"
          time: 0s
          truth: "true"
          zero: 0
        lines: |
          one
          two
        long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        "#);
    }
}
