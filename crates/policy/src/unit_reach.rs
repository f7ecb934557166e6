//! What policies can be about and what they look at, told from what is written, without evaluating them. In doubt it
//! is everything.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::constraint::GROUP as CONSTRAINTS;
use crate::supply_chain::KIND as SUPPLY_CHAIN;
use crate::template::text;
use crate::unit::OtherObjects;

/// What Kyverno derives rules for, from a rule about Pods.
const CONTROLLERS: [&str; 8] = [
    "deployment",
    "replicaset",
    "replicationcontroller",
    "statefulset",
    "daemonset",
    "job",
    "cronjob",
    "podtemplate",
];

fn list<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = &'v Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Words for kinds and resources, or `None` once it can be anything.
struct Words(Option<BTreeSet<String>>);

impl Words {
    fn anything(&mut self) {
        self.0 = None;
    }

    /// Takes the names of a list; an absent or empty one is about anything.
    fn take<'v>(&mut self, names: impl Iterator<Item = &'v Value>) {
        let mut empty = true;
        for name in names {
            empty = false;
            match name.as_str() {
                Some(name) if !name.contains(['*', '?', '{']) => {
                    if let Some(words) = &mut self.0 {
                        // `apps/v1/Deployment`, `pods/exec` and `Pod.status` have the word somewhere.
                        words.extend(name.split(['/', '.']).map(str::to_ascii_lowercase));
                    }
                }
                _ => self.anything(),
            }
        }
        if empty {
            self.anything();
        }
    }

    fn add_controllers_of_pods(&mut self) {
        if let Some(words) = &mut self.0
            && (words.contains("pod") || words.contains("pods"))
        {
            words.extend(CONTROLLERS.iter().map(|word| (*word).to_owned()));
        }
    }
}

/// Words for the kinds that policies can be about; `None` for any.
pub(crate) fn kinds_of(policies: &[&Value]) -> Option<BTreeSet<String>> {
    let mut words = Words(Some(BTreeSet::new()));
    for policy in policies {
        let version = text(policy, "/apiVersion").unwrap_or_default();
        let kind = text(policy, "/kind").unwrap_or_default();
        if version.starts_with(CONSTRAINTS) {
            let mut entries = list(policy, "/spec/match/kinds").peekable();
            if entries.peek().is_none() {
                words.anything();
            }
            for entry in entries {
                words.take(list(entry, "/kinds"));
            }
        } else if kind == "ConstraintTemplate"
            || kind == "ValidatingAdmissionPolicyBinding"
            || kind == "PolicyException"
        {
            // These narrow down what a policy is about, or say nothing of it.
        } else if matches!(kind, "ClusterPolicy" | "Policy") && version.starts_with("kyverno.io/") {
            for rule in list(policy, "/spec/rules") {
                let alternatives =
                    ["/match/any", "/match/all"].iter().flat_map(|pointer| list(rule, pointer));
                let mut filters: Vec<&Value> = alternatives.collect();
                filters.extend(rule.pointer("/match").filter(|it| it.get("resources").is_some()));
                if filters.is_empty() {
                    words.anything();
                }
                for filter in filters {
                    words.take(list(filter, "/resources/kinds"));
                }
            }
            words.add_controllers_of_pods();
        } else if policy.pointer("/spec/matchConstraints").is_some() {
            let mut rules = list(policy, "/spec/matchConstraints/resourceRules").peekable();
            if rules.peek().is_none() {
                words.anything();
            }
            for rule in rules {
                words.take(list(rule, "/resources"));
            }
            words.add_controllers_of_pods();
        } else if policy.get("spec").is_some() && crate::vpol::CelPolicy::purpose(policy).is_some()
            || kind == "ValidatingAdmissionPolicy"
        {
            words.anything();
        }
    }
    words.0
}

/// What verdicts of policies can depend on besides the object.
pub(crate) fn others_of(policies: &[&Value]) -> OtherObjects {
    let mut kinds = BTreeSet::new();
    let mut namespaces = false;
    for policy in policies {
        let mut looks = Looks::default();
        looks.visit(policy, 0);
        if looks.anything {
            return OtherObjects::Any;
        }
        kinds.append(&mut looks.kinds);
        namespaces |= looks.namespaces;
        if let Some(kind) = text(policy, "/spec/paramKind/kind") {
            kinds.insert(kind.to_ascii_lowercase());
        }
    }
    match (kinds.is_empty(), namespaces) {
        (true, false) => OtherObjects::None,
        (true, true) => OtherObjects::Namespaces,
        (false, _) => OtherObjects::Kinds(kinds),
    }
}

#[derive(Default)]
struct Looks {
    anything: bool,
    namespaces: bool,
    kinds: BTreeSet<String>,
}

impl Looks {
    fn visit(&mut self, value: &Value, depth: usize) {
        // Policies that are read nest far less; whoever nests deeper gets the careful answer.
        if depth > 128 {
            self.anything = true;
            return;
        }
        match value {
            Value::String(text) => self.visit_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.visit(item, depth + 1)),
            Value::Object(members) => {
                for (key, value) in members {
                    match key.as_str() {
                        "namespaceSelector" => self.namespaces = true,
                        "verifyImages" => {
                            self.kinds.insert(SUPPLY_CHAIN.to_ascii_lowercase());
                        }
                        "context" => self.visit_context(value),
                        _ => {}
                    }
                    self.visit(value, depth + 1);
                }
            }
            _ => {}
        }
    }

    fn visit_text(&mut self, text: &str) {
        if text.contains("namespaceObject") {
            self.namespaces = true;
        }
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("inventory") {
            let is_path = before.trim_end().ends_with("data.") || before.trim_end().ends_with("data[\"");
            match is_path.then(|| inventory_kind(behind)).flatten() {
                Some(kind) => {
                    self.kinds.insert(kind.to_ascii_lowercase());
                }
                // A word in a comment or a message costs time, and never a wrong answer.
                None => self.anything = true,
            }
            rest = behind;
        }
    }

    /// Entries of a context in Kyverno's policies.
    fn visit_context(&mut self, context: &Value) {
        for entry in context.as_array().into_iter().flatten() {
            if entry.get("configMap").is_some() {
                self.kinds.insert("configmap".to_owned());
            }
            if let Some(call) = entry.get("apiCall") {
                match call.get("urlPath").and_then(Value::as_str).and_then(called_resource) {
                    Some(resource) => {
                        self.kinds.insert(resource);
                    }
                    None => self.anything = true,
                }
            }
        }
    }
}

/// The kind in what follows `data.inventory`: `.namespace[ns][version]["Ingress"][name]`; `None` when it is not said.
fn inventory_kind(behind: &str) -> Option<String> {
    let (root, mut rest) = segment(behind)?;
    let skipped = match root? {
        "namespace" => 2,
        "cluster" => 1,
        _ => return None,
    };
    for _ in 0..skipped {
        (_, rest) = segment(rest)?;
    }
    segment(rest)?.0.map(str::to_owned)
}

/// The next segment of a Rego reference, literal or not, and what follows it.
fn segment(path: &str) -> Option<(Option<&str>, &str)> {
    if let Some(rest) = path.strip_prefix('.') {
        let end =
            rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        return (!word.is_empty()).then_some((Some(word), rest));
    }
    let rest = path.strip_prefix('[')?;
    let (inside, rest) = rest.split_once(']')?;
    let literal = inside.trim().strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    if literal.is_none() && inside.contains(['[', '"']) {
        return None;
    }
    Some((literal, rest))
}

/// The resource that a path of the cluster's API names; `None` when a variable stands in its place.
fn called_resource(path: &str) -> Option<String> {
    let path = path.split('?').next()?;
    let mut parts = split_outside_braces(path.trim_matches('/')).into_iter();
    match parts.next()? {
        "api" => parts.next()?,
        "apis" => {
            parts.next()?;
            parts.next()?
        }
        _ => return None,
    };
    let mut resource = parts.next()?;
    if resource == "namespaces" {
        let _name = parts.next();
        resource = parts.next().unwrap_or("namespaces");
    }
    (!resource.contains('{')).then(|| resource.to_ascii_lowercase())
}

/// The parts between slashes, where those inside of a variable do not count.
fn split_outside_braces(path: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut parts) = (0_usize, 0, Vec::new());
    for (at, letter) in path.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '/' if depth == 0 => {
                parts.extend(path.get(begin..at));
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.extend(path.get(begin..));
    parts
}

#[cfg(test)]
mod tests {
    use super::{called_resource, inventory_kind};

    #[test]
    fn the_kind_in_a_path_of_the_inventory() {
        for (behind, expected) in [
            (".namespace[ns][version][\"Ingress\"][name]", Some("Ingress")),
            (".cluster[\"v1\"].Namespace[name]", Some("Namespace")),
            (".namespace[ns][version][kind][name]", None),
            (".namespace[ns]", None),
            ("", None),
            (".namespace[input.review.object.metadata.namespace][_].Service[_]", Some("Service")),
        ] {
            assert_eq!(inventory_kind(behind).as_deref(), expected, "{behind}");
        }
    }

    #[test]
    fn the_resource_of_a_call() {
        for (path, expected) in [
            ("/api/v1/namespaces/{{request.namespace}}/services", Some("services")),
            ("/apis/networking.k8s.io/v1/networkpolicies", Some("networkpolicies")),
            ("/api/v1/namespaces/{{ a.b | to_string('/') }}", Some("namespaces")),
            ("/apis/{{group}}/v1/{{kind}}", None),
            ("/version", None),
        ] {
            assert_eq!(called_resource(path).as_deref(), expected, "{path}");
        }
    }
}
