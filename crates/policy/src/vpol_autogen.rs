//! A policy about pods is one about what makes pods, too.

use serde_json::Value;

use crate::cel::{Token, tokens};

/// What makes pods, with its group and where the pod stands in it.
pub(crate) struct Controllers {
    pub(crate) group: &'static str,
    pub(crate) resources: &'static [&'static str],
    /// The path of the pod's template.
    pub(crate) template: &'static [&'static str],
}

/// Everything that makes pods.
pub(crate) const CONTROLLERS: [Controllers; 3] = [
    Controllers {
        group: "apps",
        resources: &["daemonsets", "deployments", "replicasets", "statefulsets"],
        template: &["spec", "template"],
    },
    Controllers { group: "batch", resources: &["jobs"], template: &["spec", "template"] },
    Controllers {
        group: "batch",
        resources: &["cronjobs"],
        template: &["spec", "jobTemplate", "spec", "template"],
    },
];

/// The controllers that a policy asks for; all where it says nothing.
pub(crate) fn wanted(spec: &Value, controllers: &Controllers) -> Vec<String> {
    let named = spec.pointer("/autogen/podControllers/controllers").and_then(Value::as_array);
    controllers
        .resources
        .iter()
        .filter(|resource| {
            named.is_none_or(|named| named.iter().any(|name| name.as_str() == Some(**resource)))
        })
        .map(|resource| (*resource).to_owned())
        .collect()
}

/// Whether the policy is about pods alone, so that it speaks for their controllers.
pub(crate) fn is_about_pods(spec: &Value) -> bool {
    let Some(constraints) = spec.get("matchConstraints") else { return false };
    let empty =
        |key: &str| constraints.get(key).and_then(Value::as_object).is_none_or(serde_json::Map::is_empty);
    let rules = constraints.get("resourceRules").and_then(Value::as_array);
    let only_pods = rules.is_some_and(|rules| {
        !rules.is_empty()
            && rules.iter().all(|rule| {
                let resources = rule.get("resources").and_then(Value::as_array);
                resources
                    .is_some_and(|list| matches!(list.as_slice(), [Value::String(only)] if only == "pods"))
                    && rule.get("resourceNames").and_then(Value::as_array).is_none_or(Vec::is_empty)
            })
    });
    only_pods && empty("namespaceSelector") && empty("objectSelector")
}

/// The same expressions about the template of a controller: every `expression`, `messageExpression` and
/// `valueExpression` below a value is rewritten.
pub(crate) fn rewritten(value: &Value, template: &[&str]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| rewritten(item, template)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, member)| match member {
                Value::String(text)
                    if matches!(key.as_str(), "expression" | "messageExpression" | "valueExpression") =>
                {
                    (key.clone(), expression(text, template).into())
                }
                other => (key.clone(), rewritten(other, template)),
            })
            .collect(),
        other => other.clone(),
    }
}

/// An expression in which `object.spec` and `object.metadata` are those of the template. The namespace stays that
/// of the object, since its pods are in the same.
fn expression(source: &str, template: &[&str]) -> String {
    let Ok(tokens) = tokens(source) else { return source.to_owned() };
    let mut out = String::with_capacity(source.len() + 64);
    let mut copied = 0;
    for (index, (token, _)) in tokens.iter().enumerate() {
        let is_object = matches!(token, Token::Name(name) if name == "object" || name == "oldObject");
        let ahead = |distance: usize| tokens.get(index + distance).map(|(token, _)| token);
        let sign = |distance: usize, wanted: &str| matches!(ahead(distance), Some(Token::Sign(sign)) if *sign == wanted);
        if !is_object || !sign(1, ".") {
            continue;
        }
        let optional = sign(2, "?");
        let field = 2 + usize::from(optional);
        let names = |distance: usize, wanted: &str| matches!(ahead(distance), Some(Token::Name(name)) if name == wanted);
        let is_namespace = names(field, "metadata") && sign(field + 1, ".") && names(field + 2, "namespace");
        if !(names(field, "spec") || names(field, "metadata")) || is_namespace {
            continue;
        }
        let Some((_, place)) = tokens.get(index + field) else { continue };
        out.push_str(source.get(copied..*place).unwrap_or_default());
        for part in template {
            out.push_str(part);
            out.push_str(if optional { ".?" } else { "." });
        }
        copied = *place;
    }
    out.push_str(source.get(copied..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{expression, is_about_pods};

    #[test]
    fn expressions_move_into_the_template() {
        let moved = |source: &str| expression(source, &["spec", "template"]);
        for (source, expected) in [
            ("object.spec.a == 'object.spec.a'", "object.spec.template.spec.a == 'object.spec.a'"),
            ("has(object.metadata.labels)", "has(object.spec.template.metadata.labels)"),
            ("object.?spec.?x", "object.?spec.?template.?spec.?x"),
            ("object.metadata.namespace + object.kind", "object.metadata.namespace + object.kind"),
            ("oldObject.spec", "oldObject.spec.template.spec"),
            (
                "variables.object + namespaceObject.metadata.name",
                "variables.object + namespaceObject.metadata.name",
            ),
        ] {
            assert_eq!(moved(source), expected);
        }
    }

    #[test]
    fn only_policies_about_nothing_but_pods_speak_for_controllers() {
        let about =
            |resources: &[&str]| json!({"matchConstraints": {"resourceRules": [{"resources": resources}]}});
        assert!(is_about_pods(&about(&["pods"])));
        assert!(!is_about_pods(&about(&["pods", "services"])));
        assert!(!is_about_pods(&json!({})));
    }
}
