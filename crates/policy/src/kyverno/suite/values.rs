//! Values that a test gives to variables, by policy, object and rule.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::read::Suite;
use crate::kyverno::request::{Kind, NOTHING, Operation, Request, User};

/// `kind: Values`
#[derive(Default)]
pub(crate) struct Values {
    global: Vec<(String, Value)>,
    /// By policy and object.
    objects: BTreeMap<(String, String), Vec<(String, Value)>>,
    /// By policy and rule.
    rules: BTreeMap<(String, String), Vec<(String, Value)>>,
    namespaces: BTreeMap<String, Map<String, Value>>,
    subresources: Vec<Value>,
}

fn pairs(value: Option<&Value>) -> Vec<(String, Value)> {
    let map = value.and_then(Value::as_object).into_iter().flatten();
    map.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// The parts of a dotted name; quotes keep dots together.
fn parts(name: &str) -> Vec<String> {
    let (mut parts, mut part, mut is_quoted) = (Vec::new(), String::new(), false);
    for character in name.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '.' if !is_quoted => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts
}

/// Puts a value below a map, and merges objects.
fn put(map: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    let place = map.entry(first.clone()).or_insert(Value::Null);
    if rest.is_empty() {
        match (place, value) {
            (Value::Object(old), Value::Object(new)) => {
                for (key, value) in new {
                    put(old, &[key], value);
                }
            }
            (place, value) => *place = value,
        }
        return;
    }
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    if let Value::Object(inner) = place {
        put(inner, rest, value);
    }
}

/// A question with what it borrows.
pub(crate) struct Question {
    pub(crate) object: Value,
    old_object: Value,
    operation: Operation,
    name: String,
    namespace: String,
    labels: Map<String, Value>,
    kind: [String; 4],
    given: Map<String, Value>,
    /// What is given for each rule.
    pub(crate) rules: BTreeMap<String, Map<String, Value>>,
}

impl Values {
    pub(crate) fn add(&mut self, file: &Value) {
        let list = |value: &Value, key: &str| -> Vec<Value> {
            value.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
        };
        let name = |value: &Value| value.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        self.global.extend(pairs(file.get("globalValues")));
        for policy in list(file, "policies") {
            for object in list(&policy, "resources") {
                let values = pairs(object.get("values"));
                self.objects.entry((name(&policy), name(&object))).or_default().extend(values);
            }
            for rule in list(&policy, "rules") {
                let mut values = pairs(rule.get("values"));
                // Of values for each turn of a loop the first stands for all.
                for (key, turns) in pairs(rule.get("foreachValues")) {
                    values.extend(turns.get(0).map(|first| (key, first.clone())));
                }
                self.rules.entry((name(&policy), name(&rule))).or_default().extend(values);
            }
        }
        for selector in list(file, "namespaceSelector") {
            let labels = selector.get("labels").and_then(Value::as_object).cloned().unwrap_or_default();
            self.namespaces.insert(name(&selector), labels);
        }
        self.subresources.extend(list(file, "subresources"));
    }

    pub(crate) fn question(&self, suite: &Suite, policy: &str, object: &Value) -> Question {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = match text("/metadata/name") {
            "" => text("/metadata/generateName"),
            name => name,
        };
        let mut root = Map::new();
        let own = self.objects.get(&(policy.to_owned(), name.to_owned()));
        for (key, value) in self.global.iter().chain(own.into_iter().flatten()) {
            put(&mut root, &parts(key), value.clone());
        }
        let mut rules: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for it in suite.policies.iter().filter(|it| it.full_name() == policy) {
            for rule in &it.rules {
                rules.insert(rule.rule.name.clone(), root.clone());
            }
        }
        let mut by_rule = Map::new();
        for ((_, rule), values) in self.rules.iter().filter(|((named, _), _)| named == policy) {
            let map = rules.entry(rule.clone()).or_insert_with(|| root.clone());
            for (key, value) in values {
                put(map, &parts(key), value.clone());
                put(&mut by_rule, &parts(key), value.clone());
            }
            for prefix in ["autogen-", "autogen-cronjob-"] {
                let values = rules.get(rule).cloned().unwrap_or_default();
                rules.insert(format!("{prefix}{rule}"), values);
            }
        }
        let mut object = object.clone();
        let mut given = Map::new();
        for source in [&by_rule, &root] {
            for (key, value) in source.get("request").and_then(Value::as_object).into_iter().flatten() {
                if key == "object" {
                    let mut wrapped = Map::from_iter([(key.clone(), object)]);
                    put(&mut wrapped, std::slice::from_ref(key), value.clone());
                    object = wrapped.remove(key).unwrap_or_default();
                } else {
                    put(&mut given, std::slice::from_ref(key), value.clone());
                }
            }
        }
        for map in rules.values_mut() {
            map.shift_remove("request");
        }
        let operation = given.get("operation").and_then(Value::as_str).and_then(Operation::parse);
        let operation = operation.unwrap_or_default();
        let kind = Kind::of(&object);
        let mut names = [kind.group, kind.version, kind.name, ""].map(str::to_owned);
        for subresource in &self.subresources {
            let part = |pointer: &str| {
                subresource.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            let own = [part("/subresource/group"), part("/subresource/version"), part("/subresource/kind")];
            if own.as_slice() == names.get(..3).unwrap_or_default() {
                let path = part("/subresource/name");
                let last = path.rsplit('/').next().unwrap_or_default().to_owned();
                names = [
                    part("/parentResource/group"),
                    part("/parentResource/version"),
                    part("/parentResource/kind"),
                    last,
                ];
                break;
            }
        }
        let namespace = match given.get("namespace").and_then(Value::as_str) {
            Some(namespace) if !namespace.is_empty() => namespace.to_owned(),
            _ => object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default().to_owned(),
        };
        let own_namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
        let labels = self.namespaces.get(own_namespace).cloned().unwrap_or_default();
        let old_object = if operation == Operation::Create { Value::Null } else { object.clone() };
        Question {
            name: name.to_owned(),
            namespace,
            labels,
            kind: names,
            operation,
            old_object,
            given,
            rules,
            object,
        }
    }
}

impl Question {
    pub(crate) fn request<'q>(&'q self, user: &'q User) -> Request<'q> {
        let [group, version, kind, subresource] = &self.kind;
        let is_deletion = self.operation == Operation::Delete;
        Request {
            object: if is_deletion { &NOTHING } else { &self.object },
            old_object: &self.old_object,
            operation: self.operation,
            kind: Kind { group, version, name: kind, subresource },
            name: &self.name,
            namespace: &self.namespace,
            user,
            dry_run: false,
            namespace_labels: Some(&self.labels),
            given: &self.given,
        }
    }
}
