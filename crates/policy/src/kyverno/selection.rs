//! Which objects a rule is about: `match` and `exclude`.

use serde_json::{Map, Value};

use super::request::{Kind, Request, User};
use super::wildcard;

/// Whether something is selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selected {
    Yes,
    No,
    /// It cannot be told.
    Unknown(String),
}

impl Selected {
    fn when(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

/// `match` or `exclude`.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    all: bool,
    filters: Vec<Filter>,
}

#[derive(Clone, Debug, Default)]
struct Filter {
    kinds: Vec<KindPattern>,
    names: Vec<String>,
    namespaces: Vec<String>,
    annotations: Vec<(String, String)>,
    selector: Option<Value>,
    namespace_selector: Option<Value>,
    operations: Vec<String>,
    roles: Vec<String>,
    cluster_roles: Vec<String>,
    subjects: Vec<Value>,
}

/// `group/version/Kind/subresource`, of which only the kind is needed; each part may have wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KindPattern {
    group: String,
    version: String,
    kind: String,
    subresource: String,
}

fn is_version(text: &str) -> bool {
    text == "*"
        || text.strip_prefix('v').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_alphanumeric())
        })
}

impl KindPattern {
    pub(crate) fn read(text: &str) -> Self {
        let mut parts: Vec<&str> = text.split('/').collect();
        if let Some((kind, subresource)) = parts.pop().map(|last| last.split_once('.').unwrap_or((last, "")))
        {
            parts.push(kind);
            if !subresource.is_empty() {
                parts.push(subresource);
            }
        }
        let (group, version, kind, subresource) = match parts.as_slice() {
            ["*", "*"] => ("*", "*", "*", "*"),
            [kind] => ("*", "*", *kind, ""),
            [version, kind] if is_version(version) => ("*", *version, *kind, ""),
            [kind, subresource] => ("*", "*", *kind, *subresource),
            [version, kind, subresource] if is_version(version) && *version != "*" => {
                ("*", *version, *kind, *subresource)
            }
            [group, version, kind] => (*group, *version, *kind, ""),
            [group, version, kind, subresource] => (*group, *version, *kind, *subresource),
            _ => ("", "", "", ""),
        };
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
            subresource: subresource.to_owned(),
        }
    }

    fn fits(&self, kind: &Kind<'_>) -> bool {
        wildcard::fits(&self.kind, kind.name)
            && wildcard::fits(&self.group, kind.group)
            && wildcard::fits(&self.version, kind.version)
            && (wildcard::fits(&self.subresource, kind.subresource)
                // Ephemeral containers are matched with their pods.
                || (self.subresource.is_empty() && kind.subresource == "ephemeralcontainers"))
    }

    /// The kind alone.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// The name that a namespace always carries as a label.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Whether a selector looks at a namespace's name alone.
fn only_by_name(selector: &Value) -> bool {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    labels.into_iter().flat_map(Map::keys).all(|key| key == NAME_LABEL)
        && expressions
            .into_iter()
            .flatten()
            .all(|it| it.get("key").and_then(Value::as_str) == Some(NAME_LABEL))
}

impl Filter {
    fn read(value: &Value) -> Self {
        let resources = value.get("resources").unwrap_or(&Value::Null);
        let selector = |key: &str| resources.get(key).filter(|value| value.is_object()).cloned();
        let mut names = texts(resources.get("names"));
        names.extend(resources.get("name").and_then(Value::as_str).map(str::to_owned));
        Self {
            kinds: texts(resources.get("kinds")).iter().map(|kind| KindPattern::read(kind)).collect(),
            names,
            namespaces: texts(resources.get("namespaces")),
            annotations: resources
                .get("annotations")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
                .collect(),
            selector: selector("selector"),
            namespace_selector: selector("namespaceSelector"),
            operations: texts(resources.get("operations")),
            roles: texts(value.get("roles")),
            cluster_roles: texts(value.get("clusterRoles")),
            subjects: value.get("subjects").and_then(Value::as_array).cloned().unwrap_or_default(),
        }
    }

    fn is_about_users(&self) -> bool {
        !(self.roles.is_empty() && self.cluster_roles.is_empty() && self.subjects.is_empty())
    }

    fn is_about_objects(&self) -> bool {
        !(self.kinds.is_empty()
            && self.names.is_empty()
            && self.namespaces.is_empty()
            && self.annotations.is_empty()
            && self.operations.is_empty()
            && self.selector.is_none()
            && self.namespace_selector.is_none())
    }

    fn selects(&self, request: &Request<'_>, ignores_users: bool) -> Selected {
        let object = request.subject();
        let any = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| wildcard::fits(pattern, text))
        };
        let kind = &request.kind;
        let is_namespace = kind.name == "Namespace";
        let namespace = if is_namespace { request.name } else { request.namespace };
        let certain = (self.kinds.is_empty() || self.kinds.iter().any(|pattern| pattern.fits(kind)))
            && any(&self.names, request.name)
            && any(&self.namespaces, namespace)
            && self.annotations.iter().all(|(key, value)| has(member(object, "annotations"), key, value))
            && (self.operations.is_empty()
                || self.operations.iter().any(|operation| operation == request.operation.as_str()))
            && self.selector.as_ref().is_none_or(|selector| labels_fit(selector, member(object, "labels")));
        let certain = match self.selects_user(request.user, ignores_users || !certain) {
            Selected::Unknown(reason) => return Selected::Unknown(reason),
            selected => certain && selected == Selected::Yes,
        };
        let Some(selector) = self.namespace_selector.as_ref().filter(|_| certain && !is_namespace) else {
            return Selected::when(certain);
        };
        if namespace.is_empty() {
            return Selected::when(labels_fit(selector, None));
        }
        match request.namespace_labels {
            Some(labels) if labels.contains_key(NAME_LABEL) => {
                Selected::when(labels_fit(selector, Some(labels)))
            }
            // A namespace carries its name as a label, whether that is written or not.
            known if known.is_some() || only_by_name(selector) => {
                let mut labels = known.cloned().unwrap_or_default();
                labels.insert(NAME_LABEL.to_owned(), namespace.into());
                Selected::when(labels_fit(selector, Some(&labels)))
            }
            _ => Selected::Unknown(format!(
                "the policy selects namespaces by labels, and those of {namespace} are not known here"
            )),
        }
    }

    /// Whether the one who asks is meant. Roles are bound in the cluster: where they are not known, it cannot be told.
    fn selects_user(&self, user: &User, is_settled: bool) -> Selected {
        if is_settled {
            return Selected::Yes;
        }
        if !self.subjects.is_empty() && !self.subjects.iter().any(|subject| is_subject(subject, user)) {
            return Selected::No;
        }
        let held = |wanted: &[String], own: &[String]| {
            wanted.is_empty() || wanted.iter().any(|role| own.iter().any(|own| wildcard::fits(role, own)))
        };
        match held(&self.roles, &user.roles) && held(&self.cluster_roles, &user.cluster_roles) {
            true => Selected::Yes,
            false if user.roles_are_known || user.is_unknown() => Selected::No,
            false => Selected::Unknown(format!("the roles of {} are known to the cluster only", user.name)),
        }
    }
}

fn is_subject(subject: &Value, user: &User) -> bool {
    let text = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default();
    match text("kind") {
        "ServiceAccount" => {
            let (namespace, name) = user.service_account();
            !name.is_empty()
                && wildcard::fits(text("namespace"), namespace)
                && wildcard::fits(text("name"), name)
        }
        "User" => wildcard::fits(text("name"), &user.name),
        "Group" => user.groups.iter().any(|group| wildcard::fits(text("name"), group)),
        _ => false,
    }
}

fn member<'v>(object: &'v Value, key: &str) -> Option<&'v Map<String, Value>> {
    object.get("metadata")?.get(key)?.as_object()
}

/// Whether some key and its value fit.
fn has(map: Option<&Map<String, Value>>, key: &str, value: &str) -> bool {
    map.into_iter().flatten().any(|(own, found)| {
        wildcard::fits(key, own) && found.as_str().is_some_and(|found| wildcard::fits(value, found))
    })
}

/// A label selector, in whose keys and values wildcards are allowed.
fn labels_fit(selector: &Value, labels: Option<&Map<String, Value>>) -> bool {
    let exact = selector.get("matchLabels").and_then(Value::as_object);
    let exact =
        exact.into_iter().flatten().all(|(key, value)| has(labels, key, value.as_str().unwrap_or_default()));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    exact
        && expressions.into_iter().flatten().all(|expression| {
            let key = expression.get("key").and_then(Value::as_str).unwrap_or_default();
            let value = labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
            let values = texts(expression.get("values"));
            let listed = |value: &str| values.iter().any(|it| it == value);
            match expression.get("operator").and_then(Value::as_str).unwrap_or_default() {
                "In" => value.is_some_and(listed),
                "NotIn" => !value.is_some_and(listed),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

impl Selection {
    pub(crate) fn read(value: &Value) -> Self {
        let filters = |key: &str| {
            value
                .get(key)
                .and_then(Value::as_array)
                .filter(|filters| !filters.is_empty())
                .map(|filters| filters.iter().map(Filter::read).collect())
        };
        match (filters("any"), filters("all")) {
            (Some(filters), _) => Self { all: false, filters },
            (None, Some(filters)) => Self { all: true, filters },
            (None, None) => Self { all: false, filters: vec![Filter::read(value)] },
        }
    }

    fn combine(&self, each: impl Fn(&Filter) -> Selected) -> Selected {
        let mut unknown = None;
        for filter in &self.filters {
            match (each(filter), self.all) {
                (Selected::Yes, false) => return Selected::Yes,
                (Selected::No, true) => return Selected::No,
                (Selected::Unknown(reason), _) => unknown = Some(reason),
                _ => {}
            }
        }
        match unknown {
            Some(reason) => Selected::Unknown(reason),
            None => Selected::when(self.all),
        }
    }

    /// As `match`: where nobody is known who asks, users do not count.
    pub(crate) fn matches(&self, request: &Request<'_>) -> Selected {
        let ignores_users = request.user.is_unknown();
        self.combine(|filter| {
            if filter.is_about_objects() || (filter.is_about_users() && !ignores_users) {
                filter.selects(request, ignores_users)
            } else {
                Selected::No
            }
        })
    }

    /// As `exclude`: nothing is excluded by what is empty.
    pub(crate) fn excludes(&self, request: &Request<'_>) -> Selected {
        self.combine(|filter| {
            if filter.is_about_objects() || filter.is_about_users() {
                filter.selects(request, false)
            } else {
                Selected::No
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::KindPattern;

    #[test]
    fn kinds_are_read_in_all_their_forms() {
        for (text, expected) in [
            ("Pod", ["*", "*", "Pod", ""]),
            ("v1/Pod", ["*", "v1", "Pod", ""]),
            ("apps/v1/Deployment", ["apps", "v1", "Deployment", ""]),
            ("Pod/exec", ["*", "*", "Pod", "exec"]),
            ("Pod.status", ["*", "*", "Pod", "status"]),
            ("apps/*/Deployment/scale", ["apps", "*", "Deployment", "scale"]),
            ("*/*", ["*", "*", "*", "*"]),
            ("*", ["*", "*", "*", ""]),
            ("v1/Pod/exec", ["*", "v1", "Pod", "exec"]),
            ("*/v1/Pod", ["*", "v1", "Pod", ""]),
        ] {
            let found = KindPattern::read(text);
            let parts = [found.group, found.version, found.kind, found.subresource];
            assert_eq!(parts.each_ref().map(String::as_str), expected, "{text}");
        }
    }
}
