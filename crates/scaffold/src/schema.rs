//! JSON schemas of forms, resolved for given values: what depends on an answer is merged in or left out.
//!
//! The conventions are those of react-jsonschema-form, which Backstage's forms are written for: `dependencies`
//! with `oneOf`, `if`/`then`/`else`, `allOf`, `$ref` into `definitions`.

use std::cell::Cell;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value};

/// How deep schemas are followed.
const DEPTH: usize = 24;

/// How many schema nodes one resolution visits; a reference bomb ends here.
const NODES: usize = 2_000;

/// Compiles a schema as draft 7 with formats checked. Nothing is fetched.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .with_draft(Draft::Draft7)
        .should_validate_formats(true)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// The schema of a page as an object schema without conditions, for these values.
pub(crate) fn resolve(page: &Value, values: &Value) -> Map<String, Value> {
    Resolver { root: page, left: Cell::new(NODES) }.object(page, values, 0)
}

/// The schema's properties, in the order that `ui:order` asks for.
pub(crate) fn properties(schema: &Map<String, Value>) -> Vec<(&str, &Map<String, Value>)> {
    let all: Vec<(&str, &Map<String, Value>)> = schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, property)| Some((name.as_str(), property.as_object()?)))
        .collect();
    let Some(order) = schema.get("ui:order").and_then(Value::as_array) else { return all };
    let order: Vec<&str> = order.iter().filter_map(Value::as_str).collect();
    let rest = all.iter().filter(|(name, _)| !order.contains(name));
    let mut sorted = Vec::with_capacity(all.len());
    let mut rest_placed = false;
    for wanted in &order {
        if *wanted == "*" {
            sorted.extend(rest.clone());
            rest_placed = true;
        } else {
            sorted.extend(all.iter().find(|(name, _)| name == wanted));
        }
    }
    if !rest_placed {
        sorted.extend(rest);
    }
    sorted
}

/// Whether the schema requires the property.
pub(crate) fn requires(schema: &Map<String, Value>, name: &str) -> bool {
    schema
        .get("required")
        .and_then(Value::as_array)
        .is_some_and(|required| required.iter().any(|item| item.as_str() == Some(name)))
}

/// The schema's type; `["string", "null"]` counts as its first that is not null. Guessed where it is missing.
pub(crate) fn type_of(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("string")
        }
        _ if schema.contains_key("properties") => "object",
        _ if schema.contains_key("items") => "array",
        _ => match schema.get("default").or_else(|| schema.get("const")) {
            Some(Value::Bool(_)) => "boolean",
            Some(Value::Number(_)) => "number",
            Some(Value::Array(_)) => "array",
            Some(Value::Object(_)) => "object",
            _ => "string",
        },
    }
}

/// The names of all properties that a page can ever ask for, and whether it takes others too.
pub(crate) fn declared(page: &Value) -> (Vec<String>, bool) {
    let mut names = Vec::new();
    collect(page, 0, &mut names);
    let open = matches!(page.get("additionalProperties"), Some(Value::Bool(true) | Value::Object(_)))
        || contains_reference(page, 0);
    (names, open)
}

/// The names of properties whose values decide which fields there are.
pub(crate) fn deciders(page: &Value) -> Vec<String> {
    let mut names = Vec::new();
    for key in ["dependencies", "dependentSchemas", "dependentRequired"] {
        names
            .extend(page.get(key).and_then(Value::as_object).into_iter().flat_map(|map| map.keys().cloned()));
    }
    if let Some(condition) = page.get("if") {
        collect(condition, 0, &mut names);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        for branch in page.get(key).and_then(Value::as_array).into_iter().flatten() {
            if key == "allOf" {
                names.extend(deciders(branch));
            } else if let Some(discriminator) = discriminator(page.get(key).and_then(Value::as_array)) {
                names.push(discriminator);
            }
        }
    }
    for property in page.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values) {
        names.extend(deciders(property));
    }
    names.extend(
        ["dependencies", "dependentSchemas"]
            .into_iter()
            .filter_map(|key| page.get(key).and_then(Value::as_object))
            .flat_map(Map::values)
            .flat_map(|schema| {
                schema.get("oneOf").and_then(Value::as_array).into_iter().flatten().chain([schema])
            })
            .flat_map(deciders),
    );
    names
}

fn collect(schema: &Value, depth: usize, names: &mut Vec<String>) {
    if depth > DEPTH || names.len() > NODES {
        return;
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        names.extend(properties.keys().cloned());
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        for branch in schema.get(key).and_then(Value::as_array).into_iter().flatten() {
            collect(branch, depth + 1, names);
        }
    }
    for key in ["then", "else"] {
        if let Some(branch) = schema.get(key) {
            collect(branch, depth + 1, names);
        }
    }
    for key in ["dependencies", "dependentSchemas"] {
        for branch in schema.get(key).and_then(Value::as_object).into_iter().flat_map(Map::values) {
            collect(branch, depth + 1, names);
        }
    }
}

fn contains_reference(schema: &Value, depth: usize) -> bool {
    depth <= DEPTH
        && match schema {
            Value::Object(fields) => {
                fields.contains_key("$ref")
                    || fields.values().any(|field| contains_reference(field, depth + 1))
            }
            Value::Array(items) => items.iter().any(|item| contains_reference(item, depth + 1)),
            _ => false,
        }
}

/// The property that every branch pins to a constant of its own, when there is one.
fn discriminator(branches: Option<&Vec<Value>>) -> Option<String> {
    let branches = branches?;
    let first = branches.first()?.get("properties")?.as_object()?;
    first.keys().find(|name| branches.iter().all(|branch| constant(branch, name).is_some())).cloned()
}

fn constant(branch: &Value, name: &str) -> Option<Value> {
    let property = branch.get("properties")?.get(name)?;
    property.get("const").cloned().or_else(|| match property.get("enum")?.as_array()?.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    })
}

struct Resolver<'a> {
    root: &'a Value,
    left: Cell<usize>,
}

impl Resolver<'_> {
    fn object(&self, schema: &Value, values: &Value, depth: usize) -> Map<String, Value> {
        let mut result = self.dereference(schema, depth);
        if depth > DEPTH || self.left.get() == 0 {
            return result;
        }
        self.left.set(self.left.get() - 1);
        for part in list(result.shift_remove("allOf")) {
            merge(&mut result, self.object(&part, values, depth + 1));
        }
        self.condition(&mut result, values, depth);
        // What one dependency brings may be what another depends on, so they are looked at in turn.
        for key in ["dependencies", "dependentSchemas", "dependentRequired"] {
            if let Some(Value::Object(dependencies)) = result.shift_remove(key) {
                for (name, dependency) in dependencies {
                    if values.get(&name).is_some_and(|value| !value.is_null()) {
                        self.dependency(&mut result, &name, dependency, values, depth);
                    }
                }
            }
        }
        for key in ["oneOf", "anyOf"] {
            self.alternative(&mut result, key, values, depth);
        }
        if let Some(Value::Object(properties)) = result.get_mut("properties") {
            for (name, property) in properties.iter_mut() {
                let inner = values.get(name).unwrap_or(&Value::Null);
                let resolved = self.property(property, inner, depth + 1);
                *property = resolved;
            }
        }
        result
    }

    fn property(&self, schema: &Value, value: &Value, depth: usize) -> Value {
        let plain = self.dereference(schema, depth);
        if type_of(&plain) == "object" && depth <= DEPTH {
            return Value::Object(self.object(&Value::Object(plain), value, depth));
        }
        Value::Object(plain)
    }

    fn condition(&self, result: &mut Map<String, Value>, values: &Value, depth: usize) {
        let (condition, then, otherwise) =
            (result.shift_remove("if"), result.shift_remove("then"), result.shift_remove("else"));
        let Some(condition) = condition else { return };
        let branch = if self.matches(&condition, values) { then } else { otherwise };
        if let Some(branch) = branch {
            merge(result, self.object(&branch, values, depth + 1));
        }
    }

    fn dependency(
        &self,
        result: &mut Map<String, Value>,
        name: &str,
        dependency: Value,
        values: &Value,
        depth: usize,
    ) {
        match dependency {
            required @ Value::Array(_) => {
                merge(result, std::iter::once(("required".to_owned(), required)).collect());
            }
            Value::Object(mut schema) => {
                let branches = list(schema.shift_remove("oneOf"));
                merge(result, self.object(&Value::Object(schema), values, depth + 1));
                let chosen = branches.into_iter().find(|branch| {
                    let condition = branch.get("properties").and_then(|all| all.get(name));
                    condition.is_none_or(|condition| {
                        values.get(name).is_some_and(|value| self.matches(condition, value))
                    })
                });
                if let Some(mut branch) = chosen {
                    // The branch's own condition says when it holds; it must not replace the question.
                    if let Some(Value::Object(properties)) = branch.get_mut("properties") {
                        properties.shift_remove(name);
                    }
                    merge(result, self.object(&branch, values, depth + 1));
                }
            }
            _ => {}
        }
    }

    fn alternative(&self, result: &mut Map<String, Value>, key: &str, values: &Value, depth: usize) {
        let branches = list(result.get(key).cloned());
        if !branches.iter().any(|branch| branch.get("properties").is_some()) {
            return;
        }
        result.shift_remove(key);
        let name = discriminator(Some(&branches));
        let chosen = match &name {
            Some(name) => {
                let options: Vec<Value> =
                    branches.iter().filter_map(|branch| constant(branch, name)).collect();
                let asked = values
                    .get(name)
                    .and_then(|value| options.iter().position(|option| option == value))
                    .unwrap_or(0);
                let labels: Vec<Value> = branches
                    .iter()
                    .zip(&options)
                    .map(|(branch, option)| branch.get("title").unwrap_or(option).clone())
                    .collect();
                let mut question = Map::new();
                question.insert("default".to_owned(), options.first().cloned().unwrap_or_default());
                question.insert("enum".to_owned(), Value::Array(options));
                question.insert("enumNames".to_owned(), Value::Array(labels));
                let properties = std::iter::once((name.clone(), Value::Object(question))).collect();
                merge(
                    result,
                    std::iter::once(("properties".to_owned(), Value::Object(properties))).collect(),
                );
                asked
            }
            None => branches.iter().position(|branch| self.matches(branch, values)).unwrap_or(0),
        };
        if let Some(mut branch) = branches.into_iter().nth(chosen) {
            if let (Some(name), Some(Value::Object(properties))) = (&name, branch.get_mut("properties")) {
                properties.shift_remove(name);
            }
            let mut resolved = self.object(&branch, values, depth + 1);
            resolved.shift_remove("title");
            merge(result, resolved);
        }
    }

    /// The schema with a local `$ref` at its top followed.
    fn dereference(&self, schema: &Value, depth: usize) -> Map<String, Value> {
        let mut fields = schema.as_object().cloned().unwrap_or_default();
        for _ in depth..=DEPTH {
            let Some(Value::String(reference)) = fields.shift_remove("$ref") else { break };
            let target = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
            let mut found = target.and_then(Value::as_object).cloned().unwrap_or_default();
            merge(&mut found, fields);
            fields = found;
        }
        fields
    }

    fn matches(&self, condition: &Value, values: &Value) -> bool {
        let mut condition = condition.clone();
        if let Value::Object(fields) = &mut condition {
            for key in ["definitions", "$defs"] {
                if let Some(shared) = self.root.get(key) {
                    fields.entry(key).or_insert_with(|| shared.clone());
                }
            }
        }
        let empty = Value::Object(Map::new());
        let values = if values.is_null() { &empty } else { values };
        compile(&condition).is_ok_and(|validator| validator.is_valid(values))
    }
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// Puts the keywords of one schema over those of another; `required` is joined, objects are merged.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Array(present)), Value::Array(more)) if key == "required" => {
                for item in more {
                    if !present.contains(&item) {
                        present.push(item);
                    }
                }
            }
            (Some(Value::Object(present)), Value::Object(more)) if key != "default" && key != "const" => {
                merge(present, more);
            }
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::{properties, requires, resolve};

    fn names(page: &Value, values: &Value) -> Vec<String> {
        properties(&resolve(page, values)).into_iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn dependencies_show_the_branch_that_the_answer_picks() {
        let page = json!({
            "properties": {"kind": {"enum": ["none", "sql"]}},
            "dependencies": {
                "kind": {"oneOf": [
                    {"properties": {"kind": {"enum": ["none"]}}},
                    {"properties": {"kind": {"const": "sql"}, "size": {"type": "string"}}, "required": ["size"]}
                ]},
                "size": ["kind"]
            }
        });
        assert_eq!(names(&page, &json!({})), ["kind"]);
        assert_eq!(names(&page, &json!({"kind": "none"})), ["kind"]);
        let resolved = resolve(&page, &json!({"kind": "sql"}));
        assert_eq!(names(&page, &json!({"kind": "sql"})), ["kind", "size"]);
        assert!(requires(&resolved, "size"));
        assert_eq!(resolved["properties"]["kind"]["enum"], json!(["none", "sql"]), "the question stays");
    }

    #[test]
    fn conditions_all_of_and_references_are_followed() {
        let page = json!({
            "definitions": {"port": {"type": "integer", "title": "Port"}},
            "properties": {"web": {"type": "boolean"}},
            "allOf": [{
                "if": {"properties": {"web": {"const": true}}, "required": ["web"]},
                "then": {"properties": {"port": {"$ref": "#/definitions/port"}}},
                "else": {"properties": {"queue": {"type": "string"}}}
            }]
        });
        assert_eq!(names(&page, &json!({"web": true})), ["web", "port"]);
        assert_eq!(names(&page, &json!({"web": false})), ["web", "queue"]);
        assert_eq!(resolve(&page, &json!({"web": true}))["properties"]["port"]["title"], "Port");
    }

    #[test]
    fn alternatives_with_a_constant_become_a_question() {
        let page = json!({"oneOf": [
            {"title": "Small", "properties": {"size": {"const": "s"}, "a": {"type": "string"}}},
            {"title": "Large", "properties": {"size": {"const": "l"}, "b": {"type": "string"}}}
        ]});
        assert_eq!(names(&page, &json!({})), ["size", "a"]);
        assert_eq!(names(&page, &json!({"size": "l"})), ["size", "b"]);
        assert_eq!(resolve(&page, &json!({}))["properties"]["size"]["enumNames"], json!(["Small", "Large"]));
    }

    #[test]
    fn the_order_is_the_authors() {
        let page = json!({"ui:order": ["c", "*", "a"], "properties": {"a": {}, "b": {}, "c": {}, "d": {}}});
        assert_eq!(names(&page, &json!({})), ["c", "b", "d", "a"]);
    }

    #[test]
    fn references_that_lead_to_themselves_end() {
        let page = json!({
            "definitions": {"x": {"type": "object", "properties": {"x": {"$ref": "#/definitions/x"}, "y": {"$ref": "#/definitions/x"}}},
                            "loop": {"$ref": "#/definitions/loop"}},
            "properties": {"x": {"$ref": "#/definitions/x"}, "loop": {"$ref": "#/definitions/loop"}}
        });
        assert_eq!(names(&page, &json!({})), ["x", "loop"]);
    }
}
