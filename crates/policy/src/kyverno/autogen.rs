//! Rules about pods, written again for what makes pods: Deployments and the like, and CronJobs.

use serde_json::{Map, Value, json};

use super::selection::KindPattern;

const CONTROLLERS: [&str; 7] =
    ["DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet", "CronJob"];
const ANNOTATION: &str = "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers";
/// The longest name of a rule.
const MAX_NAME: usize = 63;

fn kinds(filter: &Value) -> Vec<&str> {
    let kinds = filter.pointer("/resources/kinds").and_then(Value::as_array);
    kinds.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn has_pod(kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| KindPattern::read(kind).kind() == "Pod")
}

/// A `match` or `exclude` with all its filters.
fn filters(selection: &Value) -> impl Iterator<Item = &Value> {
    let list = |key: &str| selection.get(key).and_then(Value::as_array).into_iter().flatten();
    std::iter::once(selection).chain(list("any")).chain(list("all"))
}

/// The controllers that a policy's rules are written again for.
fn controllers(policy: &Value) -> Vec<&'static str> {
    let rules = policy.pointer("/spec/rules").and_then(Value::as_array);
    let mut is_needed = false;
    for rule in rules.into_iter().flatten() {
        let mutate = rule.get("mutate").unwrap_or(&Value::Null);
        let loops = mutate.get("foreach").and_then(Value::as_array);
        let patches_by_path = mutate.get("patchesJson6902").is_some()
            || loops.into_iter().flatten().any(|it| it.get("patchesJson6902").is_some());
        if rule.get("generate").is_some() || patches_by_path {
            return Vec::new();
        }
        for selection in ["match", "exclude"].iter().filter_map(|key| rule.get(*key)) {
            for filter in filters(selection) {
                let resources = filter.get("resources").unwrap_or(&Value::Null);
                let given = |key: &str| resources.get(key).is_some_and(|value| !value.is_null());
                let kinds = kinds(filter);
                if given("name")
                    || given("selector")
                    || given("annotations")
                    || resources.get("names").and_then(Value::as_array).is_some_and(|it| !it.is_empty())
                    || (kinds.len() > 1 && has_pod(&kinds))
                {
                    return Vec::new();
                }
                is_needed |= kinds.iter().any(|kind| *kind == "Pod" || CONTROLLERS.contains(kind));
            }
        }
    }
    if !is_needed {
        return Vec::new();
    }
    match policy.pointer(ANNOTATION).and_then(Value::as_str) {
        None | Some("" | "all") => CONTROLLERS.to_vec(),
        Some(wanted) => {
            let wanted: Vec<&str> = wanted.split(',').map(str::trim).collect();
            CONTROLLERS.into_iter().filter(|known| wanted.contains(known)).collect()
        }
    }
}

/// The rules of a policy, with those that are written again after those they come from.
pub(crate) fn rules(policy: &Value) -> Vec<Value> {
    let written: Vec<Value> =
        policy.pointer("/spec/rules").and_then(Value::as_array).cloned().unwrap_or_default();
    let controllers = controllers(policy);
    if controllers.is_empty() {
        return written;
    }
    let is_generated =
        |rule: &Value| rule.get("name").and_then(Value::as_str).unwrap_or_default().starts_with("autogen-");
    let mut generated = Vec::new();
    let others: Vec<&str> = controllers.iter().copied().filter(|it| *it != "CronJob").collect();
    for rule in written.iter().filter(|rule| !is_generated(rule)) {
        if !others.is_empty()
            && let Some(rule) = for_kinds(rule, "autogen", "template", &others)
        {
            generated.push(moved(&rule, "spec.template"));
        }
        // A CronJob has one level more around what the others have.
        if controllers.contains(&"CronJob")
            && let Some(inner) = for_kinds(rule, "autogen", "template", &CONTROLLERS)
            && let Some(mut outer) = for_kinds(&inner, "autogen", "jobTemplate", &["CronJob"])
        {
            if let (Some(map), Some(name)) = (outer.as_object_mut(), rule.get("name").and_then(Value::as_str))
            {
                map.insert("name".to_owned(), named("autogen-cronjob", name).into());
            }
            generated.push(moved(&outer, "spec.jobTemplate.spec.template"));
        }
    }
    let mut all: Vec<Value> = written.into_iter().filter(|rule| !is_generated(rule)).collect();
    all.extend(generated);
    all
}

fn named(prefix: &str, name: &str) -> String {
    format!("{prefix}-{name}").chars().take(MAX_NAME).collect()
}

/// One level of it. Nothing for rules that are not about pods, or of a kind that is not written again.
fn for_kinds(rule: &Value, prefix: &str, key: &str, controllers: &[&str]) -> Option<Value> {
    let is_first = key == "template";
    let all_kinds = |selection: Option<&Value>| -> Vec<String> {
        selection.into_iter().flat_map(filters).flat_map(kinds).map(str::to_owned).collect()
    };
    if is_first {
        let (matched, excluded) = (all_kinds(rule.get("match")), all_kinds(rule.get("exclude")));
        let refs = |kinds: &[String]| has_pod(&kinds.iter().map(String::as_str).collect::<Vec<_>>());
        if !refs(&matched) || (!excluded.is_empty() && !refs(&excluded)) {
            return None;
        }
    }
    let mut rule = rule.as_object()?.clone();
    let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
    let name = named(prefix, name);
    rule.insert("name".to_owned(), name.into());
    for selection in ["match", "exclude"] {
        if let Some(selection) = rule.get_mut(selection) {
            replace_kinds(selection, controllers, is_first);
        }
    }
    let wrap = |inner: &Value| json!({"spec": {key: inner}});
    let wrapped_member = |map: &Map<String, Value>, member: &str| map.get(member).map(wrap);
    if let Some(Value::Object(mutate)) = rule.get("mutate") {
        let mut new = Map::new();
        if let Some(patch) = wrapped_member(mutate, "patchStrategicMerge") {
            new.insert("patchStrategicMerge".to_owned(), patch);
        } else if let Some(Value::Array(loops)) = mutate.get("foreach") {
            let loops = loops.iter().filter_map(|item| {
                let item = item.as_object()?;
                let mut new = item.clone();
                if let Some(patch) = wrapped_member(item, "patchStrategicMerge") {
                    new.insert("patchStrategicMerge".to_owned(), patch);
                }
                Some(Value::Object(new))
            });
            new.insert("foreach".to_owned(), loops.collect());
        } else {
            return None;
        }
        rule.insert("mutate".to_owned(), Value::Object(new));
        return Some(Value::Object(rule));
    }
    if let Some(Value::Object(validate)) = rule.get("validate") {
        let mut new = validate.clone();
        if let Some(pattern) = wrapped_member(validate, "pattern") {
            new.insert("pattern".to_owned(), pattern);
        } else if let Some(Value::Array(patterns)) = validate.get("anyPattern") {
            new.insert("anyPattern".to_owned(), patterns.iter().map(wrap).collect());
        } else if !["deny", "podSecurity", "foreach", "cel", "assert"]
            .iter()
            .any(|it| validate.contains_key(*it))
        {
            return None;
        }
        rule.insert("validate".to_owned(), Value::Object(new));
        return Some(Value::Object(rule));
    }
    rule.contains_key("verifyImages").then_some(Value::Object(rule))
}

/// Whether the kinds stand in the selection itself and not in `any` or `all`.
fn is_plain(selection: &Value) -> bool {
    ["any", "all"].iter().all(|key| selection.get(*key).and_then(Value::as_array).is_none_or(Vec::is_empty))
}

fn replace_kinds(selection: &mut Value, controllers: &[&str], is_first: bool) {
    let new = Value::from(controllers);
    let is_plain = is_plain(selection);
    let replace = |filter: &mut Value| {
        let found = kinds(filter);
        if found.is_empty() || (is_first && !is_plain && !has_pod(&found)) {
            return;
        }
        if let Some(kinds) = filter.pointer_mut("/resources/kinds") {
            *kinds = new.clone();
        }
    };
    if is_plain {
        replace(selection);
        return;
    }
    for key in ["any", "all"] {
        selection.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten().for_each(replace);
    }
}

/// The references to the pod's fields, moved to where the pod is.
fn moved(rule: &Value, path: &str) -> Value {
    let is_cel = rule.pointer("/validate/cel").is_some();
    let prefixes: &[&str] =
        if is_cel { &["object", "oldObject"] } else { &["request.object", "request.oldObject"] };
    let mut replacements = Vec::new();
    for prefix in prefixes {
        for field in ["spec", "metadata"] {
            replacements.push((format!("{prefix}.{field}"), format!("{prefix}.{path}.{field}")));
        }
    }
    replaced(rule, &replacements)
}

fn replaced(value: &Value, replacements: &[(String, String)]) -> Value {
    let text = |text: &str| {
        replacements.iter().fold(text.to_owned(), |text, (old, new)| {
            if text.contains(old.as_str()) { text.replace(old.as_str(), new) } else { text }
        })
    };
    match value {
        Value::String(own) => Value::String(text(own)),
        Value::Array(items) => items.iter().map(|item| replaced(item, replacements)).collect(),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, value)| (text(key), replaced(value, replacements))).collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use serde_json::{Value, json};

    use super::rules;

    fn policy(rule: &Value) -> Value {
        json!({"metadata": {"name": "p"}, "spec": {"rules": [rule]}})
    }

    #[test]
    fn a_rule_about_pods_is_written_for_controllers_and_for_cron_jobs() {
        let all = rules(&policy(&json!({
            "name": "r", "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
            "context": [{"name": "n", "variable": {"jmesPath": "request.object.spec.x"}}],
            "validate": {"pattern": {"spec": {"hostPID": false}}},
        })));
        let names: Vec<&str> = all.iter().filter_map(|rule| rule["name"].as_str()).collect();
        assert_eq!(names, ["r", "autogen-r", "autogen-cronjob-r"]);
        assert_eq!(
            all[1]["validate"]["pattern"],
            json!({"spec": {"template": {"spec": {"hostPID": false}}}})
        );
        assert_eq!(
            all[2]["validate"]["pattern"],
            json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"hostPID": false}}}}}})
        );
        assert_eq!(all[2]["match"]["any"][0]["resources"]["kinds"], json!(["CronJob"]));
        let path = |rule: &Value| rule["context"][0]["variable"]["jmesPath"].clone();
        assert_eq!(path(&all[1]), "request.object.spec.template.spec.x");
        assert_eq!(path(&all[2]), "request.object.spec.jobTemplate.spec.template.spec.x");
    }

    #[test]
    fn not_where_names_or_other_kinds_are_meant() {
        for resources in [
            json!({"kinds": ["Pod"], "name": "x"}),
            json!({"kinds": ["Pod"], "selector": {"matchLabels": {"a": "b"}}}),
            json!({"kinds": ["Pod", "Service"]}),
            json!({"kinds": ["Service"]}),
        ] {
            let rule = json!({"name": "r", "match": {"resources": resources}, "validate": {"pattern": {}}});
            assert_eq!(rules(&policy(&rule)).len(), 1, "{resources}");
        }
    }
}
