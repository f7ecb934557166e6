//! Policies that are broken, endless or hostile: each gets an answer, and the process lives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::path::{Path, PathBuf};

use fairway_domain::finding::Outcome;
use fairway_policy::{PolicyDocument, PolicyObject, PolicySet};
use serde_json::{Map, Value, json};

fn object(value: Value) -> PolicyObject {
    PolicyObject { value, file: None, environment: None }
}

fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "x"}, "annotations": {"a/b": "{{ x }}"}},
        "spec": {"containers": (0..20).map(|n| json!({"name": format!("c{n}"), "image": "nginx:1"})).collect::<Value>()},
    })
}

fn policy(rule: &Value) -> PolicyDocument {
    let mut rule = rule.clone();
    rule["name"] = json!("r");
    rule["match"] = json!({"any": [{"resources": {"kinds": ["Pod"]}}]});
    let value = json!({
        "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"},
        "spec": {"rules": [rule]},
    });
    PolicyDocument { value, file: None }
}

fn deny(key: &str) -> Value {
    json!({"validate": {"deny": {"conditions": {"all": [{"key": key, "operator": "Equals", "value": "x"}]}}}})
}

#[test]
fn endless_and_growing_policies_come_to_an_end() {
    let all = "request.object.spec.containers[]";
    let mut inner = json!({"list": all, "deny": {"conditions": {"all": [{"key": "{{ element3.name }}", "operator": "Equals", "value": "never"}]}}});
    for _ in 0..6 {
        inner = json!({"list": all, "foreach": [inner]});
    }
    let mut deep = json!("x");
    for _ in 0..200 {
        deep = json!({"a": deep});
    }
    let entries: Value = (0..100)
        .map(|n| json!({"name": format!("v{}", n + 1), "variable": {"value": format!("{{{{ v{n} }}}}{{{{ v{n} }}}}")}}))
        .collect();
    let mut growing = deny("{{ v100 }}");
    growing["context"] = entries;
    growing["context"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"name": "v0", "variable": {"value": "0123456789"}}));
    let mut circle = deny("{{ a }}");
    circle["context"] = json!([
        {"name": "a", "variable": {"jmesPath": "b"}}, {"name": "b", "variable": {"jmesPath": "a"}},
        {"name": "a", "variable": {"jmesPath": "b"}},
    ]);
    for (what, rule) in [
        ("loops in loops", json!({"validate": {"foreach": [inner]}})),
        ("a deep pattern", json!({"validate": {"pattern": deep}})),
        ("values that double", growing),
        ("entries in a circle", circle),
        ("variables in variables", deny(&format!("{}x{}", "{{".repeat(300), "}}".repeat(300)))),
        ("a large repetition", deny("{{ regex_match('(a{1000}){1000}', 'x') }}")),
        ("lists of lists", deny(&format!("{{{{ request.object{} }}}}", " | [@, @, @]".repeat(20)))),
    ] {
        let (set, problems) = PolicySet::compile(vec![policy(&rule)]);
        let found = set.evaluate(&[object(pod())]);
        assert!(!problems.is_empty() || !found.is_empty(), "{what}");
        assert!(
            found.iter().all(|it| matches!(it.outcome, Outcome::NotEvaluated { .. })),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn an_object_cannot_bring_expressions_of_its_own() {
    let rule = deny("{{ request.object.metadata.annotations.\"a/b\" }}");
    let (set, _) = PolicySet::compile(vec![policy(&rule)]);
    let mut hostile = pod();
    hostile["metadata"]["annotations"]["a/b"] = json!("{{ request.object.metadata.labels.app }}");
    // Were it read again, it would be "x" and the denial would hold.
    assert_eq!(set.evaluate(&[object(hostile)]), []);
}

/// A small generator of numbers, the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

fn mangled_text(text: &str, dice: &mut Dice) -> Value {
    let cut: String = text.chars().take(dice.roll(text.chars().count() + 1)).collect();
    match dice.roll(8) {
        0 => json!(cut),
        1 => json!(format!("{cut}{{{{ {text} }}}}")),
        2 => json!(text.replace("}}", "}")),
        3 => json!(text.replace('.', "[")),
        4 => json!(format!("{text}{}", "(*|&!<>=-{}\u{E000}\u{E001}éß".chars().nth(dice.roll(14)).unwrap())),
        5 => json!(dice.roll(1000)),
        6 => Value::Null,
        _ => json!([text, {"a": cut}]),
    }
}

fn mangle(value: &mut Value, dice: &mut Dice) {
    if dice.roll(40) == 0 {
        *value = match dice.roll(6) {
            0 => Value::Null,
            1 => json!([value.take()]),
            2 => json!({"(a)": value.take()}),
            3 => json!(-1),
            4 => json!("{{ element }}"),
            _ => json!(1e300),
        };
        return;
    }
    match value {
        Value::String(text) if dice.roll(8) == 0 => *value = mangled_text(&text.clone(), dice),
        Value::Array(items) => {
            if !items.is_empty() && dice.roll(20) == 0 {
                items.push(items[0].clone());
            }
            for item in items {
                mangle(item, dice);
            }
        }
        Value::Object(map) => {
            let old = std::mem::take(map);
            *map = old
                .into_iter()
                .map(|(key, mut value)| {
                    mangle(&mut value, dice);
                    let signs = ["(", "=(", "^(", "X(", "<(", "+(", "{{"];
                    let key = match dice.roll(60) {
                        0 => format!("{}{key})", signs[dice.roll(7)]),
                        1 => key.chars().rev().collect(),
                        _ => key,
                    };
                    (key, value)
                })
                .collect::<Map<String, Value>>();
        }
        _ => {}
    }
}

fn documents(folder: &Path, found: &mut Vec<Value>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).unwrap();
            let reading = fairway_yaml::read("x", &text, &fairway_yaml::Limits::default());
            found.extend(reading.documents.into_iter().map(|document| document.value));
        }
    }
}

#[test]
fn mangled_policies_get_an_answer() {
    let cases = std::env::var_os("FAIRWAY_CASES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/cases"),
        PathBuf::from,
    );
    let folder = cases.join("policy/kyverno-policies");
    if !folder.is_dir() {
        eprintln!("skipped: {} is missing", folder.display());
        return;
    }
    let mut all = Vec::new();
    documents(&folder, &mut all);
    let is_policy =
        |value: &&Value| value["apiVersion"].as_str().is_some_and(|it| it.starts_with("kyverno.io/"));
    let policies: Vec<Value> = all.iter().filter(is_policy).cloned().collect();
    let mut objects: Vec<PolicyObject> = all
        .into_iter()
        .filter(|value| {
            matches!(value["kind"].as_str(), Some("Pod" | "Deployment" | "CronJob" | "Service" | "Namespace"))
        })
        .step_by(60)
        .map(object)
        .collect();
    objects.push(object(pod()));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut broken = 0;
    for round in 0..3 {
        for policy in &policies {
            let mut value = policy.clone();
            mangle(&mut value["spec"], &mut dice);
            let (set, problems) = PolicySet::compile(vec![PolicyDocument { value, file: None }]);
            broken += usize::from(!problems.is_empty());
            let mut mangled = objects[dice.roll(objects.len())].clone();
            mangle(&mut mangled.value["spec"], &mut dice);
            set.evaluate(&[mangled, objects[(round * 7) % objects.len()].clone()]);
        }
    }
    assert!(broken > policies.len() / 10, "{broken} of {} are broken at all", 3 * policies.len());
}
