//! Defaults: what an answer is when nobody gave one.

use serde_json::{Map, Value};

use crate::schema;
use crate::template::Template;

/// A default may reveal a field that has a default; this many times in a row.
const ROUNDS: usize = 12;

/// The values with the defaults of every visible field filled in, and without nulls at the top.
pub(crate) fn fill(template: &Template, values: &Value) -> Value {
    let mut filled: Map<String, Value> = values.as_object().cloned().unwrap_or_default();
    filled.retain(|_, value| !value.is_null());
    let mut filled = Value::Object(filled);
    for _ in 0..ROUNDS {
        let mut changed = false;
        for page in &template.steps {
            let resolved = schema::resolve(&page.schema, &filled);
            if let Value::Object(fields) = &mut filled {
                changed |= fill_object(&resolved, fields, 0);
            }
        }
        if !changed {
            break;
        }
    }
    filled
}

fn fill_object(schema: &Map<String, Value>, values: &mut Map<String, Value>, depth: usize) -> bool {
    let mut changed = false;
    if let (Some(Value::Object(defaults)), 1..) = (schema.get("default"), depth) {
        for (name, value) in defaults {
            if !values.contains_key(name) {
                values.insert(name.clone(), value.clone());
                changed = true;
            }
        }
    }
    for (name, property) in schema::properties(schema) {
        if schema::type_of(property) == "object" && property.contains_key("properties") && depth < 16 {
            match values.get_mut(name) {
                Some(Value::Object(inner)) => changed |= fill_object(property, inner, depth + 1),
                Some(_) => {}
                None => {
                    let mut inner = Map::new();
                    if fill_object(property, &mut inner, depth + 1) {
                        values.insert(name.to_owned(), Value::Object(inner));
                        changed = true;
                    }
                }
            }
        } else if !values.contains_key(name)
            && let Some(default) = property.get("default").or_else(|| property.get("const"))
            && !default.is_null()
        {
            values.insert(name.to_owned(), default.clone());
            changed = true;
        }
    }
    changed
}
