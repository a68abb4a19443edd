//! YAML as Kubernetes' Go programs print it: sorted keys, lists not indented, no folded lines, quotes only where they are needed.

mod scalar;

use serde_json::Value;

use scalar::{block, scalar};

/// Spaces by which what belongs to a key is indented.
const STEP: usize = 2;

/// One document, without separators.
pub fn document(value: &Value) -> anyhow::Result<String> {
    let mut text = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => object(value, 0, &mut text),
        Value::Array(items) if !items.is_empty() => array(items, 0, &mut text),
        _ => {
            text.push_str(&inline(value)?);
            text.push('\n');
        }
    }
    Ok(text)
}

fn object(value: &Value, indent: usize, text: &mut String) {
    let Value::Object(fields) = value else { return };
    let mut keys: Vec<&String> = fields.keys().collect();
    keys.sort();
    for key in keys {
        text.push_str(&" ".repeat(indent));
        text.push_str(&scalar(key));
        text.push(':');
        field(&fields[key], indent, text);
    }
}

/// What follows a key's colon.
fn field(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            text.push('\n');
            object(value, indent + STEP, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            array(items, indent, text);
        }
        other => {
            text.push(' ');
            leaf(other, indent + STEP, text);
        }
    }
}

fn array(items: &[Value], indent: usize, text: &mut String) {
    for item in items {
        text.push_str(&" ".repeat(indent));
        text.push_str("- ");
        match item {
            // The first field stands behind the dash, where its own indentation would be.
            Value::Object(fields) if !fields.is_empty() => {
                let mut nested = String::new();
                object(item, indent + STEP, &mut nested);
                text.push_str(&nested[indent + STEP..]);
            }
            Value::Array(inner) if !inner.is_empty() => {
                let mut nested = String::new();
                array(inner, indent + STEP, &mut nested);
                text.push_str(&nested[indent + STEP..]);
            }
            other => leaf(other, indent + STEP, text),
        }
    }
}

fn leaf(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::String(content) => {
            text.push_str(&block(content, indent).unwrap_or_else(|| format!("{}\n", scalar(content))));
        }
        other => {
            // Numbers, truth values, null and what is empty are the same in JSON.
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

fn inline(value: &Value) -> anyhow::Result<String> {
    Ok(match value {
        Value::String(content) => scalar(content),
        other => serde_json::to_string(other)?,
    })
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

    #[test]
    fn lists_of_lists_and_of_texts_line_up() {
        let value = json!({"a": [["b", "c"], [], "d", {"e": ["f\ng"], "h": null}, {}]});
        insta::assert_snapshot!(document(&value).unwrap(), @r"
        a:
        - - b
          - c
        - []
        - d
        - e:
          - |-
            f
            g
          h: null
        - {}
        ");
    }

    #[test]
    fn whatever_is_written_is_read_again() {
        let texts = [
            "",
            " ",
            "a ",
            " a",
            "~",
            "null",
            "Null",
            "yes",
            "No",
            "on",
            "y",
            "true",
            "=",
            "<<",
            "1",
            "-1",
            "+1",
            ".5",
            "1.5",
            "1e3",
            "0x1f",
            "0o17",
            "0b1",
            "1_000",
            "12:30",
            "2030-01-31",
            "2030-01-31T08:00:00Z",
            ".inf",
            "-.Inf",
            ".nan",
            "192.0.2.10",
            "1.36.3",
            "1.36",
            "v1",
            "a: b",
            "a:",
            ":a",
            ": a",
            "a #b",
            "#a",
            "a#b",
            "- a",
            "-a",
            "-",
            "--",
            "---",
            "...",
            "? a",
            "?",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "'a'",
            "\"a\"",
            "%a",
            "@a",
            "`a",
            "{a",
            "}a",
            "[a",
            "]a",
            ",a",
            "a,b",
            "a{b}",
            "a'b",
            "a\"b",
            "a\\b",
            "a\tb",
            "a\rb",
            "a\u{7}b",
            "\u{feff}a",
            "ä",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{a0}b",
            "a\nb",
            "a\nb\n",
            "a\n\nb\n\n",
            "\na",
            "\n",
            "\n\n",
            " a\nb",
            "\n a\nb",
            "a\n b\n",
            "a \nb",
            "a\n\tb",
            "\ta\nb",
            "# a\nb",
            "- a\nb: c\n",
            "---\na\n",
            "a\r\nb",
            "host: \"192.0.2.10\"\n",
            "/etc",
            "a/b.c/d-e_f",
            "quay.io/a@sha256:12",
        ];
        for text in texts {
            let value = json!({"key": text, "list": [text, {"inner": text}], "nested": {text: [[text]]}});
            let written = document(&value).unwrap();
            let read: Value =
                serde_saphyr::from_str(&written).unwrap_or_else(|error| panic!("{text:?}: {error}\n{written}"));
            assert_eq!(read, value, "{text:?}\n{written}");
        }
    }

    #[test]
    fn a_document_may_be_no_object() {
        assert_eq!(document(&json!([])).unwrap(), "[]\n");
        assert_eq!(document(&json!([1, "a"])).unwrap(), "- 1\n- a\n");
        assert_eq!(document(&json!("true")).unwrap(), "\"true\"\n");
    }
}
