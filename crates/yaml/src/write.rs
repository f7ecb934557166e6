//! JSON values as YAML in block style: the same value gives the same text, and the text the same value.

use serde_json::Value;

use crate::scalar_text::{is_literal, is_plain, quote};

/// Longest key that may stand before its colon (specification §7.4.2), with room for escapes.
const SIMPLE_KEY: usize = 120;

/// Writes one document, with a line break at its end. Keys keep their order; mappings and lists are in block
/// style, texts of several lines literal blocks, and a text that any reader could take for something else is
/// quoted.
pub fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => mapping(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => sequence(items, 0, &mut out),
        _ => scalar(value, 1, &mut out),
    }
    out
}

/// Writes several documents, each begun by `---`.
pub fn write_documents(values: &[Value]) -> String {
    values.iter().fold(String::new(), |mut out, value| {
        out.push_str("---\n");
        out.push_str(&write(value));
        out
    })
}

/// Writes the entries of a mapping; the cursor stands where the first key goes.
fn mapping(value: &Value, indent: usize, out: &mut String) {
    for (index, (key, item)) in value.as_object().into_iter().flatten().enumerate() {
        if index > 0 {
            pad(indent, out);
        }
        if key.chars().count() > SIMPLE_KEY {
            out.push_str("? ");
            text(key, out);
            out.push('\n');
            pad(indent, out);
        } else {
            text(key, out);
        }
        out.push(':');
        match item {
            Value::Object(map) if !map.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                mapping(item, indent + 2, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                pad(indent + 2, out);
                sequence(items, indent + 2, out);
            }
            _ => {
                out.push(' ');
                scalar(item, indent + 2, out);
            }
        }
    }
}

/// Writes the items of a list; the cursor stands where the first dash goes.
fn sequence(items: &[Value], indent: usize, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            pad(indent, out);
        }
        out.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => mapping(item, indent + 2, out),
            Value::Array(items) if !items.is_empty() => sequence(items, indent + 2, out),
            _ => scalar(item, indent + 2, out),
        }
    }
}

/// Writes a value that fits behind a key, and the line break; `indent` is for the lines of a block.
fn scalar(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::String(content) if is_literal(content) => literal(content, indent, out),
        Value::String(content) => text(content, out),
        Value::Array(_) => out.push_str("[]"),
        Value::Object(_) => out.push_str("{}"),
        other => out.push_str(&other.to_string()),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn text(content: &str, out: &mut String) {
    if is_plain(content) { out.push_str(content) } else { quote(content, out) }
}

fn literal(content: &str, indent: usize, out: &mut String) {
    let body = content.trim_end_matches('\n');
    out.push_str(match content.len() - body.len() {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in content.strip_suffix('\n').unwrap_or(content).split('\n') {
        if !line.is_empty() {
            pad(indent, out);
            out.push_str(line);
        }
        out.push('\n');
    }
}

fn pad(indent: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{write, write_documents};

    #[test]
    fn block_style_with_the_quotes_that_are_needed() {
        let value = json!({
            "apiVersion": "backstage.io/v1alpha1",
            "metadata": {"name": "x", "tags": ["a", "yes", "0123", "1_000", "null", "", "-", "a: b", "c #d", "12:30"]},
            "spec": {"steps": [{"id": "one", "input": {}}, [], [[1, 2.5], true]], "text": "one\n two\n\nthree\n",
                     "owner": "${{ parameters.owner }}", "no": null},
        });
        let text = write(&value);
        assert_eq!(
            text,
            r#"apiVersion: backstage.io/v1alpha1
metadata:
  name: x
  tags:
    - a
    - "yes"
    - "0123"
    - "1_000"
    - "null"
    - ""
    - "-"
    - "a: b"
    - "c #d"
    - "12:30"
spec:
  steps:
    - id: one
      input: {}
    - []
    - - - 1
        - 2.5
      - true
  text: |
    one
     two

    three
  owner: ${{ parameters.owner }}
  "no": null
"#
        );
        assert_eq!(write_documents(&[json!({"a": 1}), json!([])]), "---\na: 1\n---\n[]\n");
    }
}
