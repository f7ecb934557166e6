//! Which requests an admission policy is about: `matchConstraints` and `matchResources`, with the rules of
//! Kubernetes.

use serde_json::{Map, Value};

use crate::matching::{Matching, NAME_LABEL, Namespaces, only_by_name, selects};
use crate::resource_name::resource;
use crate::review::Review;

/// What a request is about.
pub(crate) struct Subject<'s> {
    pub(crate) group: &'s str,
    pub(crate) version: &'s str,
    pub(crate) kind: &'s str,
    pub(crate) resource: String,
    pub(crate) subresource: &'s str,
    pub(crate) operation: &'s str,
    pub(crate) name: &'s str,
    /// Empty for objects without one.
    pub(crate) namespace: &'s str,
    pub(crate) objects: [Option<&'s Value>; 2],
}

impl<'s> Subject<'s> {
    /// The subject of a review.
    pub(crate) fn of(review: &'s Review<'_>) -> Self {
        let text = |pointer: &str| {
            review.value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
        };
        let api_version = review.reference.api_version.as_str();
        let kind = review.reference.kind.as_str();
        let name = review.reference.name.as_str();
        Self {
            group: text("/resource/group").unwrap_or(review.group),
            version: text("/resource/version")
                .unwrap_or_else(|| api_version.rsplit('/').next().unwrap_or_default()),
            kind,
            resource: text("/resource/resource").map_or_else(|| resource(kind), str::to_owned),
            subresource: text("/subResource").unwrap_or_default(),
            operation: text("/operation").unwrap_or("CREATE"),
            name: if name.is_empty() { text("/name").unwrap_or_default() } else { name },
            namespace: if kind == "Namespace" && review.group.is_empty() {
                ""
            } else {
                text("/namespace").unwrap_or(&review.reference.namespace)
            },
            objects: [review.value.get("object"), review.value.get("oldObject")],
        }
    }

    fn is_namespace(&self) -> bool {
        self.kind == "Namespace" && self.group.is_empty()
    }
}

/// `resourceRules`, `excludeResourceRules` and the selectors.
#[derive(Clone, Debug, Default)]
pub(crate) struct Constraints {
    rules: Vec<Rule>,
    excluded: Vec<Rule>,
    namespaces: Option<Value>,
    objects: Option<Value>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rule {
    groups: Vec<String>,
    versions: Vec<String>,
    operations: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    scope: String,
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn covers(values: &[String], wanted: &str) -> bool {
    values.iter().any(|value| value == "*" || value == wanted)
}

impl Rule {
    fn read(value: &Value) -> Self {
        Self {
            groups: texts(value, "apiGroups"),
            versions: texts(value, "apiVersions"),
            operations: texts(value, "operations"),
            resources: texts(value, "resources"),
            names: texts(value, "resourceNames"),
            scope: value.get("scope").and_then(Value::as_str).unwrap_or("*").to_owned(),
        }
    }

    fn matches(&self, subject: &Subject<'_>) -> bool {
        covers(&self.groups, subject.group)
            && covers(&self.versions, subject.version)
            && covers(&self.operations, subject.operation)
            && self.resources.iter().any(|written| names_resource(written, subject))
            && (self.names.is_empty() || self.names.iter().any(|name| name == subject.name))
            && match self.scope.as_str() {
                // A namespace is an object of the cluster.
                "Cluster" => subject.namespace.is_empty(),
                "Namespaced" => !subject.namespace.is_empty(),
                _ => true,
            }
    }
}

/// `pods`, `pods/status`, `pods/*`, `*/scale`, `*` (no subresource) and `*/*`.
fn names_resource(written: &str, subject: &Subject<'_>) -> bool {
    let (resource, subresource) = written.split_once('/').unwrap_or((written, ""));
    (resource == "*" || resource == subject.resource)
        && (subresource == subject.subresource || subresource == "*")
}

fn labels_of(object: &Value) -> Option<&Map<String, Value>> {
    object.pointer("/metadata/labels").and_then(Value::as_object)
}

impl Constraints {
    /// Reads constraints; none are the same as empty ones.
    pub(crate) fn read(value: Option<&Value>) -> Self {
        let Some(value) = value else { return Self::default() };
        let rules = |key: &str| {
            let list = value.get(key).and_then(Value::as_array).into_iter().flatten();
            list.map(Rule::read).collect()
        };
        // An empty selector selects everything.
        let selector = |key: &str| {
            value.get(key).filter(|it| it.as_object().is_some_and(|members| !members.is_empty())).cloned()
        };
        Self {
            rules: rules("resourceRules"),
            excluded: rules("excludeResourceRules"),
            namespaces: selector("namespaceSelector"),
            objects: selector("objectSelector"),
        }
    }

    /// The same constraints for other resources.
    pub(crate) fn about(&self, group: &str, resources: &[String]) -> Self {
        let mut constraints = self.clone();
        for rule in &mut constraints.rules {
            rule.groups = vec![group.to_owned()];
            rule.versions = vec!["v1".to_owned()];
            rule.resources = resources.to_vec();
        }
        constraints
    }

    /// Whether the constraints hold. A policy has to say what it is about; a binding that says nothing is about
    /// all that its policy is about.
    pub(crate) fn matches(
        &self,
        subject: &Subject<'_>,
        known: &impl Namespaces,
        is_binding: bool,
    ) -> Matching {
        let named =
            (is_binding && self.rules.is_empty()) || self.rules.iter().any(|rule| rule.matches(subject));
        if !named || self.excluded.iter().any(|rule| rule.matches(subject)) {
            return Matching::No;
        }
        if let Some(selector) = &self.objects {
            let objects = subject.objects.iter().flatten().filter(|object| object.is_object());
            if !objects.into_iter().any(|object| selects(selector, labels_of(object))) {
                return Matching::No;
            }
        }
        match &self.namespaces {
            Some(selector) => matches_namespace(selector, subject, known),
            None => Matching::Yes,
        }
    }
}

fn matches_namespace(selector: &Value, subject: &Subject<'_>, known: &impl Namespaces) -> Matching {
    let yes = |holds: bool| if holds { Matching::Yes } else { Matching::No };
    let with_name = |labels: Option<&Map<String, Value>>, name: &str| {
        let mut labels = labels.cloned().unwrap_or_default();
        labels.entry(NAME_LABEL).or_insert_with(|| name.into());
        labels
    };
    if subject.is_namespace() {
        let mut objects = subject.objects.iter().flatten().filter(|object| object.is_object());
        return yes(
            objects.any(|object| selects(selector, Some(&with_name(labels_of(object), subject.name))))
        );
    }
    if subject.namespace.is_empty() {
        return Matching::Yes;
    }
    let labels = known.labels(subject.namespace);
    if labels.is_none() && !only_by_name(selector) {
        return Matching::Unknown(format!(
            "the policy selects namespaces by labels, and those of {} are not known here",
            subject.namespace
        ));
    }
    yes(selects(selector, Some(&with_name(labels, subject.namespace))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use serde_json::{Map, Value, json};

    use super::{Constraints, Subject};
    use crate::matching::{Matching, Namespaces};
    use crate::review::Review;
    use crate::set::PolicyObject;

    struct Known(Map<String, Value>);

    impl Namespaces for Known {
        fn labels(&self, namespace: &str) -> Option<&Map<String, Value>> {
            self.0.get(namespace)?.as_object()
        }
    }

    fn outcome(constraints: &Value, object: Value) -> Matching {
        let known = Known(json!({"shop": {"team": "a"}}).as_object().unwrap().clone());
        let object = PolicyObject { value: object, file: None, environment: None };
        let review = Review::new(&object);
        Constraints::read(Some(constraints)).matches(&Subject::of(&review), &known, false)
    }

    fn pod() -> Value {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "x"}}})
    }

    fn rule(resources: &[&str]) -> Value {
        json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": resources})
    }

    #[test]
    fn each_field() {
        let with = |mut rule: Value, key: &str, value: Value| {
            rule[key] = value;
            rule
        };
        let pods = || rule(&["pods"]);
        for (constraints, expected) in [
            (json!({}), false),
            (json!({"resourceRules": [pods()]}), true),
            (json!({"resourceRules": [rule(&["*"])]}), true),
            (json!({"resourceRules": [rule(&["*/*"])]}), true),
            (json!({"resourceRules": [rule(&["pods/*"])]}), true),
            (json!({"resourceRules": [rule(&["pods/status"])]}), false),
            (json!({"resourceRules": [rule(&["services"]), pods()]}), true),
            (json!({"resourceRules": [with(pods(), "apiGroups", json!(["apps"]))]}), false),
            (json!({"resourceRules": [with(pods(), "apiVersions", json!(["v2"]))]}), false),
            (json!({"resourceRules": [with(pods(), "operations", json!(["UPDATE"]))]}), false),
            (json!({"resourceRules": [with(pods(), "operations", json!(["*"]))]}), true),
            (json!({"resourceRules": [with(pods(), "resourceNames", json!(["db"]))]}), false),
            (json!({"resourceRules": [with(pods(), "scope", json!("Cluster"))]}), false),
            (json!({"resourceRules": [with(pods(), "scope", json!("Namespaced"))]}), true),
            (json!({"resourceRules": [pods()], "excludeResourceRules": [pods()]}), false),
            (json!({"resourceRules": [pods()], "objectSelector": {"matchLabels": {"app": "y"}}}), false),
            (json!({"resourceRules": [pods()], "objectSelector": {}}), true),
            (json!({"resourceRules": [pods()], "namespaceSelector": {"matchLabels": {"team": "a"}}}), true),
            (json!({"resourceRules": [pods()], "namespaceSelector": {"matchLabels": {"team": "b"}}}), false),
        ] {
            let expected = if expected { Matching::Yes } else { Matching::No };
            assert_eq!(outcome(&constraints, pod()), expected, "{constraints}");
        }
    }

    #[test]
    fn subresources_and_namespaces() {
        let review = json!({"kind": "AdmissionReview", "request": {
            "operation": "UPDATE", "subResource": "status", "object": pod(),
            "resource": {"group": "", "version": "v1", "resource": "pods"},
        }});
        let mut about = rule(&["pods/status"]);
        about["operations"] = json!(["UPDATE"]);
        assert_eq!(outcome(&json!({"resourceRules": [about]}), review.clone()), Matching::Yes);
        let mut about = rule(&["pods"]);
        about["operations"] = json!(["UPDATE"]);
        assert_eq!(outcome(&json!({"resourceRules": [about]}), review), Matching::No);

        let selector = json!({"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["kube-system"]}]});
        let constraints = json!({"resourceRules": [rule(&["*"])], "namespaceSelector": selector});
        let mut elsewhere = pod();
        elsewhere["metadata"]["namespace"] = json!("other");
        assert_eq!(outcome(&constraints, elsewhere.clone()), Matching::Yes);
        elsewhere["metadata"]["namespace"] = json!("kube-system");
        assert_eq!(outcome(&constraints, elsewhere.clone()), Matching::No);
        let by_label =
            json!({"resourceRules": [rule(&["*"])], "namespaceSelector": {"matchLabels": {"a": "b"}}});
        assert!(matches!(outcome(&by_label, elsewhere), Matching::Unknown(_)));
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": {"a": "b"}}});
        assert_eq!(outcome(&by_label, namespace), Matching::Yes);
    }
}
