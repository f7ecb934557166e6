//! Which kinds of entities may come from where: Backstage's `catalog.rules`.

use fairway_domain::{Diagnostic, Entity};
use fairway_yaml::Document;
use serde_json::{Map, Value};

use crate::address::{plain, typed};

/// Which kinds of entities may come from where. Without rules every kind may come from everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    allow: Vec<Allowed>,
    /// Empty for everywhere.
    locations: Vec<Place>,
}

/// A kind, and its type where only that is meant; in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Allowed {
    kind: String,
    spec_type: Option<String>,
}

/// A registered location, or those that match; in lower case where it is a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    location_type: Option<String>,
    exact: Option<String>,
    pattern: Option<String>,
}

impl Rules {
    /// Reads the `catalog` section of Backstage's configuration, as a whole file (`catalog:` at its top) or by
    /// itself: `rules`, and the rules of its `locations`. When there are locations or rules without the other,
    /// what Backstage allows by default holds: Component, API and Location.
    pub fn parse(document: &Document) -> Result<Self, Vec<Diagnostic>> {
        let (section, at) = match document.value.get("catalog") {
            Some(section) => (section, "/catalog"),
            None => (&document.value, ""),
        };
        let mut reader = Reader { document, diagnostics: Vec::new() };
        let mut rules = Vec::new();
        match section.get("rules") {
            Some(list) => reader.rules(list, &format!("{at}/rules"), &mut rules),
            None => rules.push(Rule {
                allow: ["component", "api", "location"]
                    .map(|kind| Allowed { kind: kind.to_owned(), spec_type: None })
                    .into(),
                locations: Vec::new(),
            }),
        }
        for (index, location) in
            section.get("locations").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let Some(list) = location.get("rules") else { continue };
            let text = |name: &str| location.get(name).and_then(Value::as_str).map(str::to_owned);
            let mut own = Vec::new();
            reader.rules(list, &format!("{at}/locations/{index}/rules"), &mut own);
            let place = Place { location_type: text("type"), exact: text("target"), pattern: None };
            rules.extend(own.into_iter().map(|rule| Rule { locations: vec![place.clone()], ..rule }));
        }
        if reader.diagnostics.is_empty() { Ok(Self { rules }) } else { Err(reader.diagnostics) }
    }

    /// Whether an entity may come from a registered location (Backstage's `type:target`).
    pub fn allow(&self, entity: &Entity, origin: &str) -> bool {
        self.rules.is_empty() || self.rules.iter().any(|rule| rule.allows(entity, origin))
    }
}

impl Rule {
    fn allows(&self, entity: &Entity, origin: &str) -> bool {
        let spec_type = entity.spec_text("type").map(str::to_lowercase);
        (self.locations.is_empty() || self.locations.iter().any(|place| place.is(origin)))
            && self.allow.iter().any(|allowed| {
                allowed.kind == entity.kind.to_lowercase()
                    && (allowed.spec_type.is_none() || allowed.spec_type == spec_type)
            })
    }
}

impl Place {
    fn is(&self, origin: &str) -> bool {
        let (kind, target) = (typed(origin), plain(origin));
        self.location_type.as_ref().is_none_or(|wanted| kind.starts_with(&format!("{wanted}:")))
            && self.exact.as_ref().is_none_or(|exact| exact == target)
            && self
                .pattern
                .as_ref()
                .is_none_or(|pattern| glob_match::glob_match(pattern, &target.to_lowercase()))
    }
}

struct Reader<'a> {
    document: &'a Document,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn complain(&mut self, pointer: &str, message: &str) {
        self.diagnostics.push(self.document.diagnostic(pointer, "catalog-rules", message));
    }

    fn rules(&mut self, list: &Value, at: &str, out: &mut Vec<Rule>) {
        let Some(items) = list.as_array() else { return self.complain(at, "rules are a list") };
        for (index, item) in items.iter().enumerate() {
            let at = format!("{at}/{index}");
            let Some(allow) = item.get("allow").and_then(Value::as_array) else {
                self.complain(&at, "a rule has a list \"allow\" of kinds");
                continue;
            };
            let mut rule = Rule { allow: Vec::new(), locations: Vec::new() };
            for (position, allowed) in allow.iter().enumerate() {
                match read_allowed(allowed) {
                    Some(allowed) => rule.allow.push(allowed),
                    None => self.complain(
                        &format!("{at}/allow/{position}"),
                        "a kind is a text, or a mapping with kind and spec.type",
                    ),
                }
            }
            for (position, place) in
                item.get("locations").and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                let at = format!("{at}/locations/{position}");
                let text = |name: &str| place.get(name).and_then(Value::as_str).map(str::to_owned);
                let (exact, pattern) = (text("exact"), text("pattern"));
                if exact.is_some() && pattern.is_some() {
                    self.complain(&at, "a location of a rule has \"exact\" or \"pattern\", not both");
                } else if !place.is_object() {
                    self.complain(&at, "a location of a rule is a mapping with type, and exact or pattern");
                }
                let pattern = pattern.map(|pattern| pattern.to_lowercase());
                rule.locations.push(Place { location_type: text("type"), exact, pattern });
            }
            out.push(rule);
        }
    }
}

fn read_allowed(value: &Value) -> Option<Allowed> {
    match value {
        Value::String(kind) => Some(Allowed { kind: kind.to_lowercase(), spec_type: None }),
        Value::Object(map) => Some(Allowed {
            kind: map.get("kind")?.as_str()?.to_lowercase(),
            spec_type: spec_type(map).map(str::to_lowercase),
        }),
        _ => None,
    }
}

/// Backstage writes `spec.type` as one key; nested it means the same.
fn spec_type(map: &Map<String, Value>) -> Option<&str> {
    map.get("spec.type").or_else(|| map.get("spec")?.get("type"))?.as_str()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use fairway_domain::Entity;
    use fairway_yaml::{Limits, read};
    use serde_json::json;

    use super::Rules;

    fn parse(text: &str) -> Result<Rules, Vec<String>> {
        let reading = read("app-config.yaml", text, &Limits::default());
        let document = reading.documents.first().unwrap();
        Rules::parse(document).map_err(|found| found.iter().map(ToString::to_string).collect())
    }

    fn entity(kind: &str, spec_type: &str) -> Entity {
        serde_json::from_value(json!({
            "apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": {"type": spec_type},
        }))
        .unwrap()
    }

    #[test]
    fn kinds_types_and_places_are_told_apart() {
        let rules = parse(
            "catalog:\n  rules:\n    - allow: [Component, {kind: Resource, spec.type: database}]\n    - allow: [Group]\n      locations: [{type: url, pattern: 'https://git.example/org/**'}]\n  locations:\n    - type: url\n      target: https://git.example/a/users.yaml\n      rules: [{allow: [User]}]\n",
        )
        .unwrap();
        let rows = [
            ("component", "any", "url:https://x", true),
            ("Resource", "Database", "url:https://x", true),
            ("Resource", "queue", "url:https://x", false),
            ("Group", "team", "url:https://git.example/ORG/a/teams.yaml", true),
            ("Group", "team", "file:/srv/teams.yaml", false),
            ("User", "", "url:https://git.example/a/users.yaml", true),
            ("User", "", "url:https://git.example/a/other.yaml", false),
        ];
        for (kind, spec_type, origin, expected) in rows {
            assert_eq!(
                rules.allow(&entity(kind, spec_type), origin),
                expected,
                "{kind} {spec_type} {origin}"
            );
        }
    }

    #[test]
    fn without_rules_there_is_a_default_and_without_a_configuration_there_is_none() {
        let default = parse("catalog:\n  locations: []\n").unwrap();
        assert!(default.allow(&entity("API", "openapi"), "url:https://x"));
        assert!(!default.allow(&entity("System", ""), "url:https://x"));
        assert!(Rules::default().allow(&entity("System", ""), "url:https://x"));
    }

    #[test]
    fn a_mistake_is_shown_with_its_place() {
        let found = parse("catalog:\n  rules:\n    - allow: [1]\n    - locations: []\n").unwrap_err();
        assert!(found.first().unwrap().contains("app-config.yaml:3:15"), "{found:?}");
        assert_eq!(found.len(), 2);
    }
}
