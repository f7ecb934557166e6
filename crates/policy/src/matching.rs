//! Which objects a constraint is about: `spec.match`, with the rules of Gatekeeper.

use serde_json::{Map, Value};

use crate::review::Review;

/// The name that a namespace always carries as a label.
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Whether a constraint is about an object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Matching {
    Yes,
    No,
    /// It cannot be told.
    Unknown(String),
}

/// Looks up a namespace's labels among the objects of the evaluation.
pub(crate) trait Namespaces {
    fn labels(&self, namespace: &str) -> Option<&Map<String, Value>>;
}

/// Every criterion that is present has to hold.
pub(crate) fn matches(
    criteria: &Map<String, Value>,
    review: &Review<'_>,
    known: &impl Namespaces,
) -> Matching {
    let object = &review.reference;
    let is_namespace = object.kind == "Namespace" && review.group.is_empty();
    // A namespace counts as being in itself; other objects without one cannot be told apart by namespaces.
    let namespace = match (is_namespace, object.namespace.is_empty()) {
        (true, _) => Some(object.name.as_str()),
        (false, false) => Some(object.namespace.as_str()),
        (false, true) => None,
    };
    let inside_namespace = !is_namespace && !object.namespace.is_empty();
    let scope = criteria.get("scope").and_then(Value::as_str).unwrap_or("*");
    let certain = kinds_match(criteria, review)
        && match scope {
            "Cluster" => !inside_namespace,
            "Namespaced" => inside_namespace,
            _ => true,
        }
        && criteria.get("source").and_then(Value::as_str) != Some("Generated")
        && listed(criteria, "namespaces", namespace).unwrap_or(true)
        && !listed(criteria, "excludedNamespaces", namespace).unwrap_or(false)
        && text(criteria, "name").is_none_or(|pattern| wildcard(pattern, &object.name))
        && criteria.get("labelSelector").is_none_or(|selector| selects(selector, labels_of(review.object)));
    let Some(selector) = criteria.get("namespaceSelector").filter(|_| certain) else {
        return if certain { Matching::Yes } else { Matching::No };
    };
    if is_namespace {
        return if selects(selector, labels_of(review.object)) { Matching::Yes } else { Matching::No };
    }
    let Some(namespace) = namespace else { return Matching::Yes };
    let mut labels = Map::new();
    match known.labels(namespace) {
        Some(known) => labels.clone_from(known),
        None if !only_by_name(selector) => {
            return Matching::Unknown(format!(
                "the constraint selects namespaces by labels, and those of {namespace} are not known here"
            ));
        }
        None => {}
    }
    labels.entry(NAME_LABEL).or_insert_with(|| namespace.into());
    if selects(selector, Some(&labels)) { Matching::Yes } else { Matching::No }
}

fn labels_of(object: &Value) -> Option<&Map<String, Value>> {
    object.pointer("/metadata/labels").and_then(Value::as_object)
}

fn text<'v>(map: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn kinds_match(criteria: &Map<String, Value>, review: &Review<'_>) -> bool {
    let Some(entries) = criteria.get("kinds").and_then(Value::as_array).filter(|entries| !entries.is_empty())
    else {
        return true;
    };
    let has = |entry: &Value, key: &str, wanted: &str| {
        let mut values = strings(entry.get(key)).peekable();
        values.peek().is_none() || values.any(|value| value == "*" || value == wanted)
    };
    entries
        .iter()
        .any(|entry| has(entry, "apiGroups", review.group) && has(entry, "kinds", &review.reference.kind))
}

/// `None` where there is no list, or nothing to look for.
fn listed(criteria: &Map<String, Value>, key: &str, namespace: Option<&str>) -> Option<bool> {
    let mut patterns = strings(criteria.get(key)).peekable();
    patterns.peek()?;
    let namespace = namespace?;
    Some(patterns.any(|pattern| wildcard(pattern, namespace)))
}

/// `*` at the beginning, the end or both stands for anything.
fn wildcard(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(rest), Some(_)) => text.contains(rest.trim_end_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => pattern == text,
    }
}

/// Whether a selector looks at a namespace's name alone.
pub(crate) fn only_by_name(selector: &Value) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    labels.into_iter().flat_map(Map::keys).all(|key| key == NAME_LABEL)
        && expressions
            .into_iter()
            .flatten()
            .all(|it| it.get("key").and_then(Value::as_str) == Some(NAME_LABEL))
}

/// A Kubernetes label selector.
pub(crate) fn selects(selector: &Value, labels: Option<&Map<String, Value>>) -> bool {
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let exact = selector.get("matchLabels").and_then(Value::as_object);
    let exact = exact
        .into_iter()
        .flatten()
        .all(|(key, wanted)| value(key).is_some() && value(key) == wanted.as_str());
    let mut expressions = selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten();
    exact
        && expressions.all(|expression| {
            let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
            let mut values = strings(expression.get("values"));
            match expression.get("operator").and_then(Value::as_str).unwrap_or_default() {
                "In" => value(key).is_some_and(|label| values.any(|value| value == label)),
                "NotIn" => value(key).is_none_or(|label| values.all(|value| value != label)),
                "Exists" => value(key).is_some(),
                "DoesNotExist" => value(key).is_none(),
                _ => false,
            }
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Map, Value, json};

    use super::{Matching, Namespaces, matches};
    use crate::review::Review;
    use crate::set::PolicyObject;

    struct Known(Map<String, Value>);

    impl Namespaces for Known {
        fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
            self.0.get(namespace)?.as_object()
        }
    }

    fn outcome(criteria: &Value, object: Value) -> Matching {
        let known = Known(json!({"shop": {"team": "a"}}).as_object().unwrap().clone());
        let object = PolicyObject { value: object, file: None, environment: None };
        matches(criteria.as_object().unwrap(), &Review::new(&object), &known)
    }

    fn pod(namespace: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": namespace, "labels": {"app": "x"}}})
    }

    #[test]
    fn each_criterion() {
        for (criteria, expected) in [
            (json!({}), true),
            (json!({"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}), true),
            (json!({"kinds": [{"apiGroups": ["*"], "kinds": ["*"]}]}), true),
            (json!({"kinds": [{"apiGroups": ["apps"], "kinds": ["Pod"]}]}), false),
            (
                json!({"kinds": [{"apiGroups": ["apps"], "kinds": ["X"]}, {"apiGroups": [""], "kinds": ["Pod"]}]}),
                true,
            ),
            (json!({"namespaces": ["sho*"]}), true),
            (json!({"namespaces": ["*-system"]}), false),
            (json!({"excludedNamespaces": ["*ho*"]}), false),
            (json!({"excludedNamespaces": ["kube-*"]}), true),
            (json!({"scope": "Cluster"}), false),
            (json!({"scope": "Namespaced"}), true),
            (json!({"name": "we*"}), true),
            (json!({"name": "db"}), false),
            (json!({"labelSelector": {"matchLabels": {"app": "x"}}}), true),
            (
                json!({"labelSelector": {"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["x"]}]}}),
                false,
            ),
            (
                json!({"labelSelector": {"matchExpressions": [{"key": "none", "operator": "DoesNotExist"}]}}),
                true,
            ),
            (json!({"namespaceSelector": {"matchLabels": {"team": "a"}}}), true),
            (json!({"namespaceSelector": {"matchLabels": {"team": "b"}}}), false),
        ] {
            let expected = if expected { Matching::Yes } else { Matching::No };
            assert_eq!(outcome(&criteria, pod("shop")), expected, "{criteria}");
        }
    }

    #[test]
    fn unknown_namespaces_are_not_guessed() {
        let by_label = json!({"namespaceSelector": {"matchLabels": {"team": "a"}}});
        assert!(matches!(outcome(&by_label, pod("other")), Matching::Unknown(_)));
        let by_name = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}});
        assert_eq!(outcome(&by_name, pod("other")), Matching::Yes);
    }

    #[test]
    fn objects_without_a_namespace() {
        let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}});
        assert_eq!(outcome(&json!({"excludedNamespaces": ["*"]}), role.clone()), Matching::Yes);
        assert_eq!(outcome(&json!({"scope": "Namespaced"}), role), Matching::No);
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
        assert_eq!(outcome(&json!({"excludedNamespaces": ["shop"]}), namespace.clone()), Matching::No);
        assert_eq!(outcome(&json!({"namespaces": ["shop"]}), namespace), Matching::Yes);
    }
}
