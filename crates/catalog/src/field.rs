//! The fields of an entity by the dotted paths of Backstage's filters.

use serde_json::Value;

/// Longer paths are no fields.
const PATH: usize = 200;
/// Longer values exist, and equal nothing.
const VALUE: usize = 200;
/// Deeper values are passed over.
const DEPTH: usize = 64;

/// Calls `visit` with the lower-case path and the value of each field of an entity as it is handed out. A list's
/// items have its path, and a text in a list also makes a path of its own with the value `true`
/// (`metadata.tags.java`). `None` stands for a value that exists and equals nothing. `relations.<type>` gives
/// target references. The same path and value may come twice.
pub(crate) fn visit(entity: &Value, visit: &mut dyn FnMut(&str, Option<&str>)) {
    let Value::Object(entity) = entity else { return };
    let mut walk = Walk { path: String::with_capacity(PATH), visit };
    for (key, value) in entity {
        match key.as_str() {
            "relations" => walk.relations(value),
            "status" | "attachments" => {}
            "metadata" => {
                let Value::Object(metadata) = value else { continue };
                walk.path.push_str("metadata");
                for (key, value) in metadata {
                    if key != "etag" {
                        walk.step(key, value, 1);
                    }
                }
                walk.path.clear();
            }
            _ => walk.step(key, value, 0),
        }
    }
}

struct Walk<'a> {
    path: String,
    visit: &'a mut dyn FnMut(&str, Option<&str>),
}

impl Walk<'_> {
    fn step(&mut self, key: &str, value: &Value, depth: usize) {
        let before = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        push_lower(&mut self.path, key);
        self.value(value, depth + 1);
        self.path.truncate(before);
    }

    fn value(&mut self, value: &Value, depth: usize) {
        match value {
            _ if depth > DEPTH => {}
            Value::Array(items) => {
                for item in items {
                    self.value(item, depth + 1);
                    if let Value::String(text) = item {
                        let before = self.path.len();
                        self.path.push('.');
                        push_lower(&mut self.path, text);
                        self.emit(Some("true"));
                        self.path.truncate(before);
                    }
                }
            }
            Value::Object(map) => {
                for (key, value) in map {
                    self.step(key, value, depth);
                }
            }
            Value::Null => self.emit(None),
            Value::String(text) => self.emit(Some(text)),
            other => self.emit(Some(&primitive_text(other))),
        }
    }

    fn relations(&mut self, value: &Value) {
        for edge in value.as_array().into_iter().flatten() {
            let text = |key: &str| edge.get(key).and_then(Value::as_str);
            if let (Some(relation_type), Some(target)) = (text("type"), text("targetRef")) {
                self.path.push_str("relations.");
                push_lower(&mut self.path, relation_type);
                self.emit(Some(target));
                self.path.clear();
            }
        }
    }

    fn emit(&mut self, value: Option<&str>) {
        if !is_longer(&self.path, PATH) {
            (self.visit)(&self.path, value.filter(|value| !is_longer(value, VALUE)));
        }
    }
}

/// Whether a text is longer than Backstage's limit, which counts UTF-16.
fn is_longer(text: &str, limit: usize) -> bool {
    text.len() > limit && text.encode_utf16().count() > limit
}

fn push_lower(path: &mut String, text: &str) {
    if text.is_ascii() {
        path.extend(text.chars().map(|character| character.to_ascii_lowercase()));
    } else {
        path.push_str(&text.to_lowercase());
    }
}

/// A number or truth value as JavaScript writes it.
pub(crate) fn primitive_text(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => {
                format!("{float:.0}")
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::visit;

    #[test]
    fn fields_are_those_of_backstages_search_table() {
        let entity = json!({
            "apiVersion": "v1", "kind": "Component",
            "metadata": {"name": "A", "etag": "e", "tags": ["Java"], "annotations": {"a.b/C": "X"}, "description": "y".repeat(201)},
            "spec": {"n": [1.0, true, null], "deep": {"list": [{"k": "v"}]}, "empty": [], ("k".repeat(200)): "too long"},
            "relations": [{"type": "ownedBy", "targetRef": "group:default/g"}],
            "status": {"items": []},
        });
        let mut found = Vec::new();
        visit(&entity, &mut |path, value| found.push(format!("{path}={}", value.unwrap_or("∅"))));
        assert_eq!(
            found,
            [
                "apiversion=v1",
                "kind=Component",
                "metadata.name=A",
                "metadata.tags=Java",
                "metadata.tags.java=true",
                "metadata.annotations.a.b/c=X",
                "metadata.description=∅",
                "spec.n=1",
                "spec.n=true",
                "spec.n=∅",
                "spec.deep.list.k=v",
                "relations.ownedby=group:default/g",
            ]
        );
    }
}
