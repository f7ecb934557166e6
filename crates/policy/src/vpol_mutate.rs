//! What a MutatingPolicy changes: `ApplyConfiguration` merges a part of an object into it, `JSONPatch` says step by
//! step what to do.

use fairway_domain::Diagnostic;
use serde_json::{Value, json};

use crate::cel::{Bindings, Program, Rules};
use crate::kyverno::json_patch;
use crate::template::text;

/// The largest patch, in steps.
const MAX_STEPS: usize = 1000;

/// The mutations of a policy, in their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mutations {
    mutations: Vec<Mutation>,
    /// Where the pod stands in the object, for a policy about pods that is applied to what makes them.
    template: &'static [&'static str],
}

#[derive(Clone, Debug)]
enum Mutation {
    Apply(Program),
    Patch(Program),
}

impl Mutations {
    /// Compiles `spec.mutations`.
    pub(crate) fn compile(
        rules: &Rules,
        spec: &Value,
        place: &str,
        template: &'static [&'static str],
    ) -> Result<Self, Vec<Diagnostic>> {
        let (mut mutations, mut problems) = (Vec::new(), Vec::new());
        let list = spec.get("mutations").and_then(Value::as_array).into_iter().flatten();
        for (index, mutation) in list.enumerate() {
            let applied = text(mutation, "/applyConfiguration/expression");
            let patched = text(mutation, "/jsonPatch/expression");
            let (source, key) = match (text(mutation, "/patchType"), applied, patched) {
                (Some("JSONPatch"), _, Some(source)) | (None, None, Some(source)) => (source, "jsonPatch"),
                (Some("ApplyConfiguration") | None, Some(source), _) => (source, "applyConfiguration"),
                _ => {
                    let message = format!(
                        "{place}.mutations[{index}] needs patchType ApplyConfiguration or JSONPatch, and the expression that belongs to it"
                    );
                    problems.push(Diagnostic::error("policy-kyverno", message));
                    continue;
                }
            };
            match rules.expression(source, &format!("{place}.mutations[{index}].{key}.expression")) {
                Ok(program) if key == "jsonPatch" => mutations.push(Mutation::Patch(program)),
                Ok(program) => mutations.push(Mutation::Apply(program)),
                Err(problem) => problems.push(*problem),
            }
        }
        if problems.is_empty() { Ok(Self { mutations, template }) } else { Err(problems) }
    }

    /// The object after all mutations; each sees what those before it have made.
    pub(crate) fn apply(
        &self,
        rules: &Rules,
        object: &Value,
        bindings: &Bindings<'_>,
    ) -> Result<Value, String> {
        let mut current = object.clone();
        for mutation in &self.mutations {
            let mut seen = bindings.clone();
            seen.set("object", &current);
            let next = match mutation {
                Mutation::Apply(program) => {
                    let mut configuration = rules.value(program, &seen)?;
                    if !configuration.is_object() {
                        return Err("an ApplyConfiguration has to be an Object{…}".to_owned());
                    }
                    for part in self.template.iter().rev() {
                        configuration = json!({ *part: configuration });
                    }
                    let mut next = current.clone();
                    merge(&mut next, configuration, "");
                    next
                }
                Mutation::Patch(program) => {
                    let mut patch = rules.value(program, &seen)?;
                    self.move_patch(&mut patch)?;
                    let mut next = current.clone();
                    json_patch::apply(&mut next, &patch)?;
                    next
                }
            };
            current = next;
        }
        Ok(current)
    }

    /// Moves the steps of a patch into the template.
    fn move_patch(&self, patch: &mut Value) -> Result<(), String> {
        let steps = patch.as_array_mut().ok_or("a JSONPatch has to be a list of JSONPatch{…}")?;
        if steps.len() > MAX_STEPS {
            return Err(format!("a JSONPatch has more than {MAX_STEPS} steps"));
        }
        let prefix: String = self.template.iter().flat_map(|part| ["/", *part]).collect();
        for step in steps {
            for key in ["path", "from"] {
                if let Some(Value::String(path)) = step.get_mut(key) {
                    path.insert_str(0, &prefix);
                }
            }
        }
        Ok(())
    }
}

/// By which fields the items of a list are told apart, as the schemas of Kubernetes say. Other lists are replaced
/// as a whole.
fn keys(field: &str) -> Option<&'static [&'static str]> {
    Some(match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "secrets"
        | "resourceClaims"
        | "claims"
        | "schedulingGates" => &["name"],
        "ports" => &["containerPort", "port", "protocol"],
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "hostAliases" | "podIPs" | "hostIPs" => &["ip"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ownerReferences" => &["uid"],
        "conditions" => &["type"],
        "readinessGates" => &["conditionType"],
        _ => return None,
    })
}

/// Applies a part of an object as a server does: maps are merged, lists with keys by those, others are replaced.
/// What is new stands behind what is there.
fn merge(target: &mut Value, applied: Value, field: &str) {
    match (target, applied) {
        (Value::Object(target), Value::Object(applied)) => {
            for (key, value) in applied {
                match target.get_mut(&key) {
                    Some(own) => merge(own, value, &key),
                    None => {
                        target.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(target), Value::Array(applied)) => match keys(field) {
            Some(keys) if target.iter().chain(&applied).all(Value::is_object) => {
                for item in applied {
                    let is_same = |own: &&mut Value| same_item(own, &item, keys);
                    match target.iter_mut().find(is_same) {
                        Some(own) => merge(own, item, ""),
                        None => target.push(item),
                    }
                }
            }
            None if field == "finalizers" => {
                let new: Vec<Value> = applied.into_iter().filter(|item| !target.contains(item)).collect();
                target.extend(new);
            }
            _ => *target = applied,
        },
        (target, applied) => *target = applied,
    }
}

/// Whether two items have the same keys. A protocol that is left out is TCP.
fn same_item(own: &Value, applied: &Value, keys: &[&str]) -> bool {
    let key = |item: &Value, key: &str| match (item.get(key), key) {
        (None, "protocol") => Some(Value::from("TCP")),
        (value, _) => value.cloned(),
    };
    let some = |item: &Value| keys.iter().any(|key| item.get(*key).is_some());
    some(own) && some(applied) && keys.iter().all(|name| key(own, name) == key(applied, name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::merge;

    #[test]
    fn parts_are_merged_by_key() {
        let mut object = json!({"spec": {
            "containers": [{"name": "a", "image": "x", "ports": [{"containerPort": 80}]}],
            "tolerations": [{"key": "old"}],
        }});
        let applied = json!({"spec": {
            "containers": [
                {"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
                {"name": "b"},
            ],
            "tolerations": [{"key": "new"}],
        }});
        merge(&mut object, applied, "");
        assert_eq!(
            object,
            json!({"spec": {
                "containers": [
                    {"name": "a", "image": "x", "ports": [{"containerPort": 80, "protocol": "TCP", "name": "http"}]},
                    {"name": "b"},
                ],
                "tolerations": [{"key": "new"}],
            }})
        );
    }
}
